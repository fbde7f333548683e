"""What the terminal understands. A terminal without escape sequences gets none: no colour, no footer, no screen of top.

TERM names the terminal's kind. Without a kind (unset, empty) nothing is known of it, as with "unknown"; programs such
as git and less take that for "dumb", and so does Tasker.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the import
if TYPE_CHECKING:
    from rich.console import Console


def knows_sequences() -> bool:
    """Whether TERM names a terminal that understands escape sequences."""
    return os.environ.get("TERM", "") not in ("", "dumb", "unknown")


def console(*, stderr: bool = False) -> Console:
    """A rich console on stdout or stderr that writes no sequence where the terminal knows none."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, color_system="auto" if knows_sequences() else None)
