"""Jobs as people see them in a list or a line. Pure: jobs and the time in, rows and text out; no terminal, no client.
(Everything about one job: details.py. How rows are laid out: table.py.)

Whatever came from a user (names, commands, owners) goes through `visible`, so no table ever holds a control character.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable
from datetime import datetime

from tasker.cli.show.hidden import visible
from tasker.cli.show.table import Cell, Rows, header
from tasker.cli.show.usage import size
from tasker.job import Job, Kind, Outcome
from tasker.lifecycle import State
from tasker.quantity import format_duration

STATES = {
    State.STARTING: "cyan",
    State.RUNNING: "green",
    State.PAUSED: "magenta",
    State.STOPPING: "yellow",
    State.ENDING: "yellow",
    State.ENDED: "dim",
}
FULL, FULLER = 0.75, 0.92
"""Shares of a memory limit from which it is yellow, and red."""
COLUMNS = ("ID", "NAME", "OWNER", "STATE", "ELAPSED", "HOW IT ENDED", "COMMAND")
EXPENDABLE = ("OWNER", "ELAPSED", "NAME")
"""Columns that a narrow terminal does without, the first of them first."""
WIDE_COLUMNS = (
    *("ID", "NAME", "OWNER", "RUNS AS", "STATE", "STARTED", "ELAPSED", "CPU TIME", "MEMORY", "OUTPUT", "HOW IT ENDED"),
    *("UNIT", "COMMAND"),
)


def command(job: Job) -> str:
    """The command as a shell would want it, printable."""
    return visible(shlex.join(job.spec.argv))


def clock(seconds: float | None) -> str:
    """In whole seconds, for what is drawn anew each second."""
    whole = int(seconds or 0)
    return format_duration(whole) if whole >= 10 else f"{whole}s"


def cells(job: Job, now: float) -> dict[str, str]:
    """What every column says about a job. `now`: CLOCK_MONOTONIC."""
    ran, used = job.elapsed(now), job.usage
    return {
        "ID": visible(job.id),
        "NAME": visible(job.spec.name),
        "OWNER": visible(job.owner),
        "RUNS AS": account(job),
        "STATE": str(job.state),
        "STARTED": moment(job.started),
        "ELAPSED": "" if ran is None else format_duration(ran),
        "CPU TIME": "" if used is None else format_duration(used.cpu_time),
        "MEMORY": "" if used is None else size(used.memory_peak if job.ended else used.memory),
        "OUTPUT": size(job.printed),
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
    rows: Rows = [header(*columns)]
    for job in jobs:
        row = cells(job, now)
        styles = {"ID": "bold", "STATE": STATES.get(job.state, ""), "HOW IT ENDED": outcome_style(job.outcome)}
        rows.append([Cell(row[column], styles.get(column, "")) for column in columns])
    return rows


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


def ending(job: Job) -> str:
    """How it ended: the verdict; of a service that gives none, a summary and how long it ran."""
    if job.outcome and job.outcome.verdict:
        return visible(job.outcome.verdict)
    ran = None if job.clock.ended is None else job.elapsed(job.clock.ended)
    after = f" after {format_duration(ran)}" if ran is not None else ""
    return visible(job.outcome.summary if job.outcome else "ended") + after


def ended(job: Job) -> str:
    """One line for the end of a job: k3v9x2mq exited with code 0."""
    return f"{visible(job.id)} {ending(job)}"


def state(job: Job) -> str:
    """One line for where it is now: k3v9x2mq is paused."""
    return f"{visible(job.id)} is {state_of(job)}"


def state_of(job: Job) -> str:
    """Where it is now, and by whom: "stopping, asked by alice"."""
    words = [str(job.state), "paused" if job.paused else ""]
    words.append(f"asked by {visible(job.stopping_by)}" if job.stopping_by else "")
    return ", ".join(word for word in words if word)


def left_behind(job: Job, now: float) -> str:
    """What the end of a job waits for: "2 processes it left have 4s more"; `now`: CLOCK_MONOTONIC."""
    count = job.left_behind
    what = "1 process it left" if count == 1 else f"{count} processes it left"
    until = job.clock.lingers_until
    if job.lingering and until is None:
        return f"{what} may go on without end"
    if until is not None and (left := math.ceil(until - now)) > 0:
        return f"{what} {'has' if count == 1 else 'have'} {clock(left)} more"
    return f"{what} {'is' if count == 1 else 'are'} being ended"


def fullness(share: float) -> str:
    """The colour of so much of a memory limit."""
    return "red" if share >= FULLER else "yellow" if share >= FULL else "green"


def time_of_day(when: float) -> str:
    """Where the reader is: 14:23:05."""
    return datetime.fromtimestamp(when).astimezone().strftime("%H:%M:%S")


def moment(when: float | None) -> str:
    """A date and a time of day where the reader is."""
    return "" if when is None else datetime.fromtimestamp(when).astimezone().strftime("%Y-%m-%d %H:%M:%S")
