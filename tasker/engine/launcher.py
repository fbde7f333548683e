"""Starts a job in an order that never lets the command run without its limits; cleans up after a failed start.

Launch ─▶ the leader waits at its gate ─▶ the scope holds it, limits verified ─▶ Release ─▶ the command runs
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from tasker import wire
from tasker.engine import disklimits, properties, scope
from tasker.engine.accounts import Account
from tasker.engine.advice import exec_error
from tasker.engine.cgroup_events import CgroupEvents
from tasker.engine.collector import Collector
from tasker.engine.entry import Entry
from tasker.engine.slices import Slices
from tasker.engine.systemd import Systemd
from tasker.engine.usage import FAST
from tasker.errors import TaskerError, invalid

_GROWTH = 20 << 10
"""Bytes by which a job's record may grow until its end: the leader must still fit into a datagram then."""


class Launcher:
    def __init__(
        self, collector: Collector, systemd: Systemd, slices: Slices, events: CgroupEvents, cgroups: Path
    ) -> None:
        self._collector = collector
        self._systemd = systemd
        self._slices = slices
        self._events = events
        self._cgroups = cgroups

    async def bring_up(self, entry: Entry, account: Account, grace: float) -> wire.Launch:
        """Brings the leader to its gate, in its scope with its limits in force. Raises TaskerError."""
        job = entry.job
        launch = launch_of(entry, account)
        if not _fits(launch):
            raise invalid("cannot start a command of this length; put its arguments into a file")
        await self._slices.hold(job.owner)
        entry.change(pid=await self._collector.launch(launch))
        entry.cgroup = await scope.make(entry.job, grace, self._systemd, self._cgroups)
        properties.verify(job.limits, entry.cgroup)
        disklimits.verify(job.limits.io, job.disks, entry.cgroup)
        self._slices.verify(job.owner)
        entry.cgroup.keep_open(*FAST)
        self._events.watch(entry.cgroup, entry.measure)  # takes the last reading as soon as the cgroup is empty
        entry.read_counters()  # a first reading, in case systemd removes the cgroup before that
        return launch

    async def release(self, entry: Entry, launch: wire.Launch) -> None:
        """Opens the gate and waits until the command runs. Raises TaskerError."""
        job = entry.job
        released = await self._collector.release(job.id)
        if released.errno:
            raise exec_error(job, launch, released)
        entry.read_counters()

    async def abandon(self, entry: Entry) -> None:
        """Cleans up after a job that failed to start."""
        with contextlib.suppress(TaskerError):
            await self._collector.forget(entry.job.id)
        if entry.cgroup is not None:
            entry.cgroup.kill()
            await self._events.emptied(entry.cgroup)
            entry.cgroup.close()
            entry.cgroup = None
        await self._systemd.unref(entry.job.unit)


def launch_of(entry: Entry, account: Account) -> wire.Launch:
    """The Launch request for a job."""
    job = entry.job
    return wire.Launch(
        job=job.id,
        argv=job.spec.argv,
        environment=account.environment(job.id, job.owner) | job.spec.environment,
        working_directory=job.spec.working_directory or account.home,
        uid=account.uid,
        gid=account.gid,
        groups=account.groups,
        ring_capacity=job.ring,
        record=entry.record(),
        owner=job.owner,
        nice=job.spec.nice,
    )


def _fits(launch: wire.Launch) -> bool:
    """Whether the data about the leader fits into a datagram: in Launch and in Leaders."""
    try:
        return len(wire.encode(0, launch)) <= wire.LARGEST_DATAGRAM - _GROWTH
    except wire.WireError:
        return False
