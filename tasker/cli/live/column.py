"""What the cursor's row holds after a text: which column it is at, and whether the row is used. Pure arithmetic.

For two questions only: does a notice need a row of its own, and may the cursor hang at the right margin (where saving
and restoring it loses the pending wrap in some terminals, so the footer waits). Nothing is ever placed by this column.
"""

from __future__ import annotations

import re

from rich.cells import cell_len, get_character_cell_size

from tasker.cli.show.clean import SGR

_PIECES = re.compile(r"[\t\b\r]|[^\t\b\r]+")
TAB = 8


class Column:
    """Follows cleaned text: printable characters, SGR, tab, newline, carriage return, backspace."""

    def __init__(self) -> None:
        self.at = 0
        """Cells from the start of the line, wraps not taken off; a wide character's early wrap is counted in."""
        self.used = False
        """Whether anything stands in this line."""

    def feed(self, text: str, width: int) -> None:
        """`width` is the terminal's, in columns."""
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
        """Whether the next character may be one that wraps: at the margin, or a cell before it for a wide one."""
        return self.at > 0 and self.at % width in (0, width - 1)


def _after(text: str, at: int, width: int) -> int:
    cells = cell_len(text)
    if cells == len(text):
        return at + cells
    for char in text:
        size = get_character_cell_size(char)
        if size == 2 and at % width == width - 1:
            at += 1  # it does not fit: it wraps, and leaves its cell empty
        at += size
    return at
