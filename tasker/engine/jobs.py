"""The life of every job: its start, and what happens when its leader has exited. Asks the collector and systemd.

    start:  reserve ─▶ Launch (held at the gate) ─▶ scope stands, limits read back ─▶ Release ─▶ RUNNING
    end:    Exited ─▶ cgroup.kill ─▶ cgroup empty ─▶ Finish (last bytes) ─▶ systemd's result ─▶ ENDED

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
from tasker.channel import Channel
from tasker.config import Config
from tasker.engine import disks, inforce, names, properties
from tasker.engine.accounts import Account, Accounts
from tasker.engine.ceilings import Ceilings
from tasker.engine.cgroup_events import CgroupEvents
from tasker.engine.escape import Escape
from tasker.engine.journal import Journal
from tasker.engine.launcher import Launcher
from tasker.engine.outcomes import outcome_of, told
from tasker.engine.pausing import Pausing
from tasker.engine.retention import Retention
from tasker.engine.systemd import Systemd
from tasker.engine.table import Entry, Stop, Table
from tasker.engine.tasks import Tasks
from tasker.engine.usage import Totals, totals
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity
from tasker.job import Job, JobSpec, Outcome, check_spec
from tasker.lifecycle import Event, State
from tasker.limits import Limits
from tasker.policy import demand
from tasker.usage import Usage
from tasker.verdict import spoken_of

log = logging.getLogger(__name__)


class Jobs:
    def __init__(
        self,
        config: Config,
        table: Table,
        collector: Channel,
        systemd: Systemd,
        ceilings: Ceilings,
        accounts: Accounts,
        journal: Journal,
        cgroups: Path,
        tasks: Tasks,
        retention: Retention,
    ) -> None:
        """`cgroups` is the root of the cgroup v2 hierarchy."""
        self.config = config
        self.table = table
        self._collector = collector
        self._systemd = systemd
        self._ceilings = ceilings
        self._accounts = accounts
        self._journal = journal
        self.cgroups = cgroups
        self.run_ending = False
        """The service is being stopped: nothing is started any more."""
        self._events = CgroupEvents()
        self._launcher = Launcher(collector, systemd, ceilings, self._events, cgroups)
        self.escape = Escape(collector, journal, tasks, cgroups)
        self._tasks = tasks
        self.pausing = Pausing(systemd, journal, tasks, self.note)
        self._retention = retention

    # ── start ────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self, caller: Identity, spec: JobSpec) -> Job:
        """A running job. Raises TaskerError, and then no process and no unit is left."""
        demand("start", caller, what="a job")
        check_spec(spec, os.cpu_count() or 1)
        account = await self._account(caller, spec.user)
        self._ceilings.check(caller.name, spec.limits)
        self._retention.demand_room()
        await disks.check_paths(spec.limits)
        if self.run_ending:  # nothing is awaited from here until it stands in the table, and is counted
            raise TaskerError(Reason.UNAVAILABLE, "cannot start a job: the service is being stopped; try again later")
        self._ceilings.check_count(caller.name)
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
            limits=self._ceilings.granted(spec.limits),
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
        demand("start as", caller, what=user)
        return await self._accounts.named(user)

    async def _start(self, caller: Identity, entry: Entry, account: Account) -> Job:
        try:
            await self._launcher.bring_up(entry, account, self.config.output.ring, self.patience(entry.job))
        except BaseException:
            entry.move(Event.FAILED)
            self.table.remove(entry)
            await self._launcher.abandon(entry)
            entry.settled.set()
            entry.over.set()
            raise
        entry.move(Event.STARTED, started=time.time())
        await self.note(entry)
        entry.settled.set()
        job = entry.job
        self._journal.job(job, "start", f"{job.owner} started {' '.join(job.spec.argv)}", actor=caller)
        self.watch(entry)
        return job

    def patience(self, job: Job) -> float:
        """Seconds from SIGTERM to SIGKILL where a stop names none."""
        return self.config.jobs.grace if job.spec.grace is None else job.spec.grace

    # ── end ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def watch(self, entry: Entry) -> None:
        """See a running job to its end, in the background."""
        if entry.cgroup is not None:
            self._events.watch(entry.cgroup, entry.measure)
            self._events.watch(entry.cgroup, entry.ran_short, "memory.events")
            self._events.watch(entry.cgroup, functools.partial(self.pausing.look, entry))
            self.pausing.look(entry)
            if entry.job.uid == 0:
                self._events.watch(entry.cgroup, functools.partial(self.escape.news, entry))
                self.escape.news(entry)
        self._tasks.spawn(self._see_off(entry))

    async def look(self, entry: Entry) -> Job:
        """The job with what is in force for it and what it uses, read now where it has a cgroup."""
        await self.escape.look(entry)
        if entry.cgroup is None:
            return entry.job
        now, differing = await inforce.look(entry.job.limits, entry.cgroup, self._systemd.default_tasks)
        return dataclasses.replace(
            entry.job, in_force=now, differing=differing, usage=entry.measure() or entry.job.usage
        )

    def reload(self, config: Config) -> None:
        """From now on this configuration holds. What runs goes on; slices get their new ceilings."""
        self.config = self._accounts.config = self._ceilings.config = config
        self._tasks.spawn(self._ceilings.refresh())

    def exited(self, notice: wire.Exited) -> None:
        """A leader has exited."""
        entry = self.table.get(notice.job)
        if entry is not None and not entry.exited.done():
            entry.exited.set_result(notice.exit)

    def followed(self, notice: wire.Followers) -> None:
        """Another number of streams follows a job's output."""
        entry = self.table.get(notice.job)
        if entry is not None and not entry.job.archived and entry.job.followers != notice.count:
            entry.change(followers=notice.count)

    async def _see_off(self, entry: Entry) -> None:
        exit = await entry.exited
        if entry.job.state is not State.ENDING:  # an earlier engine may have come so far
            entry.move(Event.EXITED)
        entry.disarm()
        if entry.cgroup is not None:
            if not entry.meter.final:
                entry.measure()
            entry.cgroup.kill()
            await self._events.emptied(entry.cgroup)
            if not entry.meter.final:
                entry.measure()
            entry.cgroup.close()
            entry.cgroup = None
        finished = await self._collector.request(wire.Finish(entry.job.id))
        assert isinstance(finished, wire.Finished)
        result = await self._result(entry)
        if entry.unit_job and entry.stop is None:  # systemd was told to stop it, and that was faster than we are
            entry.stop = Stop("systemctl", exit.time)
        usage = totals(entry.meter, await self._totals(entry), exit.time)
        outcome = outcome_of(exit, result, entry.stop, usage.oom_kills if usage else 0, entry.sent)
        limits, differing = await self._felt(entry.job, outcome, usage)
        outcome = told(outcome, entry, limits, usage, exit.time, self._ceilings.of_memory(entry.job.owner))
        changes = {"ended": exit.time, "outcome": outcome, "usage": usage, "printed": finished.written}
        in_force = limits if differing else None
        entry.move(Event.SWEPT, **changes, in_force=in_force, differing=differing, pid=0, stopping_by="")
        await self.note(entry)
        await self._systemd.unref(entry.job.unit)
        actor = entry.stop.by if entry.stop is not None else "systemd"
        self._journal.job(entry.job, "end", outcome.verdict, actor=actor)
        entry.held = finished.held
        self.table.end(entry)
        self._retention.apply()

    async def _result(self, entry: Entry) -> str:
        """The scope's Result. A systemd that does not answer does not hold up the end of a job."""
        try:
            unit = await self._systemd.ended(entry.job.unit)
        except TaskerError as error:
            log.warning("cannot learn from systemd how %s ended: %s", entry.job.unit, error.message)
            return ""
        return unit.result if unit is not None else ""

    async def _totals(self, entry: Entry) -> Totals:
        """What systemd counted, where its own last look at the cgroup may have been later than ours."""
        if entry.meter.final:
            return Totals()
        try:
            return await self._systemd.totals(entry.job.unit)
        except TaskerError as error:
            log.warning("cannot learn from systemd what %s used: %s", entry.job.unit, error.message)
            return Totals()

    async def _felt(self, job: Job, outcome: Outcome, usage: Usage | None) -> tuple[Limits, tuple[str, ...]]:
        """What it was limited to in the end, and the field in which that is not what was asked for: an admin may have
        set another limit. Only the one that the verdict speaks of is looked at."""
        field = spoken_of(outcome, usage)
        if not field:
            return job.limits, ()
        try:
            said = await self._systemd.limit(job.unit, field)
        except TaskerError as error:
            log.warning("cannot learn from systemd the %s limit of %s: %s", field, job.unit, error.message)
            said = None
        limits = job.limits if said is None else properties.felt(job.limits, field, said)
        return limits, () if limits == job.limits else (field,)

    async def note(self, entry: Entry) -> None:
        """Have the collector keep what an engine must know of it after a restart."""
        await self._collector.request(wire.Note(entry.job.id, entry.record()))
