"""Changes limits of a running job: checked as at a start, set in systemd, verified in the cgroup, and recorded.

Limits that are set replace the present limits. Lifted limits are removed; if [maxima] has a value, that value replaces
them. Other limits do not change. systemd keeps the change until the scope ends. A failed change changes nothing.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Collection

from tasker import wire
from tasker.engine import disklimits, disks, fatal, properties
from tasker.engine.cgroup import Cgroup
from tasker.engine.entry import Entry
from tasker.engine.jobs import Jobs
from tasker.engine.properties import Property
from tasker.engine.rollback import Before, restoring
from tasker.errors import Reason, TaskerError
from tasker.job import Job
from tasker.lifecycle import State
from tasker.limits import ROWS, Disk, IoLimit, Limits, check_change, check_limits, named


class Limiting:
    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._systemd = jobs.backends.systemd
        self._quotas = jobs.quotas
        self._tasks = jobs.backends.tasks
        self._changing = asyncio.Lock()
        """One change at a time: they are rare, and concurrent ones could undo each other."""

    async def limit(self, request: wire.LimitJob, entry: Entry) -> Job:
        """Returns the job with the limits then in force, or the ended job if the change ended it. Raises
        TaskerError."""
        check_change(request.limits, request.lift, os.cpu_count() or 1)
        found = disks.find_all(io.path for io in request.limits.io)
        self._quotas.check(entry.job.owner, request.limits)
        await entry.settled.wait()
        await self._tasks.to_its_end(self._limit(request, entry, found))
        if entry.cgroup is None or not entry.cgroup.populated:  # a limit below the job's usage ended it
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
                fields.add("memory_swap")  # it follows from the memory limit
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
    """The properties for SetUnitProperties that change `fields` of a job's limits."""
    describe = properties.changes(after.limits, fields)
    if "io" not in fields:
        return describe
    if not after.limits.io:
        return describe + disklimits.lifted()
    was = disklimits.disks_of(before)
    old, new = disklimits.by_disk(before.limits.io, was), disklimits.by_disk(after.limits.io, after.disks)
    return describe + disklimits.changes(old, new, (*was, *after.disks), had.files["io.max"], had.disks)


def _verify(job: Job, fields: Collection[str], cgroup: Cgroup) -> None:
    """Raises TaskerError(REFUSED) for the first of `fields` that is not in force, unless the job has just ended."""
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
    """`limits` with the values of `asked` in place of their own; for disks, per path and value."""
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
    """What was changed, for the journal."""
    limits = request.limits
    found = [(row, getattr(limits, row.field)) for row in ROWS]
    words = [f"{row.field} {row.measure.show(value)}" for row, value in found if value is not None]
    if limits.io:
        words.append("io " + "; ".join(f"{io.path} {disklimits.words_of(io)}" for io in limits.io))
    return f"changed its limits: {', '.join(words + [f'{name} lifted' for name in request.lift])}"
