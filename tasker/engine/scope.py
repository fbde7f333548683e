"""Makes a job's scope: its properties, and the check that its cgroup holds the leader."""

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
"""Seconds after the grace period until systemd kills a job, in case no engine is running."""


def describe(job: Job, grace: float) -> list[Property]:
    """Returns the properties of a scope whose leader waits at the gate. Neither User= nor Delegate=: the collector sets
    up the process."""
    return [
        ("Description", "s", names.description(job.owner, job.spec.argv)),
        ("PIDs", "au", [job.pid]),
        ("Slice", "s", job.slice),
        ("PartOf", "as", [names.COLLECTOR]),  # the end of the run ends the job, even without an engine
        ("After", "as", [names.COLLECTOR]),
        ("AddRef", "b", True),  # stays loaded until its result is read
        ("CollectMode", "s", "inactive-or-failed"),
        ("OOMPolicy", "s", "kill"),
        *((f"{what}Accounting", "b", True) for what in ("CPU", "Memory", "IO", "Tasks")),  # IO is off by default
        ("Controller", "s", names.BUS),  # the engine stops the job, with its grace period: see deactivations.py
        ("TimeoutStopUSec", "t", round((grace + _MARGIN) * 1_000_000)),
        *properties.properties(job.limits),
        *disklimits.properties(job.limits.io, job.disks),
    ]


async def make(job: Job, grace: float, systemd: Systemd, root: Path) -> Cgroup:
    """Makes the scope and returns its cgroup, which is below `root` and holds the leader. Raises TaskerError.

    Tries twice, because systemd sometimes marks a new scope as dead (systemd issue 36781).
    """
    for _ in range(2):
        await systemd.start_scope(job.unit, describe(job, grace))
        cgroup = await find(job.unit, systemd, root)
        if cgroup is not None:
            with contextlib.suppress(OSError):  # the scope no longer exists
                if cgroup.holds(job.pid):
                    return cgroup
            cgroup.close()
        log.warning("%s does not contain its leader after its start", job.unit)
        await systemd.unref(job.unit)
    raise TaskerError(Reason.REFUSED, f"cannot start job {job.id}: systemd stopped its scope at once; try again")


async def find(name: str, systemd: Systemd, root: Path) -> Cgroup | None:
    """The cgroup of a unit, or None."""
    unit = await systemd.unit(name)
    if unit is None or not unit.cgroup:
        return None
    with contextlib.suppress(OSError):
        return Cgroup(root / unit.cgroup.lstrip("/"))
    return None
