"""A terminal with output above and one footer row at the bottom, which never overwrite each other.

    ┌──────────────────────────┐ 1          The job's rows are a scroll region (DECSTBM). So the terminal itself does
    │ output, scrolls  ▏cursor │            partial lines, carriage returns, wraps and wide characters right: no column
    ├──────────────────────────┤ rows - 1   is computed to place the cursor. The footer is drawn between save (DECSC)
    │ footer                   │ rows       and restore (DECRC) of the cursor, so output is written as it comes.
    └──────────────────────────┘

After a resize, the positions of old rows are unknown, but the footer is always below the cursor: everything there is
erased and the region set again. The size is read before every write, so no output goes to an outdated region.
Why neither rich.live nor curses nor prompt_toolkit: each wants to own every row, and re-wraps or clears the output.

The text is cleaned before (show/clean.py): a job cannot move the cursor or set a region.
"""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Callable

from rich.cells import cell_len, get_character_cell_size

from tasker.cli.show.clean import SGR

SAVE, RESTORE = "\x1b7", "\x1b8"
PLAIN = "\x1b[0m"
WHOLE_SCREEN = "\x1b[r"
EMPTIED = "\r\x1b[K"
"""Moves to the start of the row and erases it."""
ROW_BELOW = "\x1bD\x1b[A"
"""Moves down, scrolling at the bottom, and up again: afterwards there is a row below the cursor."""
ERASE_BELOW = f"{SAVE}{PLAIN}\x1b[B\r\x1b[J{RESTORE}"
BETWEEN_DRAWS = 0.25
"""Minimum seconds between two drawings of the footer, however much the job prints."""
FALLBACK = 80
"""Number of columns to assume without a footer; it has no effect then."""
SMALLEST = os.terminal_size((20, 4))
TAB = 8
_PIECES = re.compile(r"[\t\b\r]|[^\t\b\r]+")


class Screen:
    """Draws on the terminal `fd`. `footer(columns)` returns a row of less than `columns` cells; it may contain SGR."""

    def __init__(self, fd: int, footer: Callable[[int], str] | None, *, sequences: bool = True) -> None:
        """Without a footer, the output gets the whole terminal. `sequences`: the terminal knows escape sequences."""
        self._fd = fd
        self._plain = PLAIN if sequences else ""
        self._emptied = EMPTIED if sequences else "\r"  # the next output overwrites ^C
        self._footer = footer
        self._column = Column()
        self._size: os.terminal_size | None = None
        """The size for which the region is set; None without a region."""
        self._drawn = ""
        self._drawn_at = 0.0

    def write(self, text: str) -> None:
        """Writes the next part of the output."""
        self._follow_size()
        write_all(self._fd, text.encode("utf-8", "replace"))
        self._column.feed(text, self._size.columns if self._size else FALLBACK)
        if time.monotonic() - self._drawn_at >= BETWEEN_DRAWS:
            self.draw()

    def line(self, text: str) -> None:
        """Writes a notice on a separate row among the output."""
        self.write(f"{self._fresh_row()}{text}\n")
        self.draw()

    def clear_typed(self) -> None:
        """Erases an echoed key (^C), unless the row also holds output of the job."""
        if not self._column.used:
            write_all(self._fd, self._emptied.encode())

    def draw(self) -> bool:
        """Draws the footer if the cursor allows it. Returns whether the footer is shown."""
        self._follow_size()
        if self._size is None or self._footer is None:
            return False
        columns, rows = self._size
        if self._column.may_hang(columns):
            return False
        footer = self._footer(columns)
        if footer == self._drawn:
            return True
        write_all(self._fd, f"{SAVE}\x1b[{rows};1H{PLAIN}{footer}{PLAIN}\x1b[K{RESTORE}".encode())
        self._drawn, self._drawn_at = footer, time.monotonic()
        return True

    def close(self) -> None:
        """Restores the whole terminal, with the cursor at the start of a row. A later write sets the region again."""
        if self._size is not None:
            self._size, self._drawn = None, ""
            write_all(self._fd, f"{SAVE}{WHOLE_SCREEN}{RESTORE}{ERASE_BELOW}".encode())
        write_all(self._fd, self._fresh_row().encode())
        self._column = Column()

    def _fresh_row(self) -> str:
        """Returns the sequence to the start of an empty row. A row without output may hold the echo of Ctrl-C."""
        return self._plain + ("\n" if self._column.used else self._emptied)

    def _follow_size(self) -> None:
        """Sets the region for the current size of the terminal."""
        if self._footer is None:
            return
        size = os.get_terminal_size(self._fd)
        if size == self._size:
            return
        if size.columns < SMALLEST.columns or size.lines < SMALLEST.lines:
            if self._size is not None:
                write_all(self._fd, f"{SAVE}{WHOLE_SCREEN}{RESTORE}{ERASE_BELOW}".encode())
                self._size, self._drawn = None, ""
            return
        region = f"{SAVE}\x1b[1;{size.lines - 1}r{RESTORE}"
        write_all(self._fd, f"{SAVE}{WHOLE_SCREEN}{RESTORE}{ROW_BELOW}{ERASE_BELOW}{region}".encode())
        self._size, self._drawn = size, ""
        self.draw()


def write_all(fd: int, data: bytes) -> None:
    """Writes all bytes, even to a non-blocking descriptor. Raises BrokenPipeError as write does."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            select.select([], [fd], [])


class Column:
    """The column of the cursor after cleaned text: printable characters, SGR, tab, newline, carriage return, backspace.

    Pure. It answers only two questions: whether a notice needs a new row, and whether the cursor may hang at the right
    margin. There, saving and restoring the cursor loses the pending wrap in some terminals, so the footer is not drawn.
    The column is never used to position anything.
    """

    def __init__(self) -> None:
        self.at = 0
        """Cells from the start of the line, wrapped rows included, and the cell that a wide character leaves empty."""
        self.used = False
        """Whether the line contains anything."""

    def feed(self, text: str, width: int) -> None:
        """Takes the next text. `width`: columns of the terminal."""
        line_start = text.rfind("\n") + 1
        if line_start:
            self.at, self.used = 0, False
        last = SGR.sub("", text[line_start:])
        if not last:
            return
        self.used = self.used or bool(last.strip("\r\b\t"))
        for piece in _PIECES.findall(last[max(0, last.rfind("\r")) :]):
            match piece:
                case "\r":
                    self.at = 0
                case "\t":
                    self.at = (self.at // TAB + 1) * TAB
                case "\b":
                    self.at = max(0, self.at - 1)
                case _:
                    self.at = _after(piece, self.at, width)

    def may_hang(self, width: int) -> bool:
        """Returns whether the next character may wrap: at the margin, or one cell before it if it is wide."""
        return self.at > 0 and self.at % width in (0, width - 1)


def _after(text: str, at: int, width: int) -> int:
    cells = cell_len(text)
    if cells == len(text):
        return at + cells
    for char in text:
        size = get_character_cell_size(char)
        if size == 2 and at % width == width - 1:
            at += 1  # it wraps and leaves a cell empty
        at += size
    return at
