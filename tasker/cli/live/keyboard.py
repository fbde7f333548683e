"""Reads keys without Enter. Ctrl-C and Ctrl-Z stay signals; the terminal's settings are restored afterwards."""

from __future__ import annotations

import contextlib
import os
import select
import termios
import threading
import tty
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

STDIN = 0


def in_foreground() -> bool:
    """Returns whether stdin is a terminal with this process in its foreground."""
    try:
        return os.tcgetpgrp(STDIN) == os.getpgrp()
    except OSError:
        return False


class Keys:
    """In the block, a thread calls `press` with every character. Reads nothing if stdin is not a terminal.

    `fresh`: discard earlier input, because it cannot answer a new question.
    """

    def __init__(self, press: Callable[[str], None], *, fresh: bool = False) -> None:
        self._press = press
        self._when = termios.TCSAFLUSH if fresh else termios.TCSADRAIN
        self._before: list[Any] | None = None
        self._leave: tuple[int, int] | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if os.isatty(STDIN):
            self._leave = os.pipe()
            self.take()
            self._thread = threading.Thread(target=self._read, args=(self._leave[0],), name="keys", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_back()
        if self._leave is not None and self._thread is not None:
            os.write(self._leave[1], b"x")
            self._thread.join()
            for fd in self._leave:
                os.close(fd)

    def take(self) -> None:
        """Switches the terminal to keys without Enter and without echo."""
        if os.isatty(STDIN):
            self._before = termios.tcgetattr(STDIN)
            tty.setcbreak(STDIN, self._when)

    def give_back(self) -> None:
        """Restores the settings of the terminal."""
        before, self._before = self._before, None
        if before is not None:
            with contextlib.suppress(termios.error):  # the terminal was closed
                termios.tcsetattr(STDIN, termios.TCSADRAIN, before)

    def _read(self, leave: int) -> None:
        while True:
            ready = select.select([STDIN, leave], [], [])[0]
            if leave in ready:
                return
            try:
                pressed = os.read(STDIN, 64)
            except OSError:  # the terminal was closed
                return
            if not pressed:
                return
            for key in pressed.decode("ascii", "ignore"):
                self._press(key)
