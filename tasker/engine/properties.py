"""Limits as systemd properties, verified by reading the cgroup: systemd accepts some values that it does not apply. For
disks see disklimits.py.

Each line of PROPERTIES holds: the field of Limits, systemd's property, the cgroup file, how to check whether a value is
in force there, how to read it from there, how to write it for systemd and read it from systemd, its D-Bus signature,
and systemd's value for no limit.
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
INSPECT = "ask an admin to check the unit with systemctl show"
RUN_TIME_MARGIN = 60.0
"""Seconds by which systemd's limit is longer: the engine ends a job (run_times.py), systemd only if no engine is
running."""
_ONLINE = Path("/sys/devices/system/cpu/online")
NO_FILE = "not there: the kernel has no such controller here"
"""In place of a file's text. systemd may remove the controller when a limit is lifted."""
INFINITY = (1 << 64) - 1
"""systemd's value for "no limit"; for a weight, the default."""


def _same(value: int | str, text: str) -> bool:
    return text == str(value)


def _same_pages(value: int, text: str) -> bool:
    """The kernel rounds down to whole pages."""
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
    """None if these are all online CPUs."""
    return None if text == _ONLINE.read_text().strip() else text


def _mask(cpus: str) -> bytes:
    """One bit per CPU, the lowest first."""
    numbers = cpus_of(cpus)
    return sum(1 << number for number in numbers).to_bytes(max(numbers) // 8 + 1, "little")


class Line(NamedTuple):
    field: str
    property: str
    file: str
    """"" if the limit is in no cgroup file."""
    matches: Callable[[Any, str], bool]
    """Whether the text of `file` shows that the value is in force."""
    read: Callable[[str], Any] = _number
    """None means no limit."""
    write: Callable[[Any], Any] = int
    from_systemd: Callable[[Any], Any] = int
    signature: str = "t"
    none: Any = INFINITY
    """systemd's value for no limit."""

    def as_property(self, value: Any) -> Property:
        """The property for a value of the field; None: no limit."""
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
    Line("io_weight", "IOWeight", "", _unreadable),  # only with bfq or iocost, whose files differ
    Line("run_time", "RuntimeMaxUSec", "", _unreadable, write=lambda seconds: _microseconds(seconds + RUN_TIME_MARGIN)),
)


def line_of(field: str) -> Line:
    return next(line for line in PROPERTIES if line.field == field)


def implied(limits: Limits) -> Limits:
    """Adds implied limits: a memory limit alone sets swap to 0; otherwise, the excess would be swapped out."""
    if limits.memory is not None and limits.memory_swap is None:
        return dataclasses.replace(limits, memory_swap=0)
    return limits


def properties(limits: Limits) -> list[Property]:
    """The properties for StartTransientUnit."""
    return changes(limits, named(implied(limits)))


def changes(limits: Limits, fields: Collection[str]) -> list[Property]:
    """The properties for SetUnitProperties for these fields of Limits, including lifted ones."""
    limits = implied(limits)
    return [line.as_property(getattr(limits, line.field)) for line in PROPERTIES if line.field in fields]


def with_actual(limits: Limits, field: str, actual: Any) -> Limits:
    """Returns `limits` with the `actual` value of one field from systemd, if it differs from the requested value."""
    line = line_of(field)
    asked = getattr(limits, field)
    if asked is not None and line.write(asked) == actual:
        return limits
    return dataclasses.replace(limits, **{field: line.from_systemd(actual)})


def verify(limits: Limits, cgroup: Cgroup, lifted: Collection[str] = ()) -> None:
    """Raises TaskerError(REFUSED) for the first limit that is not in force, or that was `lifted` but is still in
    force."""
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
