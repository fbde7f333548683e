"""The end of a job that somebody asks for: SIGTERM to its group, a grace period, SIGKILL to all that is in its cgroup.
Once its leader has exited, the same for every process that it left behind (lingering.py).

What has begun is carried to its end, whoever asked for it and is gone. How an end is then seen through: jobs.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import signal
import time

from tasker.engine.collector import Collector
from tasker.engine.entry import Entry, StopRequest
from tasker.engine.jobs import Jobs
from tasker.engine.audit import AuditTrail
from tasker.engine.tasks import Tasks
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity
from tasker.job import Job, Kind, check_grace
from tasker.lifecycle import Event, State

TO_RUN_END = 10.0
"""Seconds that jobs have at most when the service is stopped: who stops it, or shuts the machine down, waits for it."""
_TO_SWEEP = 5.0
"""Seconds from there to the end of the engine; what is left is then systemd's to end."""
_TO_DIE = 10.0
"""Seconds past the grace in which what was killed is gone; else who waits for that is told."""
_MOST_WAITING = 64
_WORDS = {
    Kind.STOPPED: "{by} stops it, within {grace:g} s",
    Kind.TIMED_OUT: "its run time is over: it ends within {grace:g} s",
    Kind.RUN_ENDED: "the service is being stopped: it ends within {grace:g} s",
}
_REST_WORDS = {
    Kind.STOPPED: "{by} ends the processes that its command left behind, within {grace:g} s",
    Kind.TIMED_OUT: "its run time is over: processes that its command left behind end within {grace:g} s",
    Kind.RUN_ENDED: "the service is being stopped: what its command left behind ends within {grace:g} s",
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
        """SIGTERM to the group, `grace` seconds, SIGKILL to all; the ended job. Again: the earlier deadline counts."""
        grace = self._jobs.grace(entry.job) if grace is None else grace
        check_grace(grace)
        if entry.waiting >= _MOST_WAITING:
            if entry.settled.is_set():
                self._hasten(entry, grace)
            text = f"cannot wait for the end of job {entry.job.id}: {_MOST_WAITING} others do already"
            raise TaskerError(Reason.EXHAUSTED, f"{text}; it is being stopped, look with tasker get")
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
            text = f"cannot see the end of job {entry.job.id}, which should have come {_TO_DIE:g} s ago"
            text += ": another job may trace it, or a disk or systemd hang; tasker wait tells when it is over"
            raise TaskerError(Reason.REFUSED, text) from None
        return entry.job

    async def begin(
        self, entry: Entry, grace: float, actor: Identity | str, kind: Kind = Kind.STOPPED, *, ask: bool = True
    ) -> None:
        """A stop, which is then seen through. `actor` is a caller or "systemctl", `kind` what the end will be called;
        without `ask` somebody else has sent SIGTERM already. Raises TaskerError where it could not be started."""
        by = actor if isinstance(actor, str) else actor.name
        if entry.job.state is State.ENDING:
            await self._end_rest(entry, grace, actor, kind, ask=ask)
            return
        first = entry.stop is None and entry.job.state in (State.STARTING, State.RUNNING, State.PAUSED)
        if entry.job.state is not State.GONE:  # it may be by now, though it was there when it was looked for
            entry.move(Event.STOP, **({"stopping_by": by} if first and kind is Kind.STOPPED else {}))
        if first:
            now = time.monotonic()
            entry.stop = StopRequest(by, now + grace, requested=now, kind=kind)
        await entry.settled.wait()
        if entry.job.state is State.GONE:
            raise entry.never_ran("stop")
        self._hasten(entry, grace)  # before all that has to be answered: its end needs nobody else
        if first:
            await self._jobs.store_record(entry)
            words = _WORDS[kind].format(by=by, grace=grace)
            self._audit.job(entry.job, "stop", words, actor=actor)
            await self._ask_to_end(entry, sent=not ask)

    async def _end_rest(
        self, entry: Entry, grace: float, actor: Identity | str, kind: Kind, *, ask: bool
    ) -> None:
        """A stop of what the leader left behind. The outcome stays the leader's."""
        by = actor if isinstance(actor, str) else actor.name
        first = entry.stop is None and entry.sweep is None
        entry.move(Event.STOP, **({"stopping_by": by} if first and kind is Kind.STOPPED else {}))
        if first:
            words = _REST_WORDS[kind].format(by=by, grace=grace)
            self._audit.job(entry.job, "stop", words, actor=actor)
        await self._jobs.lingering.end(entry, grace, _WHY[kind].format(by=by), ask=ask)

    async def end_run(self) -> None:
        """Every job, each within its grace or TO_RUN_END. Returns when they have ended, or a little after that."""
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
        """SIGTERM to the group, but where it was `sent`; it must neither be paused nor stopped, or could not act."""
        if not sent:
            await self._signal(entry, signal.SIGTERM)
        await self._jobs.pausing.thaw(entry)
        await self._signal(entry, signal.SIGCONT)

    async def _signal(self, entry: Entry, number: int) -> None:
        with contextlib.suppress(TaskerError):  # its group may be gone already
            await self._collector.signal(entry.job.id, number)

    def _hasten(self, entry: Entry, grace: float) -> None:
        """The earlier deadline counts."""
        if entry.stop is not None:
            deadline = min(entry.stop.deadline, time.monotonic() + grace)
            entry.stop = dataclasses.replace(entry.stop, deadline=deadline)
            self.arm(entry)

    def arm(self, entry: Entry) -> None:
        """Kill at the deadline of its stop; also one that an earlier engine began."""
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
        """What root, or a lingering user's own systemd, may have moved out of the cgroup."""
        await self._jobs.store_record(entry)
        await self._signal(entry, signal.SIGKILL)
