"""All jobs as a watch has told of them so far, and what they use. Pure: news in, differences out.

Where a new snapshot comes, only what it changes is a difference: nobody is told twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from tasker.client.watching import Away, Changed, Forgotten, News, Snapshot, Used
from tasker.job import Job
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
