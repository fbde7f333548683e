"""Jobs as people see them. Pure: jobs and the time in, rich renderables or lines out; no terminal, no client.

Whatever came from a user (names, commands, owners) goes through `visible`, so no table ever holds a control character.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from datetime import datetime

from rich.console import Group
from rich.text import Text

from tasker.cli.clean import visible
from tasker.job import Job, Kind, Outcome
from tasker.lifecycle import State
from tasker.limits import IoLimit, Limits
from tasker.quantity import format_duration, format_size

STATES = {
    State.STARTING: "cyan",
    State.RUNNING: "green",
    State.STOPPING: "yellow",
    State.ENDING: "yellow",
    State.ENDED: "dim",
}
COLUMNS = ("ID", "NAME", "OWNER", "STATE", "ELAPSED", "HOW IT ENDED", "COMMAND")
WIDE_COLUMNS = ("ID", "NAME", "OWNER", "RUNS AS", "STATE", "STARTED", "ELAPSED", "HOW IT ENDED", "UNIT", "COMMAND")

Rows = list[list[Text]]
"""A table: cells by row and column."""
NARROWEST = 12
"""Cells to which a column is cut at most: an id or a state is never cut."""
LABEL = 32
"""Cells of a name or command in the footer."""


def command(job: Job) -> str:
    """The command as a shell would want it, printable."""
    return visible(shlex.join(job.spec.argv))


def elapsed(job: Job, now: float) -> float | None:
    """Seconds that it has run, or ran; None where it has not begun. Never negative, whatever the clocks say."""
    return None if job.started is None else max(0.0, (job.ended or now) - job.started)


def cells(job: Job, now: float) -> dict[str, str]:
    """What every column says about a job."""
    ran = elapsed(job, now)
    return {
        "ID": visible(job.id),
        "NAME": visible(job.spec.name),
        "OWNER": visible(job.owner),
        "RUNS AS": account(job),
        "STATE": str(job.state),
        "STARTED": _time(job.started),
        "ELAPSED": "" if ran is None else format_duration(ran),
        "HOW IT ENDED": visible(job.outcome.summary) if job.outcome else "",
        "UNIT": visible(job.unit),
        "COMMAND": command(job),
    }


def account(job: Job) -> str:
    """Whom it runs as: the account's name, its uid where there is none."""
    return visible(job.user) or str(job.uid)


def table(jobs: Iterable[Job], now: float, wide: bool) -> Rows:
    """The list, a header first."""
    columns = WIDE_COLUMNS if wide else COLUMNS
    rows: Rows = [[Text(column, "bold") for column in columns]]
    for job in jobs:
        row = cells(job, now)
        styles = {"ID": "bold", "STATE": STATES.get(job.state, ""), "HOW IT ENDED": outcome_style(job.outcome)}
        rows.append([Text(row[column], styles.get(column, "")) for column in columns])
    return rows


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
    full = [[cell if cell else Text(nothing) for cell in row] for row in rows]
    widths = [max(cell.cell_len for cell in column) for column in zip(*full, strict=True)]
    if room is not None:
        widths = _narrowed(widths, room)
    for row in full:
        for cell, width in zip(row[:-1], widths[:-1], strict=True):
            cell.truncate(width, overflow="ellipsis", pad=True)
    return [Text("  ").join(row) for row in full]


def _narrowed(widths: list[int], room: int) -> list[int]:
    """So that the last column keeps a quarter of the room, if it needs that; no other gets narrower than NARROWEST."""
    *first, last = widths
    room -= len("  ") * len(first) + min(last, room // 4)
    while sum(first) > room and max(first) > NARROWEST:
        first[first.index(max(first))] -= 1
    return [*first, last]


def outcome_style(outcome: Outcome | None) -> str:
    """Green only for what a shell would call success."""
    match outcome:
        case None:
            return ""
        case Outcome(kind=Kind.EXITED, exit_code=0):
            return "green"
        case Outcome(kind=Kind.STOPPED | Kind.RUN_ENDED):
            return "yellow"
        case _:
            return "red"


def facts(job: Job, now: float) -> Rows:
    """Everything about one job, a label and a value in each row; what is not there is left out."""
    row, ran = cells(job, now), elapsed(job, now)
    known: list[tuple[str, str | Text]] = [
        ("job", Text(row["ID"], "bold")),
        ("name", row["NAME"]),
        ("state", Text(row["STATE"], STATES.get(job.state, ""))),
        ("how it ended", Text(row["HOW IT ENDED"], outcome_style(job.outcome))),
        ("command", row["COMMAND"]),
        ("directory", visible(job.spec.working_directory)),
        *(("environment", f"{visible(name)}={visible(value)}") for name, value in job.spec.environment.items()),
        ("owner", row["OWNER"]),
        ("runs as", f"{row['RUNS AS']} (uid {job.uid})" if job.user else f"uid {job.uid}"),
        ("created", _time(job.created)),
        ("started", _time(job.started)),
        ("ended", _time(job.ended)),
        ("elapsed", "" if ran is None else format_duration(ran)),
        *limits(job.spec.limits),
        ("leader", f"pid {job.pid}" if job.pid else ""),
        ("unit", row["UNIT"]),
        ("slice", visible(job.slice)),
        ("look closer", f"journalctl TASKER_JOB={row['ID']}" if job.ended else f"systemctl status {row['UNIT']}"),
    ]
    return [[Text(label, "dim"), value if isinstance(value, Text) else Text(value)] for label, value in known if value]


def limits(limits: Limits) -> list[tuple[str, str]]:
    """Every limit there is, in people's units."""
    sizes = (("memory", limits.memory), ("memory high", limits.memory_high), ("swap", limits.memory_swap))
    counts = (("CPU weight", limits.cpu_weight), ("IO weight", limits.io_weight), ("tasks", limits.tasks))
    facts = [("CPU", f"{limits.cpu:g} cores")] if limits.cpu is not None else []
    facts += [(label, format_size(size)) for label, size in sizes if size is not None]
    facts += [(label, str(count)) for label, count in counts if count is not None]
    facts += [("disk", f"{visible(io.path)}: {_ceilings(io)}") for io in limits.io]
    facts += [("run time", format_duration(limits.run_time))] if limits.run_time is not None else []
    return [(f"{label} limit" if "weight" not in label else label, value) for label, value in facts]


def _ceilings(io: IoLimit) -> str:
    rates = (("read", io.read_bandwidth), ("write", io.write_bandwidth))
    operations = (("reads", io.read_iops), ("writes", io.write_iops))
    return ", ".join(
        [f"{what} {format_size(rate)}/s" for what, rate in rates if rate is not None]
        + [f"{count} {what}/s" for what, count in operations if count is not None]
    )


def ended(job: Job) -> Text:
    """One line for the end: k3v9x2mq exited with code 0 after 3.2s."""
    ran = elapsed(job, job.ended or job.created)
    summary = job.outcome.summary if job.outcome else "ended"
    text = Text(f"{visible(job.id)} {visible(summary)}", outcome_style(job.outcome))
    return text.append(f" after {format_duration(ran)}" if ran is not None else "", "dim")


def footer(job: Job, now: float, hint: str) -> Text:
    """The one row under a job's output. What changes and what tells jobs apart comes first: the end may be cut."""
    seconds = int(elapsed(job, now) or 0)
    label = Text(visible(job.spec.name) or command(job))
    label.truncate(LABEL, overflow="ellipsis")
    parts = [
        Text(visible(job.id), "bold"),
        Text(str(job.state), STATES.get(job.state, "")),
        Text(format_duration(seconds) if seconds >= 10 else f"{seconds}s"),
        label,
        Text(hint, "dim"),
    ]
    return Text.assemble(Text("▌", STATES.get(job.state, "")), Text(" · ", "dim").join(part for part in parts if part))


def _time(when: float | None) -> str:
    return "" if when is None else datetime.fromtimestamp(when).astimezone().strftime("%Y-%m-%d %H:%M:%S")
