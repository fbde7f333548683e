"""What is in force for a running job, read back from its cgroup, beside what was asked for: an admin's `systemctl
set-property` shows, and where the two differ is told.

A job that asked for no tasks limit has systemd's DefaultTasksMax: it is shown, since it is felt, and is no difference.
The run time is what was asked for: systemd refuses to change it once a scope runs.
"""

from __future__ import annotations

from typing import Any

from tasker.engine import disks, properties
from tasker.engine.cgroup import Cgroup
from tasker.errors import TaskerError
from tasker.limits import IoLimit, Limits


async def look(limits: Limits, cgroup: Cgroup, default_tasks: int) -> tuple[Limits | None, tuple[str, ...]]:
    """What is in force where `limits` were asked for, and the fields that differ; None where the cgroup is gone."""
    try:
        found = await disks.disks_under(io.path for io in limits.io)
    except TaskerError:
        found = {}  # the file system hangs: the disks are named by their devices
    try:
        now, differing = _read(limits, cgroup, default_tasks)
        io = _io(limits, cgroup.text("io.max"), found)
        cgroup.read("cgroup.events")  # still there, so a file that is not has a controller that nobody needs here
    except OSError:
        return None, ()
    if _by_path(io) != _by_path(limits.io):
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
            now[line.field] = value if value is not None and line.kept(value, text) else line.read(text)
            unasked = (None, default_tasks) if line.field == "tasks" else (None,)
            same = line.kept(value, text) if value is not None else now[line.field] in unasked
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


def _io(limits: Limits, text: str, found: dict[str, str | None]) -> tuple[IoLimit, ...]:
    """The lines of io.max, each under the path that was asked for where its disk is that one's, else the device's."""
    limited = []
    for line in text.splitlines():
        number, *words = line.split()
        values = dict(word.split("=") for word in words)
        path = next((io.path for io in limits.io if found.get(io.path) == number), None)
        if path is None:  # a disk below an encrypted one: systemd looks through it
            path = next((io.path for io in limits.io if properties.wanted_of(io) <= set(words)), disks.device(number))
        numbers = {field: values.get(key, "max") for field, (_, key) in properties.IO_PROPERTIES.items()}
        limited.append(IoLimit(path, **{field: int(n) for field, n in numbers.items() if n != "max"}))
    return tuple(limited)


def _by_path(limits: tuple[IoLimit, ...]) -> dict[str, IoLimit]:
    return {io.path: io for io in limits if properties.wanted_of(io)}
