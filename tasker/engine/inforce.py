"""What is in force for a running job, read back from its cgroup, beside what was asked for: an admin's `systemctl
set-property` shows, and where the two differ is told.

A job that asked for no tasks limit has systemd's DefaultTasksMax: it is shown, since it is felt, and is no difference.
The run time is what was asked for: systemd refuses to change it once a scope runs.
"""

from __future__ import annotations

from typing import Any

from tasker.engine import disklimits, properties
from tasker.engine.cgroup import Cgroup
from tasker.job import Job
from tasker.limits import Limits


def read_limits(job: Job, cgroup: Cgroup, default_tasks: int) -> tuple[Limits | None, tuple[str, ...]]:
    """What is in force for a job, and the fields in which that is not what was asked for; None where the cgroup is
    gone."""
    limits = job.limits
    try:
        now, differing = _read(limits, cgroup, default_tasks)
        io, differs = disklimits.in_force(limits.io, disklimits.disks_of(job), cgroup.text("io.max"))
        cgroup.read("cgroup.events")  # still there, so a file that is not has a controller that nobody needs here
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
        except OSError:  # no such controller here: systemd has it where a unit beside or below asks for it
            same = getattr(limits, line.field) is None
        else:
            now[line.field] = value if value is not None and line.matches(value, text) else line.read(text)
            unasked = (None, default_tasks) if line.field == "tasks" else (None,)
            same = line.matches(value, text) if value is not None else now[line.field] in unasked
        if not same:
            differing += (line.field,)
    return now | {"io_weight": _io_weight(limits, cgroup)}, differing


def _io_weight(limits: Limits, cgroup: Cgroup) -> int | None:
    """As io.weight says; where the scheduler's own scale stands in its place, or nothing, what was asked for."""
    try:
        word = cgroup.read("io.weight").split()[1]
    except (OSError, IndexError):
        return limits.io_weight
    return int(word) if word != "100" or limits.io_weight is not None else None
