"""Jobs as people see them. Pure: jobs and the time in, rich renderables or lines out; no terminal, no client.

Whatever came from a user (names, commands, owners) goes through `visible`, so no table ever holds a control character.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from datetime import datetime

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from tasker.cli.clean import visible
from tasker.job import IoLimit, Job, Kind, Limits, Outcome
from tasker.lifecycle import State
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


def table(jobs: Iterable[Job], now: float, wide: bool) -> Table:
    """The list for a terminal; commands are cut to what is left of the width unless `wide`."""
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in WIDE_COLUMNS if wide else COLUMNS:
        cut = column == "COMMAND" and not wide
        grid.add_column(column, no_wrap=True, overflow="ellipsis" if cut else "ignore", ratio=1 if cut else None,
                        min_width=12 if cut else None)  # fmt: skip
    for job in jobs:
        row = cells(job, now)
        styles = {"ID": "bold", "STATE": STATES.get(job.state, ""), "HOW IT ENDED": outcome_style(job.outcome)}
        grid.add_row(*(Text(row[str(column.header)], styles.get(str(column.header), "")) for column in grid.columns))
    return grid


def lines(jobs: Iterable[Job], now: float, wide: bool) -> list[str]:
    """The same for a pipe: nothing cut."""
    columns = WIDE_COLUMNS if wide else COLUMNS
    return aligned([[*columns], *([row[column] for column in columns] for row in (cells(job, now) for job in jobs))])


def aligned(rows: list[list[str]]) -> list[str]:
    """Rows of words as lines; "-" where there is nothing, so that columns can be counted."""
    widths = [max(cell_len(word) or 1 for word in column) for column in zip(*rows, strict=True)]
    return ["  ".join(map(_pad, row, widths)).rstrip() for row in rows]


def _pad(word: str, width: int) -> str:
    return (word or "-") + " " * (width - (cell_len(word) or 1))


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


def facts(job: Job, now: float) -> list[tuple[str, Text]]:
    """Everything about one job, label by label; what is not there is left out."""
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
        ("look closer", f"systemctl status {row['UNIT']}"),
    ]
    return [(label, value if isinstance(value, Text) else Text(value)) for label, value in known if value]


def detail(facts: list[tuple[str, Text]]) -> Table:
    """Facts for a terminal."""
    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for fact in facts:
        grid.add_row(*fact)
    return grid


def plain(facts: list[tuple[str, Text]]) -> list[str]:
    """Facts for a pipe: one line each, never cut or folded."""
    width = max(len(label) for label, _ in facts)
    return [f"{label:{width}}  {value.plain}" for label, value in facts]


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
