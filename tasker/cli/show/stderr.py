"""What is said to the person beside the output: notices, errors, progress. Colour only on a terminal."""

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
"""Seconds that something may take before it needs an explanation."""


def on_terminal() -> bool:
    """Whether somebody looks at stderr on a terminal that can do more than print."""
    return sys.stderr.isatty() and knows_sequences()


def coloured() -> bool:
    """Whether they want colours, too (https://no-color.org)."""
    return on_terminal() and not os.environ.get("NO_COLOR")


def say(text: str) -> None:
    """A notice. A closed stderr is nobody's error; safe in signal handlers."""
    _write(f"tasker: {visible(text)}\n")


def complain(text: str) -> None:
    """An error, one line."""
    _write(f"{RED}tasker:{PLAIN} {visible(text)}\n" if coloured() else f"tasker: {visible(text)}\n")


def complain_json(document: str) -> None:
    """An error for programs."""
    _write(f"{document}\n")


def _write(text: str) -> None:
    with suppress(OSError):
        os.write(STDERR, text.encode("utf-8", "backslashreplace"))


@contextmanager
def waiting(text: str) -> Iterator[Callable[[str], None]]:
    """Says what is waited for, on a terminal, once it takes longer than a second; what it gives says something new."""
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
