"""Pauses and resumes jobs: systemd freezes and thaws the cgroup. The state follows `frozen` in cgroup.events, whether
Tasker or systemctl froze the job.

    pause ─▶ FreezeUnit ─▶ cgroup.events: frozen 1 ─▶ PAUSED        `systemctl freeze` and `thaw` enter in the middle
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from tasker.engine import fatal
from tasker.engine.audit import AuditTrail
from tasker.engine.entry import Entry
from tasker.engine.systemd import Systemd
from tasker.engine.tasks import Tasks
from tasker.errors import Reason, TaskerError
from tasker.job import Job
from tasker.lifecycle import Event, State

log = logging.getLogger(__name__)

_ALIVE = (State.RUNNING, State.PAUSED, State.ENDING)
"""States with processes that can be frozen and thawed."""


class Pausing:
    def __init__(
        self,
        systemd: Systemd,
        audit: AuditTrail,
        tasks: Tasks,
        store_record: Callable[[Entry], Coroutine[Any, Any, None]],
    ) -> None:
        """`store_record` sends the job's record to the collector."""
        self._systemd = systemd
        self._audit = audit
        self._tasks = tasks
        self._store_record = store_record
        self._asked: set[str] = set()
        """Jobs that a caller is pausing or resuming."""

    async def pause(self, entry: Entry) -> Job:
        """Freezes the job and returns it. Raises TaskerError."""
        return await self._tasks.to_its_end(self._set_frozen(entry, "pause", self._systemd.freeze, frozen=True))

    async def resume(self, entry: Entry) -> Job:
        """Thaws the job and returns it. Raises TaskerError."""
        return await self._tasks.to_its_end(self._set_frozen(entry, "resume", self._systemd.thaw, frozen=False))

    async def thaw(self, entry: Entry) -> None:
        """Thaws a job that is being stopped, so that it can act on SIGTERM. Does nothing if the job is not frozen."""
        if not entry.pause_lock.locked() and (entry.cgroup is None or not entry.cgroup.frozen):
            return
        try:
            await self._systemd.thaw(entry.job.unit)
        except TaskerError as error:  # systemd does not thaw a unit that it stops itself at the end of its run time
            log.info("thawing %s without systemd: %s", entry.job.unit, error.message)
            if entry.cgroup is not None:
                entry.cgroup.thaw()

    def refresh(self, entry: Entry) -> None:
        """Updates the job's state from its cgroup: paused or not."""
        if entry.cgroup is None or entry.job.state not in (*_ALIVE, State.STOPPING):
            return
        frozen = entry.cgroup.frozen
        if entry.job.state is State.STOPPING or entry.sweep is not None:
            if frozen:
                self._tasks.spawn(self.thaw(entry))
        elif frozen is not _paused(entry.job):
            ending = entry.job.state is State.ENDING
            entry.move(Event.PAUSED if frozen else Event.RESUMED, **({"paused": frozen} if ending else {}))
            self._tasks.spawn(self._store_record(entry))  # else the next engine reports it anew
            if entry.job.id not in self._asked:
                action, words = ("pause", "paused by systemctl") if frozen else ("resume", "resumed by systemctl")
                self._audit.job(entry.job, action, words, actor="systemctl")

    async def _set_frozen(
        self, entry: Entry, verb: str, freeze_or_thaw: Callable[[str], Awaitable[None]], *, frozen: bool
    ) -> Job:
        async with entry.pause_lock:
            entry.demand(verb, *_ALIVE)
            self._asked.add(entry.job.id)
            is_end = not frozen and fatal.is_pending(entry.job.pid)
            try:
                await freeze_or_thaw(entry.job.unit)
            except TaskerError as error:
                if frozen:
                    await self.thaw(entry)  # undo a freeze that has begun or is still queued
                raise TaskerError(error.reason, f"cannot {verb} job {entry.job.id}: {error.message}") from error
            finally:
                self.refresh(entry)
                self._asked.discard(entry.job.id)
            if is_end and (await entry.ended_within(fatal.ACTS_WITHIN)).state is State.ENDED:
                return entry.job
            entry.demand(verb, *_ALIVE)  # it may have ended, or be stopping, by now
            if frozen is not _paused(entry.job) and not is_end:
                text = f"cannot {verb} job {entry.job.id}: another change reverted it at once; try again"
                raise TaskerError(Reason.REFUSED, text)
            return entry.job


def _paused(job: Job) -> bool:
    return job.state is State.PAUSED or job.paused
