"""The life of every job: its start, and what happens when its leader has exited. Asks the collector and systemd.

    start:  reserve ─▶ Launch (held at the gate) ─▶ scope stands, limits read back ─▶ Release ─▶ RUNNING
    end:    Exited ─▶ cgroup empty (lingering.py) ─▶ Finish (last bytes) ─▶ systemd's result ─▶ ENDED

What has begun is carried to its end, whoever asked for it and is gone.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
import os
import time
from pathlib import Path

from tasker import wire
from tasker.config import Config
from tasker.engine import disks, inforce, names
from tasker.engine.accounts import Account, Accounts
from tasker.engine.quotas import Quotas
from tasker.engine.cgroup import Cgroup
from tasker.engine.cgroup_events import CgroupEvents
from tasker.engine.collector import Collector
from tasker.engine.conclusions import Conclusions
from tasker.engine.entry import Entry
from tasker.engine.escape import Escape
from tasker.engine.audit import AuditTrail
from tasker.engine.launcher import Launcher
from tasker.engine.lingering import Lingering
from tasker.engine.pausing import Pausing
from tasker.engine.retention import Retention
from tasker.engine.slices import Slices
from tasker.engine.systemd import Systemd
from tasker.engine.jobtable import JobTable
from tasker.engine.tasks import Tasks
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity
from tasker.job import Clock, Job, JobSpec, check_spec
from tasker.lifecycle import Event, State
from tasker.policy import demand

log = logging.getLogger(__name__)


class Jobs:
    def __init__(
        self,
        config: Config,
        table: JobTable,
        collector: Collector,
        systemd: Systemd,
        quotas: Quotas,
        accounts: Accounts,
        audit: AuditTrail,
        cgroups: Path,
        tasks: Tasks,
        retention: Retention,
    ) -> None:
        """`cgroups` is the root of the cgroup v2 hierarchy."""
        self.config = config
        self.table = table
        self._collector = collector
        self._systemd = systemd
        self._quotas = quotas
        self._accounts = accounts
        self._audit = audit
        self.cgroups = cgroups
        self.run_ending = False
        """The service is being stopped: nothing is started any more."""
        self._events = CgroupEvents()
        self.slices = Slices(quotas, systemd, cgroups)
        self._launcher = Launcher(collector, systemd, self.slices, self._events, cgroups)
        self.escape = Escape(collector, audit, tasks, cgroups)
        self._tasks = tasks
        self.pausing = Pausing(systemd, audit, tasks, self.store_record)
        self.lingering = Lingering(systemd, self._events, self.pausing, self.store_record)
        self._retention = retention
        self._conclusions = Conclusions(systemd, self.slices)

    # ── start ────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self, caller: Identity, spec: JobSpec) -> Job:
        """A running job. Raises TaskerError, and then no process and no unit is left."""
        demand("start", caller, what="a job")
        check_spec(spec, os.cpu_count() or 1)
        if spec.nice < 0:
            demand("start at", caller, what=f"nice {spec.nice}")
        account = await self._account(caller, spec.user)
        self._quotas.check(caller.name, spec.limits)
        self._retention.demand_room()
        found = disks.find_all(io.path for io in spec.limits.io)
        if self.run_ending:  # nothing is awaited from here until it stands in the table, and is counted
            raise TaskerError(Reason.UNAVAILABLE, "cannot start a job: the service is being stopped; try again later")
        self._quotas.check_count(caller.name)
        ring = self._quotas.ring(caller.name)
        id = next(id for id in iter(names.new_id, None) if id not in self.table)
        job = Job(
            id=id,
            owner=caller.name,
            spec=spec,
            unit=names.unit_name(id),
            slice=names.slice_name(caller.name),
            user=account.name,
            uid=account.uid,
            state=State.STARTING,
            created=time.time(),
            limits=self._quotas.granted(spec.limits),
            disks=found,
            ring=ring,
            ring_asked=self.config.output.ring,
        )
        entry = Entry(job)
        self.table.add(entry)
        return await self._tasks.to_its_end(self._start(caller, entry, account))

    async def _account(self, caller: Identity, user: str) -> Account:
        if not user:
            return await self._accounts.of_owner(caller.name)
        own = await self._accounts.own(caller.name)
        if own is not None and own.name == user:
            return own
        if not self.config.jobs.as_others:
            text = f"cannot start as {user[:40]!r}: [jobs] as_others is false in tasker.toml, so no job runs as root or"
            raise TaskerError(Reason.DENIED, f"{text} as an account that is not its owner's own; leave out the account")
        demand("start as", caller, what=user)
        return await self._accounts.named(user)

    async def _start(self, caller: Identity, entry: Entry, account: Account) -> Job:
        try:
            await self._launcher.bring_up(entry, account, self.grace(entry.job))
        except BaseException:
            entry.move(Event.FAILED)
            self.table.remove(entry)
            await self._launcher.abandon(entry)
            for event in (entry.settled, entry.exit_known, entry.over):
                event.set()
            raise
        entry.move(Event.STARTED, started=time.time(), clock=Clock(started=time.monotonic()))
        await self.store_record(entry)
        entry.settled.set()
        job = entry.job
        self._audit.job(job, "start", f"{job.owner} started {' '.join(job.spec.argv)}", actor=caller)
        self.watch(entry)
        return job

    def grace(self, job: Job) -> float:
        """Seconds from SIGTERM to SIGKILL where a stop names none."""
        return self.config.jobs.grace if job.spec.grace is None else job.spec.grace

    def linger(self, job: Job) -> float:
        """Seconds that processes which its leader leaves behind may go on while one of them holds the output."""
        return self.config.jobs.linger if job.spec.linger is None else job.spec.linger

    # ── end ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def watch(self, entry: Entry) -> None:
        """See a running job to its end, in the background."""
        if entry.cgroup is not None:
            self._events.watch(entry.cgroup, entry.measure)
            self._events.watch(entry.cgroup, entry.memory_event, "memory.events")
            self._events.watch(entry.cgroup, entry.pids_event, "pids.events")
            self._events.watch(entry.cgroup, functools.partial(self.pausing.refresh, entry))
            self.pausing.refresh(entry)
            if entry.job.uid == 0:
                self._events.watch(entry.cgroup, functools.partial(self.escape.cgroup_changed, entry))
                self.escape.cgroup_changed(entry)
        self._tasks.spawn(self._see_off(entry))

    async def refresh(self, entry: Entry) -> Job:
        """The job with what is in force for it and what it uses, read now where it has a cgroup."""
        await self.escape.check(entry)
        if entry.cgroup is None:
            return entry.job
        now, differing = inforce.read_limits(entry.job, entry.cgroup, self._systemd.default_tasks)
        return dataclasses.replace(
            entry.job, in_force=now, differing=differing, usage=entry.measure() or entry.job.usage
        )

    def reload(self, config: Config) -> None:
        """From now on this configuration holds. What runs goes on; slices get their new quotas."""
        self.config = self._accounts.config = self._quotas.config = config
        self._tasks.spawn(self.slices.refresh())

    def exited(self, notice: wire.Exited) -> None:
        """A leader has exited."""
        entry = self.table.get(notice.job)
        if entry is not None and not entry.exited.done():
            entry.output_ended = notice.output_ended
            entry.exited.set_result(notice.exit)

    def output_ended(self, notice: wire.OutputEnded) -> None:
        """No process holds the output of a job any more whose leader has exited."""
        entry = self.table.get(notice.job)
        if entry is not None:
            entry.output_ended = notice.time
            entry.remaining_changed.set()

    def followed(self, notice: wire.FollowerCount) -> None:
        """Another number of streams follows a job's output."""
        entry = self.table.get(notice.job)
        if entry is not None and not entry.job.archived and entry.job.followers != notice.count:
            entry.change(followers=notice.count)

    async def _see_off(self, entry: Entry) -> None:
        exit = await entry.exited
        group = entry.job.pid
        if entry.job.state is not State.ENDING:  # an earlier engine may have come so far
            clock = dataclasses.replace(entry.job.clock, exited=exit.monotonic)
            entry.move(Event.EXITED, exited=exit.time, clock=clock, pid=0)
        entry.disarm()
        ended = (exit.time, exit.monotonic)
        if entry.cgroup is not None and await self._emptied(entry, entry.cgroup, group):
            ended = (time.time(), time.monotonic())
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
        """Wait until no process is left of it; whether the leader, whose group is given, had left any behind."""
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
        """Have the collector keep what an engine must know of it after a restart."""
        await self._collector.store_record(entry.job.id, entry.record())
