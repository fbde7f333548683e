"""What is printed for whoever asked: rows for people, JSON for programs. (Notices and errors: stderr.py.)"""

from __future__ import annotations

import sys
from typing import Any

from tasker.cli import document
from tasker.cli.rows import Rows, for_pipe, for_terminal


def print_json(value: dict[str, Any]) -> None:
    print(document.dump(value))


def print_rows(rows: Rows, cut: bool = True) -> None:
    """On a terminal in colours and, with `cut`, to its width; elsewhere plain and whole."""
    if sys.stdout.isatty():
        from rich.console import Console

        console = Console(highlight=False)
        console.print(for_terminal(rows, console.width if cut else None))
    else:
        print("\n".join(for_pipe(rows)))
