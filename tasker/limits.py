"""The limits of a job: plain values, their ranges, and changes to them. No I/O.

A limit is one row here: a field with its measure, smallest and largest value, label and help. All code that checks,
converts, offers or shows limits loops over the rows. systemd's names of the limits are in engine/properties.py and
engine/disklimits.py.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from tasker.bounds import AnyCores, AnyUint64, CpuList, Seconds
from tasker.errors import invalid
from tasker.measures import CORES, COUNT, CPUS, OPERATIONS, RATE, SIZE, TIME, WEIGHT, Measure

MIB = 1 << 20
SMALLEST_MEMORY = 8 * MIB
"""Bytes. With less, even `true` is killed before it starts."""
LONGEST_PATHS = 1024
"""Bytes of all paths of disks together: a job contains the paths and their mount points five times, and must fit into a
datagram."""
_MOST_PATHS = 16
_UNBOUNDED = 1 << 60
"""Error messages do not name a largest value from here on, because no machine reaches it."""


class LimitRow(NamedTuple):
    """The description of one limit."""

    field: str
    measure: Measure
    smallest: float
    largest: float
    label: str
    """Its name for people; for a disk's limit, its value with {}."""
    help: str
    option: str
    """On the command line."""
    amount: str
    """For refusals by a quota: "{} of memory". The key of tasker.toml has the option's name. "": there is no key."""

    @property
    def key(self) -> str:
        """The key in tasker.toml."""
        return self.option.removeprefix("--")


def _limit(
    measure: Measure,
    smallest: float,
    largest: float,
    *,
    label: str,
    help: str,
    option: str = "",
    amount: str = "",
) -> Any:
    """Returns a dataclass field that is a row. By default, its option is named after the field."""
    return field(default=None, metadata={"row": (measure, smallest, largest, label, help, option, amount)})


def _rows(cls: Any) -> tuple[LimitRow, ...]:
    rows = [LimitRow(f.name, *f.metadata["row"]) for f in fields(cls) if "row" in f.metadata]
    return tuple(row if row.option else row._replace(option=f"--{row.field.replace('_', '-')}") for row in rows)


@dataclass(frozen=True)
class IoLimit:
    """Limits on the disk under a path. None means no limit."""

    path: str
    read_bandwidth: AnyUint64 | None = _limit(
        RATE, 4096, 1 << 60, label="read {}/s", help="bytes per second read from", option="--io-read"
    )
    write_bandwidth: AnyUint64 | None = _limit(
        RATE, 4096, 1 << 60, label="write {}/s", help="bytes per second written to", option="--io-write"
    )
    read_iops: AnyUint64 | None = _limit(
        OPERATIONS, 1, 1 << 32, label="{} reads/s", help="reads per second from", option="--io-read-iops"
    )
    write_iops: AnyUint64 | None = _limit(
        OPERATIONS, 1, 1 << 32, label="{} writes/s", help="writes per second to", option="--io-write-iops"
    )


IO_ROWS = _rows(IoLimit)


@dataclass(frozen=True)
class Disk:
    """The disk under a limited path."""

    path: str
    """As in IoLimit."""
    mount_point: str
    """The mount point of the path's file system; "" if the path is a device."""
    name: str
    """The name of the whole disk below /dev: "vda"."""
    number: str
    """"MAJOR:MINOR" of the whole disk, as in the kernel's io.max."""

    @property
    def described(self) -> str:
        """ "/srv (on /, disk vda)" for people, without repetitions."""
        on = f"on {self.mount_point}, " if self.mount_point not in ("", self.path) else ""
        return self.path if self.path == f"/dev/{self.name}" else f"{self.path} ({on}disk {self.name})"


@dataclass(frozen=True)
class Limits:
    """The limits of a job. None means no limit. Units: proto/tasker/api/v1/tasker.proto."""

    cpu: AnyCores | None = _limit(CORES, 0.01, math.inf, label="CPU", help="CPU limit in cores, e.g. 0.5", amount="{}")
    cpu_weight: AnyUint64 | None = _limit(
        WEIGHT, 1, 10000, label="CPU weight", help="share of the CPU when it is scarce; 100 by default"
    )
    memory: AnyUint64 | None = _limit(
        SIZE,
        SMALLEST_MEMORY,
        1 << 60,
        label="memory",
        help="memory limit; the job is killed above it",
        amount="{} of memory",
    )
    memory_high: AnyUint64 | None = _limit(
        SIZE, SMALLEST_MEMORY, 1 << 60, label="memory high", help="memory limit; the job is slowed down above it"
    )
    memory_swap: AnyUint64 | None = _limit(
        SIZE,
        0,
        1 << 60,
        label="swap",
        help="swap limit; refused if [total] or [owner] limits memory; 0 by default with --memory",
    )
    tasks: AnyUint64 | None = _limit(
        COUNT, 1, 1 << 22, label="tasks", help="limit on processes and threads", amount="{} tasks"
    )
    io: tuple[IoLimit, ...] = ()
    io_weight: AnyUint64 | None = _limit(
        WEIGHT, 1, 10000, label="IO weight", help="share of the disk when it is scarce; 100 by default"
    )
    run_time: Seconds | None = _limit(
        TIME,
        1,
        10 * 365 * 86400,
        label="run time",
        help="maximum run time",
        option="--time",
        amount="a run time of {}",
    )
    cpu_list: CpuList | None = _limit(CPUS, 0, 8191, label="CPUs", help="CPUs that the job may run on, e.g. 0-3,8")


ROWS = _rows(Limits)
"""Every field of Limits except `io`, whose rows are IO_ROWS."""
LASTING = tuple(f.name for f in fields(Limits) if f.name != "run_time")
"""The fields that can be changed while a job runs; systemd fixes the run time of a scope when it makes the scope."""


def check_limits(limits: Limits, cores: int | None = None) -> None:
    """Raises TaskerError(INVALID) if a limit is out of range on a machine with `cores` cores; None: on any machine."""
    for row in ROWS:
        _check(row, getattr(limits, row.field), cores)
    if len(limits.io) > _MOST_PATHS:
        raise invalid(f"cannot limit {len(limits.io)} paths; the most is {_MOST_PATHS}")
    for io in limits.io:
        _check_path(io.path)
        for row in IO_ROWS:
            _check(row, getattr(io, row.field), cores, f" on {io.path[:80]}")
    if sum(len(io.path.encode()) for io in limits.io) > LONGEST_PATHS:
        raise invalid(f"cannot limit disks by paths of more than {LONGEST_PATHS} bytes together; name the devices")


def _check(row: LimitRow, value: Any, cores: int | None, where: str = "") -> None:
    if value is None:
        return
    measure = row.measure
    machine = None if cores is None or measure.of_machine is None else measure.of_machine(cores)
    largest = row.largest if machine is None else min(machine, row.largest)
    lowest, highest = measure.span(value)
    if row.smallest <= lowest and highest <= largest:
        return
    show = measure.show
    most = f"to {show(largest)}" if largest < _UNBOUNDED else "or more"
    own = ", which is all that this machine has" if machine == largest else ""
    raise invalid(f"cannot limit {row.key}{where} to {show(value)}; choose {show(row.smallest)} {most}{own}")


def check_change(limits: Limits, lift: Collection[str], cores: int | None = None) -> None:
    """Raises TaskerError(INVALID) for an invalid change of a running job's limits: `limits` to set, and fields to
    `lift`."""
    if limits.run_time is not None or "run_time" in lift:
        raise invalid("cannot change the run time of a running job: systemd fixes it at the start; start a new job")
    for name in lift:
        if name not in LASTING:
            raise invalid(f"cannot lift {name[:40]!r}: the limits are {', '.join(LASTING)}")
        if name in named(limits):
            raise invalid(f"cannot set and lift the limit on {name} at once; choose one")
    if not named(limits) and not lift:
        raise invalid("cannot change limits: none is given; name one to set or to lift, e.g. --memory 1G")
    check_limits(limits, cores)


def named(limits: Limits) -> tuple[str, ...]:
    """The fields that are set."""
    return tuple(f.name for f in fields(limits) if getattr(limits, f.name) not in (None, ()))


def _check_path(path: str) -> None:
    """Refuses paths that systemd would change: it writes them unescaped to a unit file, where a newline begins a new
    setting, and parses that file later."""
    if not path.startswith("/"):
        raise invalid(f"cannot limit the disk under {path[:80]!r}; give an absolute path")
    if not path.isprintable() or any(sign in path for sign in " \"'\\%"):
        text = (
            f"cannot limit the disk under {path[:80]!r}: systemd accepts no path with spaces, quotes, backslashes or %"
        )
        raise invalid(f"{text}; name another one on that disk, or the device")
