"""News about one job during an attach: state, limits, usage.

News are optional: if the server cannot send them, the attach continues without.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator

from tasker.client.watching import Changed, Snapshot, Used, Watching
from tasker.client.watching import News as Each
from tasker.errors import Reason, TaskerError
from tasker.job import Job
from tasker.usage import Usage

AGAIN = 2.0
"""Seconds before a broken stream is requested again."""


class JobStatus:
    """Iterate over it in a separate thread; `cancel` ends it, from any other thread. `watch(job)` starts a stream."""

    def __init__(self, watch: Callable[[str], Watching], job: str) -> None:
        self._watch = watch
        self._job = job
        self._cancelled = threading.Event()
        self._watching: Watching | None = None

    def __iter__(self) -> Iterator[Job | Usage]:
        while not self._cancelled.is_set():
            self._watching = self._watch(self._job)
            if self._cancelled.is_set():
                self._watching.cancel()
            try:
                for each in self._watching:
                    yield from self._about(each)
            except TaskerError as error:
                if error.reason is not Reason.UNAVAILABLE:
                    return
            self._cancelled.wait(AGAIN)

    def cancel(self) -> None:
        self._cancelled.set()
        if self._watching is not None:
            self._watching.cancel()

    def _about(self, each: Each) -> Iterable[Job | Usage]:
        match each:
            case Snapshot(jobs=jobs):
                return [job for job in jobs if job.id == self._job]
            case Changed(job=job) if job.id == self._job:
                return [job]
            case Used(usages=usages):
                return [one.usage for one in usages if one.job == self._job]
        return []
