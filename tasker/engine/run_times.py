"""Stops jobs whose run time is over, counted from the start of the command.

systemd accepts RuntimeMaxUSec= of a scope only when it makes the scope, before the command starts. properties.py adds a
margin, so systemd acts only if no engine is running.
"""

from __future__ import annotations

import asyncio

from tasker.engine.jobs import Jobs
from tasker.engine.stops import Stops
from tasker.job import Job, Kind
from tasker.lifecycle import State

_BY = "tasker"


class RunTimes:
    """Sets a timer for each job with a run time; the table reports the jobs."""

    def __init__(self, jobs: Jobs, stops: Stops) -> None:
        self._jobs = jobs
        self._stops = stops
        self._tasks = jobs.backends.tasks
        self._timers: dict[str, asyncio.TimerHandle] = {}
        """By id, for every job that has a run time and has not ended."""
        jobs.table.watchers.add(self._changed)

    def _changed(self, change: Job | str) -> None:
        """Called with a job that is new or changed, or with the id of one that was removed."""
        id = change if isinstance(change, str) else change.id
        if isinstance(change, str) or change.state in (State.ENDED, State.GONE):
            if id in self._timers:
                self._timers.pop(id).cancel()
        elif id not in self._timers and change.limits.run_time is not None and change.clock.started is not None:
            over = change.clock.started + change.limits.run_time  # the loop's clock is CLOCK_MONOTONIC, too
            self._timers[id] = asyncio.get_running_loop().call_at(over, self._end, id)

    def _end(self, id: str) -> None:
        entry = self._jobs.table.get(id)
        if entry is not None:
            self._tasks.spawn(self._stops.begin(entry, self._jobs.grace(entry.job), _BY, Kind.TIMED_OUT))
