"""Starts jobs, from the request to the running command. Calls the collector and systemd.

    rate, turn ─▶ account ─▶ reserve ─▶ Launch (held at the gate) ─▶ scope exists, limits verified ─▶ Release ─▶ RUNNING

startrate.py limits how fast an owner may start jobs. The owner's turn (turns.py) lasts until the scope exists. A start
is cancelled if its caller disconnects before the launch; after the launch, it is always completed.
"""

from __future__ import annotations

import asyncio
import os
import time

from tasker.engine import disks, names
from tasker.engine.accounts import Account, Accounts
from tasker.engine.entry import Entry
from tasker.engine.jobs import Jobs
from tasker.engine.launcher import Launcher
from tasker.engine.retention import Retention
from tasker.engine.startrate import StartRate
from tasker.engine.turns import MOST_SLOTS, SLOTS, Turn, Turns
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity
from tasker.job import Clock, Job, JobSpec, check_spec
from tasker.lifecycle import Event, State
from tasker.policy import demand


class Starts:
    def __init__(
        self,
        jobs: Jobs,
        launcher: Launcher,
        accounts: Accounts,
        retention: Retention,
    ) -> None:
        self._jobs = jobs
        self._launcher = launcher
        self._quotas = jobs.quotas
        self._accounts = accounts
        self._audit = jobs.backends.audit
        self._tasks = jobs.backends.tasks
        self._retention = retention
        self._rate = StartRate()
        self._turns = Turns(SLOTS, MOST_SLOTS, jobs.active)

    async def start(self, caller: Identity, spec: JobSpec) -> Job:
        """Starts a job and returns it, running. Raises TaskerError; a failed start leaves neither process nor unit."""
        demand("start", caller, what="a job")
        check_spec(spec, os.cpu_count() or 1)
        if spec.nice < 0:
            demand("start at", caller, what=f"nice {spec.nice}")
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
            self._audit.refusal("start", caller, _caller_gone(spec), None)
            raise
        return await self._tasks.to_its_end(self._bring_up(caller, entry, account, turn))

    def _demand_rate(self, owner: str) -> None:
        """Counts a start. Raises TaskerError(EXHAUSTED) if `owner` starts jobs too fast."""
        rate = self._jobs.config.quota(owner).starts
        wait = self._rate.take(owner, rate, time.monotonic())
        if wait and rate is not None:
            raise self._quotas.too_fast(owner, rate, wait)

    def _reserve(self, caller: Identity, spec: JobSpec, account: Account) -> Entry:
        """Adds a new job to the table. Raises TaskerError if a quota does not allow it. Never awaits, so that no other
        start changes the counts between check and addition."""
        self._quotas.check(caller.name, spec.limits)
        self._retention.demand_room()
        found = disks.find_all(io.path for io in spec.limits.io)
        if self._jobs.run_ending:
            raise TaskerError(Reason.UNAVAILABLE, "cannot start a job: the service is being stopped; try again later")
        self._quotas.check_count(caller.name)
        ring = self._quotas.ring(caller.name)
        id = next(id for id in iter(names.new_id, None) if id not in self._jobs.table)
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
            ring_asked=self._jobs.config.output.ring,
        )
        entry = Entry(job)
        self._jobs.table.add(entry)
        return entry

    async def _account(self, caller: Identity, user: str) -> Account:
        if not user:
            return await self._accounts.of_owner(caller.name)
        own = await self._accounts.own(caller.name)
        if own is not None and own.name == user:
            return own
        if not self._jobs.config.jobs.as_others:
            text = f"cannot start as {user[:40]!r}: [jobs] as_others is false in tasker.toml, so no job runs as root or"
            raise TaskerError(Reason.DENIED, f"{text} as an account that is not its owner's own; leave out the account")
        demand("start as", caller, what=user)
        return await self._accounts.named(user)

    async def _bring_up(self, caller: Identity, entry: Entry, account: Account, turn: Turn) -> Job:
        try:
            with turn:
                launch = await self._launcher.bring_up(entry, account, self._jobs.grace(entry.job))
            await self._launcher.release(entry, launch)  # after the turn: the command's file system may hang
        except BaseException:
            entry.move(Event.FAILED)
            self._jobs.table.remove(entry)
            await self._launcher.abandon(entry)
            for event in (entry.settled, entry.exit_known, entry.over):
                event.set()
            raise
        entry.move(Event.STARTED, started=time.time(), clock=Clock(started=time.monotonic()))
        await self._jobs.store_record(entry)
        entry.settled.set()
        job = entry.job
        self._audit.job(job, "start", f"{job.owner} started {' '.join(job.spec.argv)}", actor=caller)
        self._jobs.watch(entry)
        return job


def _caller_gone(spec: JobSpec) -> TaskerError:
    """The error for the audit trail when the caller has disconnected; nobody receives it."""
    command = " ".join(spec.argv)[:80]
    return TaskerError(Reason.REFUSED, f"cannot start {command}: its caller disconnected before the launch")
