"""A real pseudo-terminal with a terminal emulator behind it: what a person would see. For tests alone."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import struct
import termios
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import pyte
import pytest
from wcwidth import wcwidth

from tests.support.waiting import DEADLINE, join, source


class Emulator(pyte.HistoryScreen):
    """pyte, with what it lacks: a wide character does not fit into one cell, and the cursor's row survives a resize."""

    def draw(self, data: str) -> None:
        for char in data:
            if self.cursor.x == self.columns - 1 and wcwidth(char) == 2:
                self.cursor.x = self.columns
            super().draw(char)

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """As xterm does it: rows below the cursor go first, then those at the top."""
        x, y = self.cursor.x, self.cursor.y
        cut = max(0, self.lines - (lines or self.lines))
        above = max(0, y - (lines or self.lines) + 1)
        self.margins = None
        if cut > above:
            self.cursor.y = 0
            self.insert_lines(cut - above)  # pyte cuts all of them at the top
        super().resize(lines, columns)
        self.cursor.x, self.cursor.y = min(x, self.columns), y - above

    def rows(self) -> list[str]:
        return [self._text(self.buffer[y]) for y in range(self.lines)]

    def scrolled(self) -> list[str]:
        """The scrollback, oldest first."""
        return [self._text(row) for row in self.history.top]

    def _text(self, row: Mapping[int, Any]) -> str:
        return "".join(row[x].data for x in range(self.columns)).rstrip()


class Terminal:
    """`fd` is the program's end. A thread reads the other end into `screen`; look at it under `settle`."""

    def __init__(self, columns: int = 40, rows: int = 10) -> None:
        self._master, self.fd = pty.openpty()
        self.screen = Emulator(columns, rows, history=100_000, ratio=0.5)
        self._stream = pyte.ByteStream(self.screen)
        self._changed = threading.Condition()
        self._syncs = 0
        self.raw = bytearray()
        """Everything that was ever written to the terminal."""
        self._set_size(columns, rows)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        os.close(self.fd)
        join(self._thread)

    def write(self, data: bytes) -> None:
        """As a program would."""
        while data:
            data = data[os.write(self.fd, data) :]

    def type(self, keys: bytes) -> None:
        """As a person would."""
        os.write(self._master, keys)

    @property
    def canonical(self) -> bool:
        """Whether a program gets whole lines, as a shell leaves it."""
        return bool(termios.tcgetattr(self.fd)[3] & termios.ICANON)

    def resize(self, columns: int, rows: int) -> None:
        self.settle()
        with self._changed:
            self.screen.resize(rows, columns)
        self._set_size(columns, rows)

    def settle(self) -> list[str]:
        """The rows, once everything that was written is shown. A title that nobody sees marks the end of it."""
        self._syncs += 1
        mark = f"sync {self._syncs}"
        self.write(f"\x1b]2;{mark}\x07".encode())
        self.until(lambda: self.screen.title == mark)
        with self._changed:
            return self.screen.rows()

    def until(self, seen: Callable[[], bool]) -> None:
        """Wait for the screen to change until `seen` is true of it."""
        with self._changed:
            if not self._changed.wait_for(seen, DEADLINE):
                rows = "\n".join(self.screen.rows())
                pytest.fail(f"waited {DEADLINE:.0f} s for this: {source(seen)}; the screen shows:\n{rows}")

    def until_shown(self, text: str) -> None:
        with self._changed:
            shown = self._changed.wait_for(lambda: any(text in row for row in self.screen.rows()), DEADLINE)
            rows = self.screen.rows()
        assert shown, f"waited {DEADLINE:.0f} s for {text!r}; the screen shows:\n" + "\n".join(rows)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self) -> None:
        """Until nobody has the other end open any more. Whoever reads also closes: the number may be another's then."""
        try:
            while data := os.read(self._master, 65536):
                with self._changed:
                    self.raw += data
                    self._stream.feed(data)
                    self._changed.notify_all()
        except OSError as error:
            if error.errno != errno.EIO:
                raise
        finally:
            os.close(self._master)
