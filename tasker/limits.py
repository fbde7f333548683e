"""Limits: what a job may use. Plain values, the ranges they must keep, and how two sets of them differ.

No I/O, nothing of systemd (engine/properties.py knows its names for them).
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, fields

from tasker.bounds import AnyCores, AnyUint64, Seconds
from tasker.errors import invalid
from tasker.quantity import format_duration, format_size

MIB = 1 << 20
SMALLEST_MEMORY = 8 * MIB
"""Bytes. Below this even `true` is killed before it starts."""
LONGEST_PATHS = 1024
"""Bytes of all paths of disks together: they and their mount points stand in a job five times, which must fit into a
datagram."""


@dataclass(frozen=True)
class IoLimit:
    """Ceilings on the disk under a path; bytes and operations per second."""

    path: str
    read_bandwidth: AnyUint64 | None = None
    write_bandwidth: AnyUint64 | None = None
    read_iops: AnyUint64 | None = None
    write_iops: AnyUint64 | None = None


@dataclass(frozen=True)
class Disk:
    """The disk under a path that somebody limits."""

    path: str
    """As in IoLimit."""
    mount_point: str
    """Of the file system that the path lies on; "" where the path is a device."""
    name: str
    """Of the whole disk, below /dev: "vda"."""
    number: str
    """"MAJOR:MINOR" of the whole disk, as in the kernel's io.max."""

    @property
    def described(self) -> str:
        """ "/srv (on /, disk vda)" for people; what says the same twice is left out."""
        on = f"on {self.mount_point}, " if self.mount_point not in ("", self.path) else ""
        return self.path if self.path == f"/dev/{self.name}" else f"{self.path} ({on}disk {self.name})"


@dataclass(frozen=True)
class Limits:
    """None is no limit. Units and ranges: proto/tasker/api/v1/tasker.proto."""

    cpu: AnyCores | None = None
    cpu_weight: AnyUint64 | None = None
    memory: AnyUint64 | None = None
    memory_high: AnyUint64 | None = None
    memory_swap: AnyUint64 | None = None
    tasks: AnyUint64 | None = None
    io: tuple[IoLimit, ...] = ()
    io_weight: AnyUint64 | None = None
    run_time: Seconds | None = None


def check_limits(limits: Limits, cores: int | None = None) -> None:
    """Raise TaskerError(INVALID) where a limit is out of range."""
    if limits.cpu is not None and not 0.01 <= limits.cpu <= (cores or math.inf):
        most = f"to {cores}, the cores of the machine" if cores else "or more"
        raise invalid(f"cannot limit the CPU to {limits.cpu:g} cores; choose 0.01 {most}")
    for what, size in (("memory", limits.memory), ("memory-high", limits.memory_high)):
        if size is not None and not SMALLEST_MEMORY <= size <= 1 << 60:
            raise invalid(f"cannot limit {what} to {format_size(size)}; choose 8M or more")
    _check("memory-swap", limits.memory_swap, 0, 1 << 60)
    _check("tasks", limits.tasks, 1, 1 << 22)
    _check("cpu-weight", limits.cpu_weight, 1, 10000)
    _check("io-weight", limits.io_weight, 1, 10000)
    if limits.run_time is not None and not 1 <= limits.run_time <= 10 * 365 * 86400:
        raise invalid(f"cannot limit the run time to {duration(limits.run_time)}; choose 1s to 3650d")
    if len(limits.io) > 16:
        raise invalid(f"cannot limit {len(limits.io)} paths; the most is 16")
    for io in limits.io:
        _check_path(io.path)
        _check(f"read bandwidth of {io.path[:80]}", io.read_bandwidth, 4096, 1 << 60)
        _check(f"write bandwidth of {io.path[:80]}", io.write_bandwidth, 4096, 1 << 60)
        _check(f"read iops of {io.path[:80]}", io.read_iops, 1, 1 << 32)
        _check(f"write iops of {io.path[:80]}", io.write_iops, 1, 1 << 32)
    if sum(len(io.path.encode()) for io in limits.io) > LONGEST_PATHS:
        raise invalid(f"cannot limit disks by paths of more than {LONGEST_PATHS} bytes together; name the devices")


def check_change(limits: Limits, lift: Collection[str], cores: int | None = None) -> None:
    """Raise TaskerError(INVALID) where that is no change of a running job's limits: values to set, and the fields of
    those to take away."""
    if limits.run_time is not None or "run_time" in lift:
        raise invalid("cannot change the run time of a running job: systemd fixes it at the start; start it anew")
    lasting = [field.name for field in fields(Limits) if field.name != "run_time"]
    for name in lift:
        if name not in lasting:
            raise invalid(f"cannot lift {name[:40]!r}: the limits are {', '.join(lasting)}")
        if name in named(limits):
            raise invalid(f"cannot set and lift the limit on {name} at once; choose one")
    if not named(limits) and not lift:
        raise invalid("cannot change limits without one; name one to set or to lift, e.g. --memory 1G")
    check_limits(limits, cores)


def named(limits: Limits) -> tuple[str, ...]:
    """The fields that are set."""
    return tuple(f.name for f in fields(limits) if getattr(limits, f.name) not in (None, ()))


def _check_path(path: str) -> None:
    """systemd writes it into a unit file as it is, where a newline would begin a setting, and reads that again later:
    what it would then take for more than a part of the path is refused."""
    if not path.startswith("/"):
        raise invalid(f"cannot limit the disk under {path[:80]!r}; give an absolute path")
    if not path.isprintable() or any(sign in path for sign in " \"'\\%"):
        text = f"cannot limit the disk under {path[:80]!r}: systemd keeps no path with spaces, quotes, backslashes or %"
        raise invalid(f"{text}; name another one on that disk, or the device")


def _check(what: str, value: int | None, smallest: int, largest: int) -> None:
    if value is not None and not smallest <= value <= largest:
        raise invalid(f"cannot limit {what!r} to {value}; choose {smallest} to {largest}")


def duration(seconds: float) -> str:
    """As it was typed; what nobody can type, as a number."""
    return format_duration(seconds) if 0 <= seconds < 1e12 else f"{seconds:g} s"
