"""Results on stdout: rows for people, JSON for programs. Notices and errors: stderr.py."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tasker.cli.show.console import console
from tasker.cli.show.table import Rows, fitting, for_pipe, for_terminal

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the import
if TYPE_CHECKING:
    from typing import Any

    from rich.text import Text


def print_json(value: dict[str, Any]) -> None:
    """Prints one line and flushes it: a program may wait for it."""
    from tasker.cli.show import json

    print(json.dump(value), flush=True)


def print_rows(rows: Rows, cut: bool = True, expendable: Sequence[str] = ()) -> None:
    """Prints rows. On a terminal: in colours and, with `cut`, fitted to its width; expendable columns go first.

    Elsewhere: plain, nothing cut off.
    """
    if sys.stdout.isatty():
        terminal = console()
        if cut:
            terminal.print(for_terminal(fitting(rows, terminal.width, expendable), terminal.width))
        else:
            terminal.print(for_terminal(rows))
    else:
        print("\n".join(for_pipe(rows)))


def print_text(text: Text) -> None:
    """Prints one line and flushes it; never cut off, in colours on a terminal."""
    if sys.stdout.isatty():
        console().print(text, soft_wrap=True)
    else:
        print(text.plain, flush=True)
