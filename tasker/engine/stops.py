"""The end of a job that somebody asks for: SIGTERM to its group, a grace period, SIGKILL to all that is in its cgroup.

What has begun is carried to its end, whoever asked for it and is gone. How an end is then seen through: jobs.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import signal
import time

from tasker import wire
from tasker.channel import Channel
from tasker.engine.jobs import Jobs
from tasker.engine.journal import Journal
from tasker.engine.table import Entry, Stop
from tasker.engine.tasks import Tasks
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity
from tasker.job import Job, check_grace
from tasker.lifecycle import Event, State

_MOST_WAITING = 64


class Stops:
    def __init__(self, jobs: Jobs, collector: Channel, journal: Journal, tasks: Tasks) -> None:
        self._jobs = jobs
        self._collector = collector
        self._journal = journal
        self._tasks = tasks

    async def stop(self, caller: Identity, entry: Entry, grace: float | None) -> Job:
        """SIGTERM to the group, `grace` seconds, SIGKILL to all; the ended job. Again: the earlier deadline counts."""
        patience = self._patience(entry.job) if grace is None else grace
        check_grace(patience)
        if entry.waiting >= _MOST_WAITING:
            if entry.settled.is_set():
                self._hasten(entry, patience)
            text = f"cannot wait for the end of job {entry.job.id}: {_MOST_WAITING} others do already"
            raise TaskerError(Reason.EXHAUSTED, f"{text}; it is being stopped, look with tasker get")
        entry.waiting += 1
        try:
            return await self._tasks.to_its_end(self._stop(caller, entry, patience))
        finally:
            entry.waiting -= 1

    def _patience(self, job: Job) -> float:
        return self._jobs.config.jobs.grace if job.spec.grace is None else job.spec.grace

    async def _stop(self, by: Identity, entry: Entry, patience: float) -> Job:
        first = entry.stop is None and entry.job.state in (State.STARTING, State.RUNNING, State.PAUSED)
        entry.move(Event.STOP)
        if first:
            now = time.time()
            entry.stop = Stop(by.name, now + patience, asked=now)
        await entry.settled.wait()
        if entry.job.state is State.GONE:
            raise TaskerError(Reason.NOT_FOUND, f"cannot stop job {entry.job.id}: it could not be started")
        if first:
            await self._jobs.note(entry)
            self._journal.job(entry.job, "stop", f"{by.name} stops it, within {patience:g} s", actor=by)
        self._hasten(entry, patience)
        if first:
            await self._ask_to_end(entry)
        await entry.over.wait()
        return entry.job

    async def _ask_to_end(self, entry: Entry) -> None:
        """SIGTERM to the group, which then must neither be paused nor stopped, or it could not act on it."""
        await self._signal(entry, signal.SIGTERM)
        await self._jobs.pausing.thaw(entry)
        await self._signal(entry, signal.SIGCONT)

    async def _signal(self, entry: Entry, number: int) -> None:
        with contextlib.suppress(TaskerError):  # its group may be gone already
            await self._collector.request(wire.Signal(entry.job.id, number))

    def _hasten(self, entry: Entry, patience: float) -> None:
        """The earlier deadline counts."""
        if entry.stop is not None:
            entry.stop = dataclasses.replace(entry.stop, deadline=min(entry.stop.deadline, time.time() + patience))
            self.arm(entry)

    def arm(self, entry: Entry) -> None:
        """Kill at the deadline of its stop; also one that an earlier engine began."""
        assert entry.stop is not None
        entry.disarm()
        seconds = max(0.0, entry.stop.deadline - time.time())
        entry.timer = asyncio.get_running_loop().call_later(seconds, self._kill, entry)

    def _kill(self, entry: Entry) -> None:
        if entry.stop is not None and entry.job.state is State.STOPPING:
            entry.stop = dataclasses.replace(entry.stop, killed=True)
            if entry.cgroup is not None:
                entry.cgroup.kill()
            self._tasks.spawn(self._kill_group(entry))

    async def _kill_group(self, entry: Entry) -> None:
        """What root, or a lingering user's own systemd, may have moved out of the cgroup."""
        await self._jobs.note(entry)
        await self._signal(entry, signal.SIGKILL)
