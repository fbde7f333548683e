"""Limits of a job that runs, changed: checked as at a start, told to systemd, read back from the cgroup, and noted.

What is set here is changed, a limit that is lifted is gone (but for the maximum that the configuration has), the rest
stays. systemd keeps it until the scope ends. A change that fails changes nothing.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Collection

from tasker import wire
from tasker.engine import disklimits, disks, fatal, properties
from tasker.engine.quotas import Quotas
from tasker.engine.cgroup import Cgroup
from tasker.engine.entry import Entry
from tasker.engine.jobs import Jobs
from tasker.engine.properties import Property
from tasker.engine.rollback import Before, restoring
from tasker.engine.systemd import Systemd
from tasker.engine.tasks import Tasks
from tasker.errors import Reason, TaskerError
from tasker.job import Job
from tasker.lifecycle import State
from tasker.limits import ROWS, Disk, IoLimit, Limits, check_change, check_limits, named


class Limiting:
    def __init__(self, jobs: Jobs, systemd: Systemd, quotas: Quotas, tasks: Tasks) -> None:
        self._jobs = jobs
        self._systemd = systemd
        self._quotas = quotas
        self._tasks = tasks
        self._changing = asyncio.Lock()
        """People change limits, so one change at a time is fast enough, and none undoes another."""

    async def limit(self, request: wire.LimitJob, entry: Entry) -> Job:
        """The job with what is in force then; where the change ended it, as it ended. Raises TaskerError."""
        check_change(request.limits, request.lift, os.cpu_count() or 1)
        found = disks.find_all(io.path for io in request.limits.io)
        self._quotas.check(entry.job.owner, request.limits)
        await entry.settled.wait()
        await self._tasks.to_its_end(self._limit(request, entry, found))
        if entry.cgroup is None or not entry.cgroup.populated:  # a limit below what it used was its end
            return await entry.ended_within(fatal.ACTS_WITHIN)
        return await self._jobs.refresh(entry)

    async def _limit(self, request: wire.LimitJob, entry: Entry, found: tuple[Disk, ...]) -> None:
        async with self._changing:
            entry.demand("change the limits of", State.RUNNING, State.PAUSED, State.ENDING)
            if (cgroup := entry.cgroup) is None:
                raise TaskerError(Reason.REFUSED, f"cannot change the limits of job {entry.job.id}: it has ended")
            limits = self._quotas.capped(changed(entry.job.limits, request.limits, request.lift))
            fields = {*named(request.limits), *request.lift}
            if "memory" in fields:
                fields.add("memory_swap")  # which follows from it
            named_now = {disk.path for disk in found}
            kept = (disk for disk in disklimits.disks_of(entry.job) if disk.path not in named_now)
            on = (*kept, *found)
            job = dataclasses.replace(entry.job, limits=limits, disks=on if limits.io else ())
            async with restoring(job.unit, fields, self._systemd, cgroup) as before:
                await self._systemd.set_properties(job.unit, _wanted_properties(entry.job, job, fields, before))
                _verify(job, fields, cgroup)
            entry.change(limits=job.limits, disks=job.disks)
            await self._jobs.store_record(entry)


def _wanted_properties(before: Job, after: Job, fields: Collection[str], had: Before) -> list[Property]:
    """What SetUnitProperties is told, so that `fields` of the limits of a job become others."""
    describe = properties.changes(after.limits, fields)
    if "io" not in fields:
        return describe
    if not after.limits.io:
        return describe + disklimits.lifted()
    was = disklimits.disks_of(before)
    old, new = disklimits.by_disk(before.limits.io, was), disklimits.by_disk(after.limits.io, after.disks)
    return describe + disklimits.changes(old, new, (*was, *after.disks), had.files["io.max"], had.disks)


def _verify(job: Job, fields: Collection[str], cgroup: Cgroup) -> None:
    """Raise TaskerError(REFUSED) for the first of `fields` that is not in force, unless the job has just ended."""
    try:
        properties.verify(Limits(**{field: getattr(job.limits, field) for field in fields}), cgroup, fields)
        if "io" in fields and not job.limits.io:
            disklimits.verify_lifted(cgroup)
        elif "io" in fields:
            disklimits.verify(job.limits.io, job.disks, cgroup)
    except TaskerError:
        if cgroup.text("cgroup.events"):
            raise


def changed(limits: Limits, asked: Limits, lift: Collection[str]) -> Limits:
    """`limits` with what is asked in place of its own; of disks, path by path and value by value."""
    changes = {name: getattr(asked, name) for name in named(asked)}
    if asked.io:
        paths = {io.path: io for io in limits.io}
        for io in asked.io:
            values = {f.name: getattr(io, f.name) for f in dataclasses.fields(io) if getattr(io, f.name) is not None}
            paths[io.path] = dataclasses.replace(paths.get(io.path, IoLimit(io.path)), **values)
        changes["io"] = tuple(paths.values())
        check_limits(Limits(io=changes["io"]))
    kept = {name: getattr(limits, name) for name in named(limits) if name not in lift}
    return Limits(**(kept | changes))


def describe(request: wire.LimitJob) -> str:
    """What was done, for the journal."""
    limits = request.limits
    found = [(row, getattr(limits, row.field)) for row in ROWS]
    words = [f"{row.field} {row.measure.show(value)}" for row, value in found if value is not None]
    if limits.io:
        words.append("io " + "; ".join(f"{io.path} {disklimits.words_of(io)}" for io in limits.io))
    return f"changed its limits: {', '.join(words + [f'{name} lifted' for name in request.lift])}"
