"""Stops jobs: SIGTERM to the process group, a grace period, SIGKILL to all processes in the cgroup. If the leader has
exited, lingering.py does this to the processes that it left behind.

A stop that has begun is completed even if its caller disconnects. jobs.py handles the end of the job.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import signal
import time

from tasker.engine.audit import AuditTrail
from tasker.engine.collector import Collector
from tasker.engine.entry import Entry, StopRequest
from tasker.engine.jobs import Jobs
from tasker.engine.tasks import Tasks
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity
from tasker.job import Job, Kind, check_grace
from tasker.lifecycle import Event, State

TO_RUN_END = 10.0
"""The longest grace period in seconds when the service is stopped: systemctl, or the shutdown of the machine, waits for
it."""
_TO_SWEEP = 5.0
"""Seconds until the engine exits after that; systemd then ends the rest."""
_TO_DIE = 10.0
"""Seconds after the grace period in which killed processes should be gone; after that the waiting caller gets an
error."""
_MOST_WAITING = 64
_WORDS = {
    Kind.STOPPED: "{by} stops it, within {grace:g} s",
    Kind.TIMED_OUT: "its run time is over: it ends within {grace:g} s",
    Kind.RUN_ENDED: "the service is being stopped: it ends within {grace:g} s",
}
_REST_WORDS = {
    Kind.STOPPED: "{by} ends the processes that its command left behind, within {grace:g} s",
    Kind.TIMED_OUT: "its run time is over: processes that its command left behind end within {grace:g} s",
    Kind.RUN_ENDED: "the service is being stopped: processes that its command left behind end within {grace:g} s",
}
_WHY = {
    Kind.STOPPED: "by {by}",
    Kind.TIMED_OUT: "at the end of its run time",
    Kind.RUN_ENDED: "with the service",
}
"""How processes that a command left behind were ended, for the verdict."""


class Stops:
    def __init__(self, jobs: Jobs, collector: Collector, audit: AuditTrail, tasks: Tasks) -> None:
        self._jobs = jobs
        self._collector = collector
        self._audit = audit
        self._tasks = tasks

    async def stop(self, caller: Identity, entry: Entry, grace: float | None) -> Job:
        """Sends SIGTERM to the group and, after `grace` seconds, SIGKILL to all; returns the ended job. If the job is
        being stopped already, the earlier deadline counts."""
        grace = self._jobs.grace(entry.job) if grace is None else grace
        check_grace(grace)
        if entry.waiting >= _MOST_WAITING:
            if entry.settled.is_set():
                self._hasten(entry, grace)
            text = f"cannot wait for the end of job {entry.job.id}: {_MOST_WAITING} callers wait already"
            raise TaskerError(Reason.EXHAUSTED, f"{text}; it is being stopped, tasker get shows its state")
        entry.waiting += 1
        try:
            return await self._tasks.to_its_end(self._stop(caller, entry, grace))
        finally:
            entry.waiting -= 1

    async def _stop(self, caller: Identity, entry: Entry, grace: float) -> Job:
        await self.begin(entry, grace, caller)
        try:
            async with asyncio.timeout(grace + _TO_DIE):
                await entry.over.wait()
        except TimeoutError:
            text = f"cannot stop job {entry.job.id} in time: its end is {_TO_DIE:g} s overdue"
            text += "; another job may trace it, or a disk or systemd may hang; tasker wait waits for its end"
            raise TaskerError(Reason.REFUSED, text) from None
        return entry.job

    async def begin(
        self, entry: Entry, grace: float, actor: Identity | str, kind: Kind = Kind.STOPPED, *, ask: bool = True
    ) -> None:
        """Begins a stop. `actor` is a caller or "systemctl", `kind` the kind of the outcome; without `ask`, SIGTERM has
        been sent already. Raises TaskerError if the job failed to start."""
        by = actor if isinstance(actor, str) else actor.name
        if entry.job.state is State.ENDING:
            await self._end_rest(entry, grace, actor, kind, ask=ask)
            return
        first = entry.stop is None and entry.job.state in (State.STARTING, State.RUNNING, State.PAUSED)
        if entry.job.state is not State.GONE:  # it may have failed to start since it was looked up
            entry.move(Event.STOP, **({"stopping_by": by} if first and kind is Kind.STOPPED else {}))
        if first:
            now = time.monotonic()
            entry.stop = StopRequest(by, now + grace, requested=now, kind=kind)
        await entry.settled.wait()
        if entry.job.state is State.GONE:
            raise entry.never_ran("stop")
        self._hasten(entry, grace)  # before any await: the deadline holds without collector and systemd
        if first:
            await self._jobs.store_record(entry)
            words = _WORDS[kind].format(by=by, grace=grace)
            self._audit.job(entry.job, "stop", words, actor=actor)
            await self._ask_to_end(entry, sent=not ask)

    async def _end_rest(self, entry: Entry, grace: float, actor: Identity | str, kind: Kind, *, ask: bool) -> None:
        """Stops the processes that the leader left behind. The outcome stays the leader's."""
        by = actor if isinstance(actor, str) else actor.name
        first = entry.stop is None and entry.sweep is None
        entry.move(Event.STOP, **({"stopping_by": by} if first and kind is Kind.STOPPED else {}))
        if first:
            words = _REST_WORDS[kind].format(by=by, grace=grace)
            self._audit.job(entry.job, "stop", words, actor=actor)
        await self._jobs.lingering.end(entry, grace, _WHY[kind].format(by=by), ask=ask)

    async def end_run(self) -> None:
        """Stops every job, within its grace period or TO_RUN_END. Returns once they have ended, or a little later."""
        self._jobs.run_ending = True
        entries = [entry for entry in self._jobs.table if not entry.over.is_set()]
        begun = [
            self.begin(entry, min(TO_RUN_END, self._jobs.grace(entry.job)), "systemctl", Kind.RUN_ENDED)
            for entry in entries
        ]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TO_RUN_END + _TO_SWEEP):
                await asyncio.gather(*begun, return_exceptions=True)
                for entry in entries:
                    await entry.over.wait()

    async def _ask_to_end(self, entry: Entry, *, sent: bool) -> None:
        """Sends SIGTERM to the group unless `sent`, then thaws and continues it, so that it can act on the signal."""
        if not sent:
            await self._signal(entry, signal.SIGTERM)
        await self._jobs.pausing.thaw(entry)
        await self._signal(entry, signal.SIGCONT)

    async def _signal(self, entry: Entry, number: int) -> None:
        with contextlib.suppress(TaskerError):  # the group may be gone
            await self._collector.signal(entry.job.id, number)

    def _hasten(self, entry: Entry, grace: float) -> None:
        """Brings the deadline of the stop forward to `grace` seconds from now, if that is earlier."""
        if entry.stop is not None:
            deadline = min(entry.stop.deadline, time.monotonic() + grace)
            entry.stop = dataclasses.replace(entry.stop, deadline=deadline)
            self.arm(entry)

    def arm(self, entry: Entry) -> None:
        """Sets the timer that kills at the deadline of the stop, which an earlier engine may have begun."""
        assert entry.stop is not None
        entry.disarm()
        entry.timer = asyncio.get_running_loop().call_at(entry.stop.deadline, self._kill, entry)

    def _kill(self, entry: Entry) -> None:
        if entry.stop is not None and entry.job.state is State.STOPPING:
            entry.stop = dataclasses.replace(entry.stop, killed=True)
            if entry.cgroup is not None:
                entry.cgroup.kill()
            self._tasks.spawn(self._kill_group(entry))

    async def _kill_group(self, entry: Entry) -> None:
        """Kills processes that root, or a user's own systemd, may have moved out of the cgroup."""
        await self._jobs.store_record(entry)
        await self._signal(entry, signal.SIGKILL)
