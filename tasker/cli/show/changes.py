"""Changes of jobs in a watch stream: differences between two states, as text or as JSON. Pure.

    News ─▶ Board.take ─▶ Difference(before, after) ─▶ happenings: short texts ─▶ line: one line for people

A new snapshot yields only differences from the known jobs, so nothing is reported twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.text import Text

from tasker.cli.show import json
from tasker.cli.show.details import FIELDS
from tasker.cli.show.hidden import visible
from tasker.cli.show.jobs import STATES, command, ending, outcome_style, state_of, time_of_day
from tasker.client.watching import Away, Changed, Forgotten, News, Snapshot, Used
from tasker.job import Job
from tasker.lifecycle import State
from tasker.usage import Usage


@dataclass(frozen=True)
class Difference:
    """A job before and after a change; None if it did not exist."""

    before: Job | None
    after: Job | None


class Board:
    """The known jobs and usages, by id. `complete`: a whole snapshot was received."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.usages: dict[str, Usage] = {}
        self.complete = False
        self._coming: dict[str, Job] = {}

    def take(self, news: News) -> list[Difference]:
        """Updates the board; returns the differences, in the order of the news."""
        match news:
            case Snapshot(jobs=jobs, first=first, last=last):
                self._coming = {} if first else self._coming
                self._coming |= {job.id: job for job in jobs}
                return self._replace(self._coming) if last else []
            case Changed(job=job):
                before = self.jobs.get(job.id)
                self.jobs[job.id] = job
                if job.ended:
                    self.usages.pop(job.id, None)
                return [Difference(before, job)]
            case Forgotten(job=id):
                self.usages.pop(id, None)
                gone = self.jobs.pop(id, None)
                return [Difference(gone, None)] if gone else []
            case Used(usages=usages):
                self.usages |= {one.job: one.usage for one in usages if one.job in self.jobs}
                return []
            case Away():
                return []

    def _replace(self, jobs: dict[str, Job]) -> list[Difference]:
        """Replaces all jobs. Archived jobs are in no snapshot; their archiving was reported before."""
        old, self.jobs, self._coming, self.complete = self.jobs, jobs, {}, True
        self.usages = {id: usage for id, usage in self.usages.items() if id in jobs}
        gone = [Difference(job, None) for id, job in old.items() if id not in jobs and not job.archived]
        return gone + [Difference(old.get(id), job) for id, job in jobs.items() if old.get(id) != job]


MOVES = {
    (State.RUNNING, State.PAUSED): "paused",
    (State.PAUSED, State.RUNNING): "resumed",
}
"""Names of moves between two states. Of other moves, only "stopping" is reported."""


def happenings(difference: Difference) -> list[str]:
    """Returns a short text for each change; nothing for changes without news, such as the number of followers."""
    before, after = difference.before, difference.after
    if after is None:
        return ["forgotten"]
    texts = [_moved(before, after)]
    if before is not None and before.limits != after.limits:
        texts.append(_limits(before, after))
    if after.archived and (before is None or not before.archived):
        texts.append("archived")
    return [text for text in texts if text]


def present(job: Job) -> str:
    """Describes a job that already existed when the watch began."""
    return f"is {state_of(job)}: {_what(job)}"


def lines(difference: Difference, now: float) -> list[Text]:
    """Returns a line for each change of a difference."""
    job = difference.after or difference.before
    assert job is not None
    return [line(job, text, now) for text in happenings(difference)]


def line(job: Job, text: str, now: float) -> Text:
    """Returns a line such as "14:23:05 k3v9x2mq alice  paused"."""
    style = outcome_style(job.outcome) if job.outcome else STATES.get(job.state, "")
    owner = f" {visible(job.owner):<8} "
    return Text.assemble((time_of_day(now), "dim"), " ", (visible(job.id), "bold"), owner, (text, style))


def as_json(news: News) -> dict[str, Any]:
    """Returns news in the form of WatchJobsResponse."""
    match news:
        case Snapshot(jobs=jobs, first=first, last=last):
            return {"snapshot": {**json.jobs(list(jobs)), "first": first, "last": last}}
        case Changed(job=job):
            return {"changed": json.job(job)}
        case Forgotten(job=id):
            return {"forgotten": id}
        case Used(usages=usages):
            return {"usage": {"usages": [{"job": one.job, "usage": json.usage(one.usage)} for one in usages]}}
        case Away(error=error):
            return {"away": {"error": error.message}}  # not in the API


def _moved(before: Job | None, after: Job) -> str:
    """Describes a change of state. A job seen for the first time has started, whatever its state is now."""
    if before is not None and before.state is after.state:
        return ""
    started = f"started: {_what(after)}" if before is None or before.state is State.STARTING else ""
    if after.state is State.ENDED:
        end = ending(after)
        return f"{started}; {end}" if started else end
    if after.state is State.STARTING:
        return ""
    if started:
        return started if after.state is State.RUNNING else f"{started}; {state_of(after)}"
    if after.state is State.STOPPING:
        return state_of(after)
    assert before is not None
    return MOVES.get((before.state, after.state), "")


def _limits(before: Job, after: Job) -> str:
    changed = []
    for field, (label, words) in FIELDS.items():
        old, new = (words(getattr(job.limits, field)) or "none" for job in (before, after))
        if old != new:
            changed.append(f"{label} {old} → {new}")
    return f"limits changed: {', '.join(changed)}"


def _what(job: Job) -> str:
    name = visible(job.spec.name)
    return f"{name}: {command(job)}" if name else command(job)
