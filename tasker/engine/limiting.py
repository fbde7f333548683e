"""Limits of a job that runs, changed: checked as at a start, told to systemd, noted, and read back from the cgroup.

What is set here is changed, a limit that is lifted is gone (but for the maximum that the configuration has), the rest
stays. systemd keeps it until the scope ends.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Collection
from typing import Any

from tasker import wire
from tasker.engine import disks, properties
from tasker.engine.ceilings import Ceilings
from tasker.engine.jobs import Jobs
from tasker.engine.systemd import Systemd
from tasker.engine.table import Entry
from tasker.job import Job
from tasker.lifecycle import State
from tasker.limits import IoLimit, Limits, check_change, check_limits, named
from tasker.quantity import format_size


class Limiting:
    def __init__(self, jobs: Jobs, systemd: Systemd, ceilings: Ceilings) -> None:
        self._jobs = jobs
        self._systemd = systemd
        self._ceilings = ceilings
        self._changing = asyncio.Lock()
        """People change limits, so one change at a time is fast enough, and none undoes another."""

    async def limit(self, request: wire.LimitJob, entry: Entry) -> Job:
        """The job with what is in force then. Raises TaskerError."""
        check_change(request.limits, request.lift, os.cpu_count() or 1)
        await disks.check_paths(request.limits)
        self._ceilings.check(entry.job.owner, request.limits)
        await entry.settled.wait()
        async with self._changing:
            entry.demand("change the limits of", State.RUNNING, State.PAUSED, State.ENDING)
            limits = self._ceilings.capped(changed(entry.job.limits, request.limits, request.lift))
            fields = {*named(request.limits), *request.lift}
            if "memory" in fields:
                fields.add("memory_swap")  # which follows from it
            await self._systemd.set_properties(entry.job.unit, properties.changes(limits, fields))
            entry.change(limits=limits)
            await self._jobs.note(entry)
        if entry.cgroup is None:
            return entry.job  # it has ended meanwhile
        properties.verify(Limits(**{field: getattr(limits, field) for field in fields}), entry.cgroup, fields)
        return await self._jobs.look(entry)


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


def told(request: wire.LimitJob) -> str:
    """What was done, for the journal."""
    words = [f"{name} {_value(name, getattr(request.limits, name))}" for name in named(request.limits)]
    return f"changed its limits: {', '.join(words + [f'{name} lifted' for name in request.lift])}"


def _value(name: str, value: Any) -> str:
    if name == "io":
        return "; ".join(f"{io.path} {' '.join(sorted(properties.wanted_of(io)))}" for io in value)
    return format_size(value) if name.startswith("memory") else f"{value:g}"
