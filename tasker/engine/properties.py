"""Limits as systemd's properties, and read back from the cgroup: systemd accepts some that it then does not apply.

Each line of PROPERTIES says: the field of Limits, systemd's property, where and how it is read back, how it is written.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import Any, NamedTuple

from tasker.engine.cgroup import Cgroup
from tasker.errors import Reason, TaskerError
from tasker.limits import IoLimit, Limits

Property = tuple[str, str, Any]
"""Name, D-Bus signature, value."""


class _Line(NamedTuple):
    field: str
    property: str
    file: str
    kept: Callable[[Any, str], bool]
    """Whether the text of `file` says that the value is in force."""
    write: Callable[[Any], int] = int


def _same(value: int, text: str) -> bool:
    return text == str(value)


def _same_pages(value: int, text: str) -> bool:
    """The kernel keeps whole pages."""
    return text.isdigit() and 0 <= value - int(text) < os.sysconf("SC_PAGE_SIZE")


def _same_quota(cores: float, text: str) -> bool:
    """cpu.max: "quota period", both in microseconds."""
    quota, _, period = text.partition(" ")
    return quota.isdigit() and abs(int(quota) / int(period) - cores) < 0.005


def _any(_value: object, _text: str) -> bool:
    return True


PROPERTIES = (
    _Line("cpu", "CPUQuotaPerSecUSec", "cpu.max", _same_quota, lambda cores: round(cores * 1_000_000)),
    _Line("cpu_weight", "CPUWeight", "cpu.weight", _same),
    _Line("memory", "MemoryMax", "memory.max", _same_pages),
    _Line("memory_high", "MemoryHigh", "memory.high", _same_pages),
    _Line("memory_swap", "MemorySwapMax", "memory.swap.max", _same_pages),
    _Line("tasks", "TasksMax", "pids.max", _same),
    _Line("io_weight", "IOWeight", "", _any),  # acts with bfq or iocost only, whose files differ; the API says so
    _Line("run_time", "RuntimeMaxUSec", "", _any, lambda seconds: round(seconds * 1_000_000)),
)

IO_PROPERTIES = {
    "read_bandwidth": ("IOReadBandwidthMax", "rbps"),
    "write_bandwidth": ("IOWriteBandwidthMax", "wbps"),
    "read_iops": ("IOReadIOPSMax", "riops"),
    "write_iops": ("IOWriteIOPSMax", "wiops"),
}
"""Field of IoLimit: systemd's property, the key in io.max."""


def properties(limits: Limits) -> list[Property]:
    """What StartTransientUnit is told. A memory limit alone sets swap to 0: else it only moves the excess there."""
    found: list[Property] = []
    for line in PROPERTIES:
        value = getattr(limits, line.field)
        if line.field == "memory_swap" and value is None and limits.memory is not None:
            value = 0
        if value is not None:
            found.append((line.property, "t", line.write(value)))
    for field, (name, _) in IO_PROPERTIES.items():
        pairs = [[io.path, getattr(io, field)] for io in limits.io if getattr(io, field) is not None]
        if pairs:
            found.append((name, "a(st)", pairs))
    return found


def check_paths(limits: Limits) -> None:
    """Raise TaskerError(REFUSED) for a path that has no disk under it: systemd would take it and do nothing."""
    for io in limits.io:
        try:
            status = os.stat(io.path)
        except OSError as error:
            raise TaskerError(Reason.REFUSED, f"cannot limit the disk under {io.path}: {error.strerror}") from error
        device = status.st_rdev if stat.S_ISBLK(status.st_mode) else status.st_dev
        if os.major(device) == 0:
            text = f"cannot limit the disk under {io.path}: its file system lies on no block device"
            raise TaskerError(Reason.REFUSED, f"{text}; name a path that does, or the device")


def verify(limits: Limits, cgroup: Cgroup) -> None:
    """Raise TaskerError(REFUSED) for the first limit that is not in force."""
    for line in PROPERTIES:
        value = getattr(limits, line.field)
        if value is None or not line.file:
            continue
        try:
            text = cgroup.read(line.file)
        except OSError:
            text = "not there: the kernel has no such controller here"
        if not line.kept(value, text):
            raise TaskerError(Reason.REFUSED, f"cannot limit {line.field}: asked for {value}, {line.file} is {text}")
    for io in limits.io:
        _verify_io(io, cgroup)


def _verify_io(io: IoLimit, cgroup: Cgroup) -> None:
    wanted = {
        f"{key}={getattr(io, field)}" for field, (_, key) in IO_PROPERTIES.items() if getattr(io, field) is not None
    }
    try:
        text = cgroup.read("io.max")
    except OSError:
        text = "not there: the kernel has no such controller here"
    if not any(wanted <= set(line.split()) for line in text.splitlines() or [""]):
        raise TaskerError(
            Reason.REFUSED,
            f"cannot limit the disk under {io.path}: asked for {' '.join(sorted(wanted))}, io.max is {text!r}",
        )
