"""Rows of cells, laid out for a terminal or for a pipe. Pure; knows nothing of what stands in them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

Rows = list[list[Text]]
"""A table: cells by row and column. A cell that is justified "right" stands at the right of its column."""
NARROWEST = 12
"""Cells to which a column is cut at most: an id or a state is never cut."""
LEAST_LAST = 16
"""Cells of the last column for which others go."""


def by_machine(tables: dict[str, Rows]) -> Rows:
    """The tables of several machines as one, with MACHINE before their own columns."""
    rows: Rows = []
    for name, (header, *rest) in tables.items():
        if not rows:
            rows.append([Text("MACHINE", "bold"), *header])
        rows += [[Text(name), *row] for row in rest]
    return rows


def fitting(rows: Rows, width: int, expendable: Sequence[str]) -> Rows:
    """Without as many of the expendable columns, the first of them first, as it takes to give the others some room."""
    for name in expendable:
        if _least(rows) <= width:
            break
        at = next((at for at, cell in enumerate(rows[0]) if cell.plain == name), None)
        rows = rows if at is None else [row[:at] + row[at + 1 :] for row in rows]
    return rows


def _least(rows: Rows) -> int:
    """Cells that a table needs, its texts cut."""
    widths: list[int] = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    return sum(min(width, NARROWEST) + len("  ") for width in widths[:-1]) + min(widths[-1], LEAST_LAST)


def for_terminal(rows: Rows, width: int | None = None) -> Group:
    """Aligned. With a `width` rows are cut to it, in "…": the last column first, then whichever is widest."""
    lines = _aligned(rows, "", width)
    for line in lines:
        line.no_wrap, line.overflow = width is not None, "ellipsis" if width is not None else "fold"
    return Group(*lines)


def for_pipe(rows: Rows) -> list[str]:
    """Aligned, nothing cut, "-" where there is nothing, so that columns can be counted."""
    return [line.plain.rstrip() for line in _aligned(rows, "-")]


def _aligned(rows: Rows, nothing: str, room: int | None = None) -> list[Text]:
    full = [[cell if cell else Text(nothing, justify=cell.justify) for cell in row] for row in rows]
    widths = [max(cell.cell_len for cell in column) for column in zip(*full, strict=True)]
    if room is not None:
        widths = _narrowed(widths, room)
    for row in full:
        for cell, width in zip(row[:-1], widths[:-1], strict=True):
            if cell.justify == "right":
                cell.pad_left(width - cell.cell_len)
            cell.truncate(width, overflow="ellipsis", pad=True)
    return [Text("  ").join(row) for row in full]


def _narrowed(widths: list[int], room: int) -> list[int]:
    """So that the last column keeps a quarter of the room, if it needs that; no other gets narrower than NARROWEST."""
    *first, last = widths
    room -= len("  ") * len(first) + min(last, room // 4)
    while sum(first) > room and max(first) > NARROWEST:
        first[first.index(max(first))] -= 1
    return [*first, last]
