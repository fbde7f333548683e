"""Reads the limits in force for a running job from its cgroup, and finds differences from the requested limits, e.g.
after `systemctl set-property`.

A job without a tasks limit has systemd's DefaultTasksMax, which is shown as in force but is not a difference. The run
time is always the requested one: systemd does not change it for a running scope.
"""

from __future__ import annotations

from typing import Any

from tasker.engine import disklimits, properties
from tasker.engine.cgroup import Cgroup
from tasker.job import Job
from tasker.limits import Limits


def read_limits(job: Job, cgroup: Cgroup, default_tasks: int) -> tuple[Limits | None, tuple[str, ...]]:
    """Returns the limits in force and the fields that differ from the requested limits; None if the cgroup no longer
    exists."""
    limits = job.limits
    try:
        now, differing = _read(limits, cgroup, default_tasks)
        io, differs = disklimits.in_force(limits.io, disklimits.disks_of(job), cgroup.text("io.max"))
        cgroup.read("cgroup.events")  # raises if the cgroup is gone: then files are missing for that reason
    except OSError:
        return None, ()
    if differs:
        differing += ("io",)
    if now["io_weight"] != limits.io_weight:
        differing += ("io_weight",)
    return Limits(**now, io=io, run_time=limits.run_time), differing


def _read(limits: Limits, cgroup: Cgroup, default_tasks: int) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Values by field, and the fields that differ."""
    asked = properties.implied(limits)
    now: dict[str, Any] = {}
    differing: tuple[str, ...] = ()
    for line in properties.PROPERTIES:
        if not line.file:
            continue
        value = getattr(asked, line.field)
        try:
            text = cgroup.read(line.file)
        except OSError:  # the controller is off: no unit here needs it
            same = getattr(limits, line.field) is None
        else:
            now[line.field] = value if value is not None and line.matches(value, text) else line.read(text)
            unasked = (None, default_tasks) if line.field == "tasks" else (None,)
            same = line.matches(value, text) if value is not None else now[line.field] in unasked
        if not same:
            differing += (line.field,)
    return now | {"io_weight": _io_weight(limits, cgroup)}, differing


def _io_weight(limits: Limits, cgroup: Cgroup) -> int | None:
    """The value of io.weight; the requested weight if the file is missing or uses only the scheduler's own scale."""
    try:
        word = cgroup.read("io.weight").split()[1]
    except (OSError, IndexError):
        return limits.io_weight
    return int(word) if word != "100" or limits.io_weight is not None else None
