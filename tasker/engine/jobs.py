"""Manages a job from its start (starts.py) to its end. Calls the collector and systemd.

Exited ─▶ cgroup empty (lingering.py) ─▶ turn ─▶ Finish (last bytes) ─▶ systemd's result ─▶ ENDED
"""

from __future__ import annotations

import dataclasses
import functools
import time

from tasker import wire
from tasker.config import Config
from tasker.engine import inforce
from tasker.engine.accounts import Accounts
from tasker.engine.backends import Backends
from tasker.engine.cgroup import Cgroup
from tasker.engine.cgroup_events import CgroupEvents
from tasker.engine.conclusions import Conclusions
from tasker.engine.entry import Entry
from tasker.engine.escape import Escape
from tasker.engine.jobtable import JobTable
from tasker.engine.lingering import Lingering
from tasker.engine.pausing import Pausing
from tasker.engine.quotas import Quotas
from tasker.engine.retention import Retention
from tasker.engine.slices import Slices
from tasker.engine.turns import MOST_SLOTS, SLOTS, Active, Turns
from tasker.job import Job
from tasker.lifecycle import Event, State


class Jobs:
    def __init__(
        self,
        config: Config,
        table: JobTable,
        backends: Backends,
        quotas: Quotas,
        accounts: Accounts,
        retention: Retention,
    ) -> None:
        self.config = config
        self.table = table
        self.backends = backends
        self._collector = collector = backends.collector
        self._systemd = systemd = backends.systemd
        self.quotas = quotas
        self._accounts = accounts
        self._audit = audit = backends.audit
        self._tasks = tasks = backends.tasks
        self.run_ending = False
        """The service is being stopped: starts are refused."""
        self.active = Active()
        """Owners who are starting jobs, or whose jobs are ending."""
        self._ends = Turns(SLOTS, MOST_SLOTS, self.active)
        """Separate from the turns of starts, so that the end of a job never waits for a start."""
        self.events = CgroupEvents()
        self.slices = Slices(quotas, systemd, backends.cgroups)
        self.escape = Escape(collector, audit, tasks, backends.cgroups)
        self.pausing = Pausing(systemd, audit, tasks, self.store_record)
        self.lingering = Lingering(systemd, self.events, self.pausing, self.store_record)
        self._retention = retention
        self._conclusions = Conclusions(systemd, self.slices)

    def grace(self, job: Job) -> float:
        """The job's grace period: seconds from SIGTERM to SIGKILL, for a stop that does not specify its own."""
        return self.config.jobs.grace if job.spec.grace is None else job.spec.grace

    def linger(self, job: Job) -> float:
        """Seconds for which processes that the leader left behind may run while one of them holds the output."""
        return self.config.jobs.linger if job.spec.linger is None else job.spec.linger

    def watch(self, entry: Entry) -> None:
        """Manages a running job until its end, in the background."""
        if entry.cgroup is not None:
            self.events.watch(entry.cgroup, entry.measure)
            self.events.watch(entry.cgroup, entry.memory_event, "memory.events")
            self.events.watch(entry.cgroup, entry.pids_event, "pids.events")
            self.events.watch(entry.cgroup, functools.partial(self.pausing.refresh, entry))
            self.pausing.refresh(entry)
            if entry.job.uid == 0:
                self.events.watch(entry.cgroup, functools.partial(self.escape.cgroup_changed, entry))
                self.escape.cgroup_changed(entry)
        self._tasks.spawn(self._see_off(entry))

    async def refresh(self, entry: Entry) -> Job:
        """Returns the job with its limits in force and its usage, read now if the job has a cgroup."""
        await self.escape.check(entry)
        if entry.cgroup is None:
            return entry.job
        now, differing = inforce.read_limits(entry.job, entry.cgroup, self._systemd.default_tasks)
        return dataclasses.replace(
            entry.job, in_force=now, differing=differing, usage=entry.measure() or entry.job.usage
        )

    def reload(self, config: Config) -> None:
        """Replaces the configuration. Running jobs continue; slices get their new quotas."""
        self.config = self._accounts.config = self.quotas.config = config
        self._tasks.spawn(self.slices.refresh())

    def exited(self, notice: wire.Exited) -> None:
        """A leader has exited."""
        entry = self.table.get(notice.job)
        if entry is not None and not entry.exited.done():
            entry.output_ended = notice.output_ended
            entry.exited.set_result(notice.exit)

    def output_ended(self, notice: wire.OutputEnded) -> None:
        """The last process that held the output of a job has closed it; the leader has exited."""
        entry = self.table.get(notice.job)
        if entry is not None:
            entry.output_ended = notice.time
            entry.remaining_changed.set()

    def followed(self, notice: wire.FollowerCount) -> None:
        """The number of streams on a job's output has changed."""
        entry = self.table.get(notice.job)
        if entry is not None and not entry.job.archived and entry.job.followers != notice.count:
            entry.change(followers=notice.count)

    async def _see_off(self, entry: Entry) -> None:
        exit = await entry.exited
        group = entry.job.pid
        if entry.job.state is not State.ENDING:  # an earlier engine may have done this
            clock = dataclasses.replace(entry.job.clock, exited=exit.monotonic)
            entry.move(Event.EXITED, exited=exit.time, clock=clock, pid=0)
        entry.disarm()
        ended = (exit.time, exit.monotonic)
        if entry.cgroup is not None and await self._emptied(entry, entry.cgroup, group):
            ended = (time.time(), time.monotonic())
        with await self._ends.take(entry.job.owner):
            finished = await self._collector.finish(entry.job.id)
            await self._conclusions.conclude(entry, exit, ended, finished.written)
            await self.store_record(entry)
            await self._systemd.unref(entry.job.unit)
        assert entry.job.outcome is not None
        actor = entry.stop.by if entry.stop is not None else "systemd"
        self._audit.job(entry.job, "end", entry.job.outcome.verdict, actor=actor)
        entry.output_memory = finished.output_memory
        self.table.end(entry)
        self._retention.apply()

    async def _emptied(self, entry: Entry, cgroup: Cgroup, group: int) -> bool:
        """Waits until the job has no process left; returns whether the leader left processes behind. `group` was the
        process group of the leader."""
        if not entry.meter.final:
            entry.measure()
        linger, grace = self.linger(entry.job), self.grace(entry.job)
        lingered = await self.lingering.empty(entry, cgroup, group, linger, grace)
        if not entry.meter.final:
            entry.measure()
        cgroup.close()
        entry.cgroup = None
        return lingered

    async def store_record(self, entry: Entry) -> None:
        """Sends the job's record to the collector, for the next engine."""
        await self._collector.store_record(entry.job.id, entry.record())
