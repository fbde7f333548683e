"""The table of `top`: running jobs and their usage, sorted, with a total, in as many columns as fit. Pure.

title     db1 · 14:23:05 · by CPU                       c m i t e n o: sort by · q: quit
notices   if there are any, at most a third of the lines
header    ID  NAME  …
rows      as many as fit
total     of all jobs; "… and 12 more" if they do not fit
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group
from rich.text import Text

from tasker.cli.show import json
from tasker.cli.show.changes import Board
from tasker.cli.show.hidden import visible
from tasker.cli.show.jobs import STATES, clock, command, fullness, time_of_day
from tasker.cli.show.table import Cell, Rows, fitting, for_terminal
from tasker.cli.show.usage import count, percent, rate, size, waits
from tasker.job import Job
from tasker.usage import Usage


@dataclass(frozen=True)
class Row:
    """A running job and its latest usage."""

    job: Job
    usage: Usage
    machine: str = ""
    """The name of its machine, if there are several."""

    @property
    def io_rate(self) -> float:
        return (self.usage.io_read_rate or 0.0) + (self.usage.io_write_rate or 0.0)


@dataclass(frozen=True)
class Total:
    """Totals of several jobs: cores, bytes, bytes per second, processes and threads."""

    jobs: int
    cpu_rate: float
    memory: int
    io_read_rate: float
    io_write_rate: float
    tasks: int


SORTS: dict[str, Callable[[Row], Any]] = {
    "cpu": lambda row: -(row.usage.cpu_rate or 0.0),
    "memory": lambda row: -(row.usage.memory or 0),
    "io": lambda row: -row.io_rate,
    "tasks": lambda row: -(row.usage.tasks or 0),
    "elapsed": lambda row: row.job.clock.started or math.inf,
    "id": lambda row: row.job.id,
    "name": lambda row: row.job.spec.name,
    "owner": lambda row: row.job.owner,
}
"""Sort keys: highest first, oldest first, or alphabetical."""
KEYS = {name[0]: name for name in ("cpu", "memory", "io", "tasks", "elapsed", "name", "owner")}
"""The keyboard key of each sort key."""
COLUMNS = (
    *("ID", "NAME", "OWNER", "STATE", "ELAPSED", "CPU", "MEMORY", "LIMIT", "READ", "WRITE", "TASKS", "WAITS FOR"),
    "COMMAND",
)
EXPENDABLE = ("LIMIT", "WAITS FOR", "OWNER", "TASKS", "READ", "WRITE", "ELAPSED", "STATE", "COMMAND", "NAME")
"""Columns to omit if there is no room, in this order."""
NUMBERS = ("ELAPSED", "CPU", "MEMORY", "LIMIT", "READ", "WRITE", "TASKS")


def running(boards: Mapping[str, Board]) -> list[Row]:
    """Returns the jobs that have not ended, of one machine ("") or of several machines by name."""
    return [
        Row(job, board.usages.get(job.id) or Usage(time=0.0), machine)
        for machine, board in boards.items()
        for job in board.jobs.values()
        if job.ended is None
    ]


def ordered(rows: Sequence[Row], by: str) -> list[Row]:
    """Sorts by one of SORTS, then by age, so that rows keep their places."""
    return sorted(rows, key=lambda row: (SORTS[by](row), row.job.created, row.job.id))


def total(rows: Sequence[Row]) -> Total:
    used = [row.usage for row in rows]
    return Total(
        jobs=len(rows),
        cpu_rate=sum((usage.cpu_rate or 0.0 for usage in used), 0.0),
        memory=sum(usage.memory or 0 for usage in used),
        io_read_rate=sum((usage.io_read_rate or 0.0 for usage in used), 0.0),
        io_write_rate=sum((usage.io_write_rate or 0.0 for usage in used), 0.0),
        tasks=sum(usage.tasks or 0 for usage in used),
    )


def table(rows: Sequence[Row], now: float, width: int | None = None, most: int | None = None) -> Rows:
    """Returns a header, at most `most` rows, and the total of all; with `width`, only the columns that fit."""
    shown = rows if most is None else rows[: max(0, most)]
    lines = [cells(row, now) for row in shown]
    sum_of_all = total_cells(total(rows), f"… and {len(rows) - len(shown)} more" if len(shown) < len(rows) else "")
    columns = [*(["MACHINE"] if any(row.machine for row in rows) else []), *COLUMNS]
    names = {column: Cell(column, "bold") for column in columns}
    whole = [[_placed(line[column], column) for column in columns] for line in (names, *lines, sum_of_all)]
    return whole if width is None else fitting(whole, width, EXPENDABLE)


def cells(row: Row, now: float) -> dict[str, Cell]:
    """Returns the cell of each column. `now`: CLOCK_MONOTONIC."""
    job, used = row.job, row.usage
    ran = job.elapsed(now)
    limit = job.limits.memory
    return {
        "MACHINE": Cell(visible(row.machine)),
        "ID": Cell(visible(job.id), "bold"),
        "NAME": Cell(visible(job.spec.name)),
        "OWNER": Cell(visible(job.owner)),
        "STATE": Cell(str(job.state), STATES.get(job.state, "")),
        "ELAPSED": Cell("" if ran is None else clock(ran)),
        "CPU": Cell(percent(used.cpu_rate)),
        "MEMORY": Cell(size(used.memory), _fullness(used.memory, limit)),
        "LIMIT": Cell(size(limit)),
        "READ": Cell(rate(used.io_read_rate) if used.io_read_rate else ""),
        "WRITE": Cell(rate(used.io_write_rate) if used.io_write_rate else ""),
        "TASKS": Cell(count(used.tasks)),
        "WAITS FOR": Cell(waits(used), "yellow"),
        "COMMAND": Cell(command(job)),
    }


def total_cells(total: Total, more: str) -> dict[str, Cell]:
    texts = {
        "ID": f"{total.jobs} job{'' if total.jobs == 1 else 's'}",
        "CPU": percent(total.cpu_rate),
        "MEMORY": size(total.memory),
        "READ": rate(total.io_read_rate) if total.io_read_rate else "",
        "WRITE": rate(total.io_write_rate) if total.io_write_rate else "",
        "TASKS": count(total.tasks),
        "COMMAND": more,
    }
    return {column: Cell(texts.get(column, ""), "bold") for column in ("MACHINE", *COLUMNS)}


def screen(
    rows: Sequence[Row],
    by: str,
    machine: str,
    now: tuple[float, float],
    size: tuple[int, int],
    troubles: Mapping[str, str] | None = None,
) -> Group:
    """Returns the screen for a terminal of `size` (columns, lines). `rows` are sorted; `troubles` are by machine;
    `now`: seconds since the epoch, and CLOCK_MONOTONIC."""
    columns, lines = size
    title = _title(by, machine, now[0], columns)
    above = [title, *_notices(troubles or {}, max(1, lines // 3))]
    room = lines - len(above) - 2
    return Group(*above, for_terminal(table(rows, now[1], columns, room), columns))


def as_json(rows: Sequence[Row], machine: str, now: float) -> dict[str, Any]:
    """Returns one sample: every job as in `get`, with its usage."""
    jobs = [
        {
            **({"machine": row.machine} if row.machine else {}),
            **json.job(row.job),
            "usage": json.usage(row.usage) if row.usage.time else None,
        }
        for row in rows
    ]
    return {"time": json.time(now), "machine": machine, "jobs": jobs, "total": asdict(total(rows))}


def _title(by: str, machine: str, now: float, columns: int) -> Text:
    when, sort = time_of_day(now), "CPU" if by == "cpu" else by
    title = Text.assemble((visible(machine), "bold"), f" · {when} · by {sort}")
    hint = f"{' '.join(KEYS)}: sort by · q: quit"
    if (gap := columns - title.cell_len - len(hint)) >= 2:
        title.append(" " * gap + hint, "dim")
    title.no_wrap, title.overflow = True, "ellipsis"
    return title


def _notices(troubles: Mapping[str, str], most: int) -> list[Text]:
    """Returns a line for each trouble; if there are more than `most`, the last line names the other machines."""
    lines = list(troubles.values())
    if len(lines) > most:
        rest = list(troubles)[most - 1 :]
        lines[most - 1 :] = [f"{f'and {len(rest)} more' if most > 1 else 'trouble with'}: {', '.join(rest)}"]
    return [Text(visible(one), "yellow", no_wrap=True, overflow="ellipsis") for one in lines]


def _placed(cell: Cell, column: str) -> Cell:
    return Cell(cell.text, cell.style, right=column in NUMBERS)


def _fullness(memory: int | None, limit: int | None) -> str:
    """Returns the colour of memory near its limit; "" otherwise."""
    style = fullness(memory / limit) if memory is not None and limit else ""
    return style if style != "green" else ""
