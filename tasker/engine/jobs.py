"""The life of every job: its start, and what happens when its leader has exited. Asks the collector and systemd.

    start:  turn ─▶ reserve ─▶ Launch (held at the gate) ─▶ scope stands, limits read back ─▶ Release ─▶ RUNNING
    end:    Exited ─▶ cgroup empty (lingering.py) ─▶ turn ─▶ Finish (last bytes) ─▶ systemd's result ─▶ ENDED

A start takes its owner's turn (turns.py) from before the account is looked up until the scope stands. Up to the launch
it is dropped if its caller is gone; from then on it is carried to its end.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import logging
import os
import time
from pathlib import Path

from tasker import wire
from tasker.channel import Channel
from tasker.config import Config
from tasker.engine import disks, inforce, names
from tasker.engine.accounts import Account, Accounts
from tasker.engine.ceilings import Ceilings
from tasker.engine.cgroup import Cgroup
from tasker.engine.cgroup_events import CgroupEvents
from tasker.engine.conclusions import Conclusions
from tasker.engine.entry import Entry
from tasker.engine.escape import Escape
from tasker.engine.journal import Journal
from tasker.engine.launcher import Launcher
from tasker.engine.lingering import Lingering
from tasker.engine.pausing import Pausing
from tasker.engine.retention import Retention
from tasker.engine.slices import Slices
from tasker.engine.startrate import StartRate
from tasker.engine.systemd import Systemd
from tasker.engine.table import Table
from tasker.engine.tasks import Tasks
from tasker.engine.turns import Active, Turn, Turns
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity
from tasker.job import Clock, Job, JobSpec, check_spec
from tasker.lifecycle import Event, State
from tasker.policy import demand

log = logging.getLogger(__name__)

SLOTS = 16
"""Starts under way, and as many ends. More add only latency."""
MOST_SLOTS = 1
"""Of one owner, while others are active: what is under way for one delays the others' by as much again (measured)."""


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
        self._rate = StartRate()
        active = Active()
        self._turns = Turns(SLOTS, MOST_SLOTS, active)
        self._ends = Turns(SLOTS, MOST_SLOTS, active)
        """Apart, so that the end of a job never waits for starts."""
        self._events = CgroupEvents()
        self.slices = Slices(ceilings, systemd, cgroups)
        self.launcher = Launcher(collector, systemd, self.slices, self._events, cgroups)
        self.escape = Escape(collector, journal, tasks, cgroups)
        self._tasks = tasks
        self.pausing = Pausing(systemd, journal, tasks, self.note)
        self.lingering = Lingering(systemd, self._events, self.pausing, self.note)
        self._retention = retention
        self._conclusions = Conclusions(systemd, self.slices)

    # ── start ────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self, caller: Identity, spec: JobSpec) -> Job:
        """A running job. Raises TaskerError, and then no process and no unit is left."""
        demand("start", caller, what="a job")
        check_spec(spec, os.cpu_count() or 1)
        self._demand_rate(caller.name)
        try:
            turn = await self._turns.take(caller.name)
            try:
                account = await self._account(caller, spec.user)
                entry = self._reserve(caller, spec, account)
            except BaseException:
                turn.end()
                raise
        except asyncio.CancelledError:
            self._journal.refusal("start", caller, _caller_gone(spec), None)
            raise
        return await self._tasks.to_its_end(self._start(caller, entry, account, turn))

    def _demand_rate(self, owner: str) -> None:
        """Count a start. Raises TaskerError(EXHAUSTED) where `owner` starts jobs too fast."""
        rate = self.config.ceiling(owner).starts
        wait = self._rate.take(owner, rate, time.monotonic())
        if wait and rate is not None:
            raise self._ceilings.too_fast(owner, rate, wait)

    def _reserve(self, caller: Identity, spec: JobSpec, account: Account) -> Entry:
        """A new job in the table. Raises TaskerError where there may be none. Never waits, so that the jobs counted are
        those that there are."""
        self._ceilings.check(caller.name, spec.limits)
        self._retention.demand_room()
        found = disks.find_all(io.path for io in spec.limits.io)
        if self.run_ending:
            raise TaskerError(Reason.UNAVAILABLE, "cannot start a job: the service is being stopped; try again later")
        self._ceilings.check_count(caller.name)
        ring = self._ceilings.ring(caller.name)
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
            disks=found,
            ring=ring,
            ring_asked=self.config.output.ring,
        )
        entry = Entry(job)
        self.table.add(entry)
        return entry

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

    async def _start(self, caller: Identity, entry: Entry, account: Account, turn: Turn) -> Job:
        try:
            with turn:
                launch = await self.launcher.bring_up(entry, account, self.patience(entry.job))
            await self.launcher.release(entry, launch)  # without a turn: its command's file system may hang
        except BaseException:
            entry.move(Event.FAILED)
            self.table.remove(entry)
            await self.launcher.abandon(entry)
            for event in (entry.settled, entry.exit_known, entry.over):
                event.set()
            raise
        entry.move(Event.STARTED, started=time.time(), clock=Clock(started=time.monotonic()))
        await self.note(entry)
        entry.settled.set()
        job = entry.job
        self._journal.job(job, "start", f"{job.owner} started {' '.join(job.spec.argv)}", actor=caller)
        self.watch(entry)
        return job

    def patience(self, job: Job) -> float:
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
            self._events.watch(entry.cgroup, entry.ran_short, "memory.events")
            self._events.watch(entry.cgroup, entry.refused_task, "pids.events")
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
        now, differing = inforce.look(entry.job, entry.cgroup, self._systemd.default_tasks)
        return dataclasses.replace(
            entry.job, in_force=now, differing=differing, usage=entry.measure() or entry.job.usage
        )

    def reload(self, config: Config) -> None:
        """From now on this configuration holds. What runs goes on; slices get their new ceilings."""
        self.config = self._accounts.config = self._ceilings.config = config
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
            entry.stirred.set()

    def followed(self, notice: wire.Followers) -> None:
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
        with await self._ends.take(entry.job.owner):
            finished = await self._collector.request(wire.Finish(entry.job.id))
            assert isinstance(finished, wire.Finished)
            await self._conclusions.conclude(entry, exit, ended, finished.written)
            await self.note(entry)
            await self._systemd.unref(entry.job.unit)
        assert entry.job.outcome is not None
        actor = entry.stop.by if entry.stop is not None else "systemd"
        self._journal.job(entry.job, "end", entry.job.outcome.verdict, actor=actor)
        entry.held = finished.held
        self.table.end(entry)
        self._retention.apply()

    async def _emptied(self, entry: Entry, cgroup: Cgroup, group: int) -> bool:
        """Wait until no process is left of it; whether the leader, whose group is given, had left any behind."""
        if not entry.meter.final:
            entry.measure()
        linger, grace = self.linger(entry.job), self.patience(entry.job)
        lingered = await self.lingering.empty(entry, cgroup, group, linger, grace)
        if not entry.meter.final:
            entry.measure()
        cgroup.close()
        entry.cgroup = None
        return lingered

    async def note(self, entry: Entry) -> None:
        """Have the collector keep what an engine must know of it after a restart."""
        await self._collector.request(wire.Note(entry.job.id, entry.record()))


def _caller_gone(spec: JobSpec) -> TaskerError:
    """For the journal; there is nobody to be told."""
    command = " ".join(spec.argv)[:80]
    return TaskerError(Reason.REFUSED, f"cannot start {command}: its caller was gone before the launch")
