"""Stops requested through systemd: `systemctl stop` of a job's scope or of a slice above it, and an expired run time.

    scope "deactivating" ─▶ RequestStop to its Controller=, the engine ─▶ a stop with the job's grace period

Signals only trigger a check; the scope's ActiveState and Result decide. systemd forgets a controller when its bus name
is released. For a scope that is older than this engine, systemd therefore sends SIGTERM itself, and the engine does the
rest. The job may have ended before the check, so the pending unit job is recorded. TimeoutStopUSec= is longer than the
grace period by a margin; systemd then kills the remaining processes, even without an engine.
"""

from __future__ import annotations

import logging
import signal

from tasker.engine import names
from tasker.engine.entry import Entry
from tasker.engine.jobs import Jobs
from tasker.engine.stops import Stops
from tasker.errors import TaskerError
from tasker.job import Kind
from tasker.lifecycle import State

log = logging.getLogger(__name__)

_ALIVE = (State.STARTING, State.RUNNING, State.PAUSED, State.STOPPING, State.ENDING)


class Deactivations:
    def __init__(self, jobs: Jobs, stops: Stops) -> None:
        self._jobs = jobs
        self._stops = stops
        self._systemd = jobs.backends.systemd
        self._tasks = jobs.backends.tasks

    async def open(self) -> None:
        """Handles stops that were requested while no engine was running, then listens for new ones. Raises
        TaskerError."""
        self._systemd.on_change(self._hint)
        await self._check_all(left_to_us=True)  # an earlier engine may have exited right after RequestStop

    def _hint(self, unit: str, asked: bool) -> None:
        if not unit:
            self._tasks.spawn(self._check_all())
            return
        entry = self._jobs.table.get(names.id_of(unit) or "")
        if entry is None:
            return
        if entry.job.state is State.STARTING and not (asked and entry.cgroup):  # the engine itself is making the scope
            return
        entry.unit_job = entry.unit_job or (asked and _may_be_its_end(entry))
        if entry.job.state in _ALIVE:
            self._tasks.spawn(self._check(entry))

    async def _check_all(self, *, left_to_us: bool = False) -> None:
        for unit in await self._systemd.scopes(names.SCOPES, "deactivating"):
            entry = self._jobs.table.get(names.id_of(unit) or "")
            if entry is not None:
                await self._check(entry, left_to_us=left_to_us)

    async def _check(self, entry: Entry, *, left_to_us: bool = False) -> None:
        """`left_to_us`: systemd may have left SIGTERM to the engine, whatever its Controller= is now."""
        job = entry.job
        try:
            if not await self._systemd.deactivating(job.unit):
                entry.unit_job = entry.unit_job and await self._systemd.ending(job.unit)
                return
            unit = await self._systemd.unit(job.unit)
            left_to_us = left_to_us or await self._systemd.controller(job.unit) == names.BUS
            ending = await self._systemd.job_type(names.SERVICE) == "stop"
            if entry.job.state not in _ALIVE or unit is None or unit.result not in ("success", "timeout"):
                return  # it has ended since, or ran out of memory: not a requested stop
            kind = Kind.RUN_ENDED if ending else Kind.TIMED_OUT if unit.result == "timeout" else Kind.STOPPED
            actor = "systemd" if kind is Kind.TIMED_OUT else "systemctl"
            await self._stops.begin(entry, self._jobs.grace(job), actor, kind, ask=left_to_us)
        except TaskerError as error:
            log.warning("cannot read the state of %s: %s", job.unit, error.message)


def _may_be_its_end(entry: Entry) -> bool:
    """Whether a new unit job may have ended the leader. If not, it concerns processes that the leader left behind."""
    return not entry.job.lingering or entry.exited.result().signal == signal.SIGTERM
