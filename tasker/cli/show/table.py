"""Rows of cells, laid out for a terminal or for a pipe. Pure; knows nothing of what stands in them.

rich, which is slow to import, is imported for a terminal, and for text that is not ASCII.
"""

from __future__ import annotations

from collections.abc import Sequence

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the import
if TYPE_CHECKING:
    from rich.console import Group


class Cell:
    """Text of one style (rich's words: "bold", "green"). `right`: it stands at the right of its column."""

    __slots__ = ("right", "style", "text")

    def __init__(self, text: str, style: str = "", *, right: bool = False) -> None:
        self.text = text
        self.style = style
        self.right = right

    def __bool__(self) -> bool:
        return bool(self.text)

    @property
    def width(self) -> int:
        """In cells of a terminal: a wide character takes two."""
        if self.text.isascii():
            return len(self.text)
        from rich.cells import cell_len

        return cell_len(self.text)


Rows = list[list[Cell]]
"""A table: cells by row and column."""
NARROWEST = 12
"""Cells to which a column is cut at most: an id or a state is never cut."""
LEAST_LAST = 16
"""Cells of the last column for which others go."""
BETWEEN = "  "


def header(*columns: str) -> list[Cell]:
    """The first row."""
    return [Cell(column, "bold") for column in columns]


def by_machine(tables: dict[str, Rows]) -> Rows:
    """The tables of several machines as one, with MACHINE before their own columns."""
    rows: Rows = []
    for name, (first, *rest) in tables.items():
        if not rows:
            rows.append([*header("MACHINE"), *first])
        rows += [[Cell(name), *row] for row in rest]
    return rows


def fitting(rows: Rows, width: int, expendable: Sequence[str]) -> Rows:
    """Without as many of the expendable columns, the first of them first, as it takes to give the others some room."""
    for name in expendable:
        if _least(rows) <= width:
            break
        at = next((at for at, cell in enumerate(rows[0]) if cell.text == name), None)
        rows = rows if at is None else [row[:at] + row[at + 1 :] for row in rows]
    return rows


def for_terminal(rows: Rows, width: int | None = None) -> Group:
    """Aligned. With a `width` rows are cut to it, in "…": the last column first, then whichever is widest."""
    from rich.console import Group
    from rich.text import Text

    widths = _widths(rows) if width is None else _narrowed(_widths(rows), width)
    lines = []
    for row in rows:
        texts = [Text(cell.text, cell.style) for cell in row]
        for cell, text, room in zip(row[:-1], texts, widths, strict=False):
            if cell.right:
                text.pad_left(room - text.cell_len)
            text.truncate(room, overflow="ellipsis", pad=True)
        line = Text(BETWEEN).join(texts)
        line.no_wrap, line.overflow = width is not None, "ellipsis" if width is not None else "fold"
        lines.append(line)
    return Group(*lines)


def for_pipe(rows: Rows) -> list[str]:
    """Aligned, nothing cut, "-" where there is nothing, so that columns can be counted."""
    full = [[Cell(cell.text or "-", right=cell.right) for cell in row] for row in rows]
    widths = _widths(full)
    return [
        BETWEEN.join([*map(_padded, row[:-1], widths), row[-1].text]).rstrip()
        for row in full
    ]


def _padded(cell: Cell, width: int) -> str:
    room = " " * (width - cell.width)
    return room + cell.text if cell.right else cell.text + room


def _widths(rows: Rows) -> list[int]:
    return [max(cell.width for cell in column) for column in zip(*rows, strict=True)]


def _least(rows: Rows) -> int:
    """Cells that a table needs, its texts cut."""
    *first, last = _widths(rows)
    return sum(min(width, NARROWEST) + len(BETWEEN) for width in first) + min(last, LEAST_LAST)


def _narrowed(widths: list[int], room: int) -> list[int]:
    """So that the last column keeps a quarter of the room, if it needs that; no other gets narrower than NARROWEST."""
    *first, last = widths
    room -= len(BETWEEN) * len(first) + min(last, room // 4)
    while sum(first) > room and max(first) > NARROWEST:
        first[first.index(max(first))] -= 1
    return [*first, last]
