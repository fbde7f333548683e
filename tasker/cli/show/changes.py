"""Changes of jobs, out of a watch: what differs between two states, and that in words or as JSON. Pure.

    News ─▶ Board.take ─▶ Difference(before, after) ─▶ happenings: a few words ─▶ line: one line for a person

A new snapshot yields only what differs from the jobs known before it, so nothing is reported twice.
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
    """A job before and after; None where there is none."""

    before: Job | None
    after: Job | None


class Board:
    """`jobs` and `usages` by id. `complete`: a whole snapshot has come."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.usages: dict[str, Usage] = {}
        self.complete = False
        self._coming: dict[str, Job] = {}

    def take(self, news: News) -> list[Difference]:
        """What is different now, in the order in which it was told."""
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
        """What is archived is in no snapshot, and was told of when it was."""
        old, self.jobs, self._coming, self.complete = self.jobs, jobs, {}, True
        self.usages = {id: usage for id, usage in self.usages.items() if id in jobs}
        gone = [Difference(job, None) for id, job in old.items() if id not in jobs and not job.archived]
        return gone + [Difference(old.get(id), job) for id, job in jobs.items() if old.get(id) != job]


MOVES = {
    (State.RUNNING, State.PAUSED): "paused",
    (State.PAUSED, State.RUNNING): "resumed",
}
"""What a move between two states is called. Of others only "stopping" is told."""


def happenings(difference: Difference) -> list[str]:
    """One short text each; none where only something changed that is nobody's news, like the number of followers."""
    before, after = difference.before, difference.after
    if after is None:
        return ["forgotten"]
    clauses = [_moved(before, after)]
    if before is not None and before.limits != after.limits:
        clauses.append(_limits(before, after))
    if after.archived and (before is None or not before.archived):
        clauses.append("archived")
    return [text for text in clauses if text]


def present(job: Job) -> str:
    """What is said of a job that was there before anybody watched."""
    return f"is {state_of(job)}: {_what(job)}"


def lines(difference: Difference, now: float) -> list[Text]:
    """Of a difference, whole lines."""
    job = difference.after or difference.before
    assert job is not None
    return [line(job, text, now) for text in happenings(difference)]


def line(job: Job, text: str, now: float) -> Text:
    """14:23:05 k3v9x2mq alice  paused"""
    style = outcome_style(job.outcome) if job.outcome else STATES.get(job.state, "")
    owner = f" {visible(job.owner):<8} "
    return Text.assemble((time_of_day(now), "dim"), " ", (visible(job.id), "bold"), owner, (text, style))


def as_json(news: News) -> dict[str, Any]:
    """News as the API's WatchJobsResponse has it."""
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
            return {"away": {"error": error.message}}  # this side's own


def _moved(before: Job | None, after: Job) -> str:
    """A job that is seen for the first time has started, whatever has become of it by now."""
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
