"""A job's scope: what it is made of, and making it until it truly holds the leader."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

from tasker.engine import disklimits, names, properties
from tasker.engine.cgroup import Cgroup
from tasker.engine.properties import Property
from tasker.engine.systemd import Systemd
from tasker.errors import Reason, TaskerError
from tasker.job import Job

log = logging.getLogger(__name__)

_MARGIN = 10.0
"""Seconds past the grace, after which systemd kills a job whose end it left to an engine that is not there."""


def describe(job: Job, grace: float) -> list[Property]:
    """Of a job whose leader waits at the gate. Never User= or Delegate=: what a process is, its collector sees to."""
    return [
        ("Description", "s", names.description(job.owner, job.spec.argv)),
        ("PIDs", "au", [job.pid]),
        ("Slice", "s", job.slice),
        ("PartOf", "as", [names.COLLECTOR]),  # the end of the run ends it, even if the engine is dead
        ("After", "as", [names.COLLECTOR]),
        ("AddRef", "b", True),  # it stays loaded until its result was read
        ("CollectMode", "s", "inactive-or-failed"),
        ("OOMPolicy", "s", "kill"),
        *((f"{what}Accounting", "b", True) for what in ("CPU", "Memory", "IO", "Tasks")),  # IO is not by default
        ("Controller", "s", names.BUS),  # its end is left to us, with the job's own grace: see deactivations.py
        ("TimeoutStopUSec", "t", round((grace + _MARGIN) * 1_000_000)),
        *properties.properties(job.limits),
        *disklimits.properties(job.limits.io, job.disks),
    ]


async def make(job: Job, grace: float, systemd: Systemd, root: Path) -> Cgroup:
    """The cgroup, below `root`, with the leader in it. Raises TaskerError.

    systemd now and then takes a scope that it has just made for dead (its issue 36781): then it is made once more.
    """
    for _ in range(2):
        await systemd.start_scope(job.unit, describe(job, grace))
        cgroup = await find(job.unit, systemd, root)
        if cgroup is not None:
            with contextlib.suppress(OSError):  # it is gone again
                if cgroup.holds(job.pid):
                    return cgroup
            cgroup.close()
        log.warning("%s does not hold its leader after its start", job.unit)
        await systemd.unref(job.unit)
    raise TaskerError(Reason.REFUSED, f"cannot start job {job.id}: systemd took its scope down at once; try again")


async def find(name: str, systemd: Systemd, root: Path) -> Cgroup | None:
    """The cgroup of a unit, if it has one now."""
    unit = await systemd.unit(name)
    if unit is None or not unit.cgroup:
        return None
    with contextlib.suppress(OSError):
        return Cgroup(root / unit.cgroup.lstrip("/"))
    return None
