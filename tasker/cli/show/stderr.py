"""Messages on stderr: notices, errors, progress. Colour only on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tasker.cli.show.console import console, knows_sequences
from tasker.cli.show.hidden import visible

STDERR = 2
RED, PLAIN = "\x1b[31m", "\x1b[0m"
UNTIL_SHOWN = 1.0
"""Delays of more than this many seconds are explained."""


def on_terminal() -> bool:
    """Returns whether stderr is a terminal that understands escape sequences."""
    return sys.stderr.isatty() and knows_sequences()


def coloured() -> bool:
    """Returns whether to use colours on stderr (https://no-color.org)."""
    return on_terminal() and not os.environ.get("NO_COLOR")


def say(text: str) -> None:
    """Prints a notice. Ignores a closed stderr. Safe in signal handlers."""
    _write(f"tasker: {visible(text)}\n")


def complain(text: str) -> None:
    """Prints an error on one line."""
    _write(f"{RED}tasker:{PLAIN} {visible(text)}\n" if coloured() else f"tasker: {visible(text)}\n")


def complain_json(document: str) -> None:
    """Prints an error as JSON."""
    _write(f"{document}\n")


def _write(text: str) -> None:
    with suppress(OSError):
        os.write(STDERR, text.encode("utf-8", "backslashreplace"))


@contextmanager
def waiting(text: str) -> Iterator[Callable[[str], None]]:
    """On a terminal, shows `text` if the block takes longer than UNTIL_SHOWN. Yields a function to change the text."""
    if not on_terminal():
        yield lambda _text: None
        return
    from threading import Timer

    from rich.text import Text

    status = console(stderr=True).status(Text(visible(text)))
    timer = Timer(UNTIL_SHOWN, status.start)
    timer.start()
    try:
        yield lambda text: status.update(Text(visible(text)))
    finally:
        timer.cancel()
        timer.join()
        status.stop()
