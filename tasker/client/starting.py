"""Repeats a StartJob that the server refused because its owner starts jobs too fast: how long to wait, when to give up.

StartJob ──EXHAUSTED, tasker-retry-after──▶ pause, StartJob again        other errors are raised: the job may run
"""

from __future__ import annotations

from collections.abc import Callable

from tasker.client import calls
from tasker.client.resuming import Asking
from tasker.errors import Reason, TaskerError, invalid
from tasker.job import Job, JobSpec

START_TIMEOUT = 60.0
"""Seconds, in total, for which a start is postponed."""
SHORTEST_PAUSE = 0.01
"""Seconds; replaces a shorter pause that the server asks for."""

Postponed = Callable[[TaskerError, float], None]
"""Called before each pause, with the server's error and the seconds until the next try."""


class Start(Asking):
    def __init__(self, spec: JobSpec, start_timeout: float, postponed: Postponed | None) -> None:
        if not start_timeout >= 0:
            raise invalid(f"cannot use a start_timeout of {start_timeout}; give it in seconds, 0 for none")
        self._call = calls.start(spec)
        self._left = start_timeout
        self._postponed = postponed

    def call(self, now: float) -> calls.Call[Job]:
        return self._call

    def answered(self, job: Job, now: float) -> bool:
        return True

    def broke(self, error: TaskerError, now: float, heard: bool) -> float:
        if error.reason is not Reason.EXHAUSTED or error.retry_after is None or error.retry_after > self._left:
            raise error
        pause = max(error.retry_after, SHORTEST_PAUSE)
        self._left -= pause
        if self._postponed is not None:
            self._postponed(error, pause)
        return pause
