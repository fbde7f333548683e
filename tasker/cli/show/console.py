"""Capabilities of the terminal. A terminal without escape sequences gets no colour, no footer and no screen of top.

TERM names the type of the terminal. If it is unset, empty or "unknown", Tasker treats the terminal as "dumb", like git
and less.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the import
if TYPE_CHECKING:
    from rich.console import Console


def knows_sequences() -> bool:
    """Returns whether TERM names a terminal that understands escape sequences."""
    return os.environ.get("TERM", "") not in ("", "dumb", "unknown")


def console(*, stderr: bool = False) -> Console:
    """Returns a rich console on stdout or stderr; it writes no escape sequences if the terminal understands none."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, color_system="auto" if knows_sequences() else None)
