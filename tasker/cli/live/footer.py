"""The footer, one row below a job's output. Pure: state and width ─▶ a line of text.

    ▌k3v9x2mq · running · 3m 5s · CPU 190 % · ██████▍  410M of 512M · writes 12M/s · waiting for disk 34 %

If not all parts fit, whole parts are omitted, the least important first; `_parts` gives the order in the row and the
importance. Unknown values (older server, missing controller) are omitted.

Why not rich.live or rich.progress: they redraw all that they print, but the output above the footer is the job's
(screen.py) and must pass unchanged.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from rich.text import Text

from tasker.cli.show.hidden import visible
from tasker.cli.show.jobs import STATES, clock, command, fullness
from tasker.cli.show.usage import percent, rate, waits
from tasker.job import Job
from tasker.lifecycle import State
from tasker.quantity import format_size
from tasker.usage import Usage

LABEL = 32
"""Maximum width of a name or command, in cells."""
BAR = 8
"""Width of the memory bar, in cells."""
EIGHTHS = " ▏▎▍▌▋▊▉█"
WAITING = 0.1
"""The smallest pressure shown, as a share of time."""
SEPARATOR = " · "


@dataclass
class Standing:
    """The contents of a footer; updated with each piece of news."""

    job: Job
    usage: Usage | None = None
    lost: int = 0
    """Bytes of lost output."""
    trouble: str = ""
    """The problem with the connection; "" if there is none."""
    hint: str = ""
    """What Ctrl-C does."""
    question: str = ""
    """The current question to the user; it takes the whole row."""
    asked: State | None = field(default=None)
    """A state requested here that the service has not reported yet."""

    @property
    def state(self) -> State:
        known = self.job.state
        return self.asked if self.asked and known in (State.STARTING, State.RUNNING, State.PAUSED) else known

    def take(self, status: Job | Usage) -> None:
        """Takes the current state of the job, or its usage. Ignores states after the end."""
        if isinstance(status, Usage):
            self.usage = status
        elif self.job.ended is None:
            self.job = status


def footer(standing: Standing, columns: int, now: float | None = None) -> Text:
    """Returns a row of at most `columns` cells. `now`: CLOCK_MONOTONIC."""
    style = STATES.get(standing.state, "")
    bar = Text("▌", style)
    if standing.question:
        row = bar + Text(standing.question, "bold")
        row.truncate(columns, overflow="ellipsis")
        return row
    now = time.monotonic() if now is None else now
    parts = [(importance, part) for importance, part in _parts(standing, now) if part]
    while len(parts) > 1 and _width([part for _, part in parts]) > columns - 1:
        parts.remove(max(parts, key=lambda part: part[0]))
    row = bar + Text(SEPARATOR, "dim").join(part for _, part in parts)
    row.truncate(columns, overflow="ellipsis")
    return row


def _width(parts: list[Text]) -> int:
    return sum(part.cell_len for part in parts) + len(SEPARATOR) * (len(parts) - 1)


def _parts(standing: Standing, now: float) -> list[tuple[int, Text]]:
    """Returns the parts in the order of the row, each with a rank; the highest rank is omitted first."""
    job, usage = standing.job, standing.usage
    label = Text(visible(job.spec.name) or command(job))
    label.truncate(LABEL, overflow="ellipsis")
    return [
        (2, Text(visible(job.id), "bold")),
        (0, Text(str(standing.state), STATES.get(standing.state, ""))),
        (9, Text(f"requested by {visible(job.stopping_by)}" if job.stopping_by else "")),
        (3, Text(clock(job.elapsed(now)))),
        (1, Text(standing.trouble, "yellow")),
        (4, Text(f"lost {format_size(standing.lost)}", "yellow") if standing.lost else Text()),
        (6, Text(_named("CPU", percent(usage.cpu_rate if usage else None)))),
        (5, _memory(job, usage)),
        (8, Text(_disk(usage))),
        (7, Text(_waiting(usage), "yellow")),
        (11, Text(f"{job.followers} followers" if job.followers > 1 else "")),
        (12, label),
        (10, Text(standing.hint, "dim")),
    ]


def _memory(job: Job, usage: Usage | None) -> Text:
    """Shows memory, with a bar if there is a limit in force."""
    if usage is None or usage.memory is None:
        return Text()
    in_force = job.in_force or job.limits
    limits = [limit for limit in (in_force.memory, in_force.memory_high) if limit]
    if not limits:
        return Text(f"memory {format_size(usage.memory)}")
    share = min(1.0, usage.memory / min(limits))
    size = f" {format_size(usage.memory)} of {format_size(min(limits))}"
    return Text.assemble((_bar(share), f"{fullness(share)} on bright_black"), size)


def _bar(share: float) -> str:
    eighths = round(share * BAR * 8)
    return ("█" * (eighths // 8) + EIGHTHS[eighths % 8]).ljust(BAR)[:BAR]


def _disk(usage: Usage | None) -> str:
    """Shows IO rates, without those below 1 byte per second."""
    if usage is None:
        return ""
    rates = (("reads", usage.io_read_rate), ("writes", usage.io_write_rate))
    return ", ".join(f"{what} {rate(speed)}" for what, speed in rates if speed and speed >= 1)


def _waiting(usage: Usage | None) -> str:
    """Shows the highest pressure, if it is at least WAITING."""
    return _named("waiting for", waits(usage, WAITING) if usage else "")


def _named(name: str, figure: str) -> str:
    return f"{name} {figure}" if figure else ""
