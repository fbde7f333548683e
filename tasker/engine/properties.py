"""Limits as systemd's properties, and read back from the cgroup: systemd accepts some that it then does not apply.
Those of disks: disklimits.py.

Each line of PROPERTIES says: the field of Limits, systemd's property, where it is read back, whether a value is what is
read there, the value that is read there, how it is written for systemd and read from there, its D-Bus signature, and
what stands for no limit.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

from tasker.engine.cgroup import Cgroup
from tasker.errors import Reason, TaskerError
from tasker.limits import Limits, named
from tasker.measures import cpus_of

Property = tuple[str, str, Any]
"""Name, D-Bus signature, value."""
INSPECT = "ask an admin to look at the unit with systemctl show"
RUN_TIME_MARGIN = 60.0
"""Seconds by which systemd's limit is longer: the engine ends a job (run_times.py), and systemd where none is there."""
_ONLINE = Path("/sys/devices/system/cpu/online")
NO_FILE = "not there: the kernel has no such controller here"
"""Instead of a text. Where a limit was lifted, systemd may have taken away the controller, too."""
INFINITY = (1 << 64) - 1
"""What systemd takes for "no limit"; of a weight, for the default."""


def _same(value: int | str, text: str) -> bool:
    return text == str(value)


def _same_pages(value: int, text: str) -> bool:
    """The kernel keeps whole pages."""
    return text.isdigit() and 0 <= value - int(text) < os.sysconf("SC_PAGE_SIZE")


def _same_quota(cores: float, text: str) -> bool:
    """cpu.max: "quota period", both in microseconds."""
    read = _cores(text)
    return read is not None and abs(read - cores) < 0.005


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _cores(text: str) -> float | None:
    quota, _, period = text.partition(" ")
    return round(int(quota) / int(period), 4) if quota.isdigit() else None


def _weight(text: str) -> int | None:
    return None if text == "100" else _number(text)


def _restricted_cpus(text: str) -> str | None:
    """None where that is all there are."""
    return None if text == _ONLINE.read_text().strip() else text


def _mask(cpus: str) -> bytes:
    """A bit for each CPU, the lowest first."""
    return sum(1 << number for number in cpus_of(cpus)).to_bytes(max(cpus_of(cpus)) // 8 + 1, "little")


class Line(NamedTuple):
    field: str
    property: str
    file: str
    """"" where the cgroup does not say."""
    matches: Callable[[Any, str], bool]
    """Whether the text of `file` says that the value is in force."""
    read: Callable[[str], Any] = _number
    """None is no limit."""
    write: Callable[[Any], Any] = int
    from_systemd: Callable[[Any], Any] = int
    signature: str = "t"
    none: Any = INFINITY
    """How systemd is told that there is no limit."""

    def as_property(self, value: Any) -> Property:
        """A value of the field, as systemd is told; None: there is no limit."""
        return self.property, self.signature, self.none if value is None else self.write(value)


def _unreadable(_value: object, _text: str) -> bool:
    return True


PROPERTIES = (
    Line("cpu", "CPUQuotaPerSecUSec", "cpu.max", _same_quota, _cores, _microseconds, lambda usec: usec / 1e6),
    Line("cpu_weight", "CPUWeight", "cpu.weight", _same, _weight),
    Line("cpu_list", "AllowedCPUs", "cpuset.cpus.effective", _same, _restricted_cpus, _mask, signature="ay", none=b""),
    Line("memory", "MemoryMax", "memory.max", _same_pages),
    Line("memory_high", "MemoryHigh", "memory.high", _same_pages),
    Line("memory_swap", "MemorySwapMax", "memory.swap.max", _same_pages),
    Line("tasks", "TasksMax", "pids.max", _same),
    Line("io_weight", "IOWeight", "", _unreadable),  # acts with bfq or iocost only, whose files differ; the API says so
    Line("run_time", "RuntimeMaxUSec", "", _unreadable, write=lambda seconds: _microseconds(seconds + RUN_TIME_MARGIN)),
)


def line_of(field: str) -> Line:
    return next(line for line in PROPERTIES if line.field == field)


def implied(limits: Limits) -> Limits:
    """With what follows: a memory limit alone sets swap to 0, else it only moves the excess there."""
    if limits.memory is not None and limits.memory_swap is None:
        return dataclasses.replace(limits, memory_swap=0)
    return limits


def properties(limits: Limits) -> list[Property]:
    """What StartTransientUnit is told."""
    return changes(limits, named(implied(limits)))


def changes(limits: Limits, fields: Collection[str]) -> list[Property]:
    """What SetUnitProperties is told for these fields of Limits: also that there is no limit (any more)."""
    limits = implied(limits)
    return [line.as_property(getattr(limits, line.field)) for line in PROPERTIES if line.field in fields]


def with_actual(limits: Limits, field: str, actual: Any) -> Limits:
    """`limits` with what systemd has `said` of one of them in place of what was asked for, if it is not the same."""
    line = line_of(field)
    asked = getattr(limits, field)
    if asked is not None and line.write(asked) == actual:
        return limits
    return dataclasses.replace(limits, **{field: line.from_systemd(actual)})


def verify(limits: Limits, cgroup: Cgroup, lifted: Collection[str] = ()) -> None:
    """Raise TaskerError(REFUSED) for the first limit that is not in force, or that is although it was `lifted`."""
    for line in PROPERTIES:
        value = getattr(limits, line.field)
        is_implied = line.field == "memory_swap" and limits.memory is not None
        if not line.file or (value is None and (line.field not in lifted or is_implied)):
            continue
        text = text_of(cgroup, line.file)
        if value is None and text != NO_FILE and line.read(text) is not None:
            text = f"cannot lift the limit on {line.field}: {line.file} is still {text}"
            raise TaskerError(Reason.REFUSED, f"{text}; {INSPECT}")
        if value is not None and not line.matches(value, text):
            words = f"asked for {value}, {line.file} is {text}; {INSPECT}"
            raise TaskerError(Reason.REFUSED, f"cannot limit {line.field}: {words}")


def text_of(cgroup: Cgroup, file: str) -> str:
    try:
        return cgroup.read(file)
    except OSError:
        return NO_FILE
