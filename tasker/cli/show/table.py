"""The layout of rows of cells for a terminal or a pipe. Pure; independent of the contents.

rich is slow to import, so it is imported only for a terminal and for text that is not ASCII.
"""

from __future__ import annotations

from collections.abc import Sequence

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the import
if TYPE_CHECKING:
    from rich.console import Group


class Cell:
    """Text of one style (a style of rich: "bold", "green"). `right`: aligned at the right of its column."""

    __slots__ = ("right", "style", "text")

    def __init__(self, text: str, style: str = "", *, right: bool = False) -> None:
        self.text = text
        self.style = style
        self.right = right

    def __bool__(self) -> bool:
        return bool(self.text)

    @property
    def width(self) -> int:
        """The width in cells of a terminal; a wide character takes two."""
        if self.text.isascii():
            return len(self.text)
        from rich.cells import cell_len

        return cell_len(self.text)


Rows = list[list[Cell]]
"""A table: rows of cells."""
NARROWEST = 12
"""The minimum width of a column that is cut off; ids and states are never wider."""
LEAST_LAST = 16
"""Other columns are omitted to give the last column this many cells."""
BETWEEN = "  "


def header(*columns: str) -> list[Cell]:
    """Returns the first row of a table."""
    return [Cell(column, "bold") for column in columns]


def by_machine(tables: dict[str, Rows]) -> Rows:
    """Joins the tables of several machines; the first column is MACHINE."""
    rows: Rows = []
    for name, (first, *rest) in tables.items():
        if not rows:
            rows.append([*header("MACHINE"), *first])
        rows += [[Cell(name), *row] for row in rest]
    return rows


def fitting(rows: Rows, width: int, expendable: Sequence[str]) -> Rows:
    """Omits expendable columns, in their order, until the others have enough room."""
    for name in expendable:
        if _least(rows) <= width:
            break
        at = next((at for at, cell in enumerate(rows[0]) if cell.text == name), None)
        rows = rows if at is None else [row[:at] + row[at + 1 :] for row in rows]
    return rows


def for_terminal(rows: Rows, width: int | None = None) -> Group:
    """Aligns columns. With a `width`, cuts rows to it with "…": first the last column, then the widest columns."""
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
    """Aligns columns without cutting; an empty cell becomes "-", so that programs can split the columns."""
    full = [[Cell(cell.text or "-", right=cell.right) for cell in row] for row in rows]
    widths = _widths(full)
    return [BETWEEN.join([*map(_padded, row[:-1], widths), row[-1].text]).rstrip() for row in full]


def _padded(cell: Cell, width: int) -> str:
    room = " " * (width - cell.width)
    return room + cell.text if cell.right else cell.text + room


def _widths(rows: Rows) -> list[int]:
    return [max(cell.width for cell in column) for column in zip(*rows, strict=True)]


def _least(rows: Rows) -> int:
    """Returns the minimum width of a table, in cells."""
    *first, last = _widths(rows)
    return sum(min(width, NARROWEST) + len(BETWEEN) for width in first) + min(last, LEAST_LAST)


def _narrowed(widths: list[int], room: int) -> list[int]:
    """Narrows columns so that the last keeps a quarter of the room, if it needs that; none gets below NARROWEST."""
    *first, last = widths
    room -= len(BETWEEN) * len(first) + min(last, room // 4)
    while sum(first) > room and max(first) > NARROWEST:
        first[first.index(max(first))] -= 1
    return [*first, last]
