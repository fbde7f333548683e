"""Jobs as rows of a list or as a line. Pure: jobs and the time in, rows and text out; no terminal, no client.

See details.py for everything about one job, table.py for the layout of rows. Text from users (names, commands, owners)
is passed through `visible`, so that no table contains a control character.
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
"""Shares of the memory limit above which usage is yellow, and red."""
COLUMNS = ("ID", "NAME", "OWNER", "STATE", "ELAPSED", "HOW IT ENDED", "COMMAND")
EXPENDABLE = ("OWNER", "ELAPSED", "NAME")
"""Columns to omit on a narrow terminal, in this order."""
WIDE_COLUMNS = (
    *("ID", "NAME", "OWNER", "RUNS AS", "STATE", "STARTED", "ELAPSED", "CPU TIME", "MEMORY", "OUTPUT", "HOW IT ENDED"),
    *("UNIT", "COMMAND"),
)


def command(job: Job) -> str:
    """Returns the command in shell syntax, printable."""
    return visible(shlex.join(job.spec.argv))


def clock(seconds: float | None) -> str:
    """Formats a duration in whole seconds, for displays that change every second."""
    whole = int(seconds or 0)
    return format_duration(whole) if whole >= 10 else f"{whole}s"


def cells(job: Job, now: float) -> dict[str, str]:
    """Returns the text of each column for a job. `now`: CLOCK_MONOTONIC."""
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
    """Returns the account that the job runs as, or its uid if it has no account."""
    return visible(job.user) or str(job.uid)


def table(jobs: Iterable[Job], now: float, wide: bool) -> Rows:
    """Returns the rows of the list, beginning with a header."""
    columns = WIDE_COLUMNS if wide else COLUMNS
    rows: Rows = [header(*columns)]
    for job in jobs:
        row = cells(job, now)
        styles = {"ID": "bold", "STATE": STATES.get(job.state, ""), "HOW IT ENDED": outcome_style(job.outcome)}
        rows.append([Cell(row[column], styles.get(column, "")) for column in columns])
    return rows


def outcome_style(outcome: Outcome | None) -> str:
    """Returns the colour of an outcome: green only for exit code 0."""
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
    """Describes how a job ended: its verdict; without a verdict, its summary and elapsed time."""
    if job.outcome and job.outcome.verdict:
        return visible(job.outcome.verdict)
    ran = None if job.clock.ended is None else job.elapsed(job.clock.ended)
    after = f" after {format_duration(ran)}" if ran is not None else ""
    return visible(job.outcome.summary if job.outcome else "ended") + after


def ended(job: Job) -> str:
    """Returns a line for the end of a job: k3v9x2mq exited with code 0."""
    return f"{visible(job.id)} {ending(job)}"


def state(job: Job) -> str:
    """Returns a line for the state of a job: k3v9x2mq is paused."""
    return f"{visible(job.id)} is {state_of(job)}"


def state_of(job: Job) -> str:
    """Returns the state, and who requested it: "stopping, requested by alice"."""
    words = [str(job.state), "paused" if job.paused else ""]
    words.append(f"requested by {visible(job.stopping_by)}" if job.stopping_by else "")
    return ", ".join(word for word in words if word)


def left_behind(job: Job, now: float) -> str:
    """Describes processes left behind: "2 processes left behind have 4s more". `now`: CLOCK_MONOTONIC."""
    count = job.left_behind
    what = "1 process left behind" if count == 1 else f"{count} processes left behind"
    until = job.clock.lingers_until
    if job.lingering and until is None:
        return f"{what} may run without limit"
    if until is not None and (left := math.ceil(until - now)) > 0:
        return f"{what} {'has' if count == 1 else 'have'} {clock(left)} more"
    return f"{what} {'is' if count == 1 else 'are'} being stopped"


def fullness(share: float) -> str:
    """Returns the colour for a share of the memory limit."""
    return "red" if share >= FULLER else "yellow" if share >= FULL else "green"


def time_of_day(when: float) -> str:
    """Returns a local time such as 14:23:05."""
    return datetime.fromtimestamp(when).astimezone().strftime("%H:%M:%S")


def moment(when: float | None) -> str:
    """Returns a local date and time; "" for None."""
    return "" if when is None else datetime.fromtimestamp(when).astimezone().strftime("%Y-%m-%d %H:%M:%S")
