"""What a job uses, read from its cgroup: one reading, and the rates since the one before.

A file that is missing (no such controller, a kernel without PSI, a cgroup that has just gone) leaves None or 0.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tasker.engine.cgroup import Cgroup
from tasker.usage import Pressure, Usage

_RATES = ("cpu_rate", "io_read_rate", "io_write_rate")
FAST = ("memory.peak", "io.stat", "memory.events", "memory.pressure", "pids.events", "cpu.stat", "cgroup.events")
"""Files to keep open: systemd removes the cgroup as soon as it is empty, and the last reading is a race with that."""
_COUNTERS = (
    *("cpu_time", "periods", "throttled_periods", "throttled_time", "memory_peak", "memory_limit_hits", "oom_kills"),
    *("io_read", "io_write", "task_limit_hits", "memory_high_hits"),
)
SHORTEST = 0.05
"""Seconds between two readings that a rate is made of: below, the last rate is the better answer."""


@dataclass(frozen=True)
class Totals:
    """What systemd counted of a unit, and keeps while the unit is loaded; None where its version does not."""

    cpu_time: float | None = None
    """Seconds."""
    memory_peak: int | None = None
    """Bytes, each."""
    io_read: int | None = None
    io_write: int | None = None


class Meter:
    """The readings of one job's cgroup: the last one, and whether it was the last there is."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` tells seconds that only grow; the time of a reading does not, where the clock is set."""
        self._clock = clock
        self.last: Usage | None = None
        self.final = False
        """It was read when no process was left, so it holds all that the job used."""
        self._base: Usage | None = None
        """The reading that rates are counted from."""
        self._based = 0.0
        """When that was, by the clock."""
        self._ooms = 0
        """How often memory ran out, when that was last told."""

    def read(self, cgroup: Cgroup) -> Usage | None:
        """A reading now, with rates; None where the cgroup is gone."""
        usage = counted(cgroup)
        if usage is None:
            return None
        populated = cgroup.numbers("cgroup.events").get("populated")
        if populated is None or (populated == 0 and self._had_more(usage)):
            self._keep(usage)  # it goes just now, and some of the files before others
            return None
        usage = dataclasses.replace(usage, **_now(cgroup))
        now = self._clock()
        if self._base is None or now - self._based >= SHORTEST:
            self.last = usage if self._base is None else with_rates(usage, self._base, now - self._based)
            self._base, self._based = usage, now
        else:
            rates = {name: getattr(self.last, name) for name in _RATES}
            self.last = dataclasses.replace(usage, **rates)
        self.final = populated == 0
        return self.last

    def read_counters(self, cgroup: Cgroup) -> None:
        """What only grows, now: systemd may remove the cgroup before anything else is read."""
        usage = counted(cgroup)
        if usage is not None and not self.final:
            self._keep(usage)

    def memory_event(self, cgroup: Cgroup) -> None:
        """The kernel tells of a job at its memory limit, up to 100 times a second: only where memory ran out, so that
        it may be the end, is more read than how often."""
        memory = cgroup.numbers("memory.events")
        ooms = memory.get("oom", 0) + memory.get("oom_kill", 0)
        if self.last is None or ooms > self._ooms:
            self._ooms = ooms
            self.read_counters(cgroup)
        elif not self.final:
            hits = max(self.last.memory_limit_hits, memory.get("max", 0))
            high = max(self.last.memory_high_hits, memory.get("high", 0))
            self.last = dataclasses.replace(self.last, memory_limit_hits=hits, memory_high_hits=high)

    def pids_event(self, cgroup: Cgroup) -> None:
        """The kernel tells of a process that it refused the job, up to 100 times a second: only how often is read."""
        if self.last is not None and not self.final:
            hits = max(self.last.task_limit_hits, cgroup.numbers("pids.events").get("max", 0))
            self.last = dataclasses.replace(self.last, task_limit_hits=hits)

    def _had_more(self, usage: Usage) -> bool:
        """Whether the last reading had something that is missing from this one, of what only grows."""
        return self.last is not None and _larger(self.last, usage) != usage

    def _keep(self, usage: Usage) -> None:
        """Only what it has further than the last reading."""
        self.last = usage if self.last is None else _larger(usage, self.last)


def totals(meter: Meter, reported: Totals, ended: float) -> Usage | None:
    """What a job used in all, once it has ended: as read, and as systemd counted. Nothing is "now" any more."""
    last = meter.last or (None if reported == Totals() else Usage(time=ended))
    if last is None:
        return None
    changes: dict[str, Any] = dict.fromkeys((*_RATES, "memory", "swap", "tasks"))
    for name in ("cpu_time", "memory_peak", "io_read", "io_write"):
        changes[name] = _largest(getattr(last, name), getattr(reported, name) or None)  # its 0 may be "never looked"
    return dataclasses.replace(last, time=ended if meter.final else last.time, **changes)


def with_rates(usage: Usage, before: Usage, seconds: float) -> Usage:
    """The same with its rates since a reading that is so old."""
    return dataclasses.replace(
        usage,
        cpu_rate=max(0.0, usage.cpu_time - before.cpu_time) / seconds,
        io_read_rate=_rate(usage.io_read, before.io_read, seconds),
        io_write_rate=_rate(usage.io_write, before.io_write, seconds),
    )


def _rate(now: int | None, before: int | None, seconds: float) -> float | None:
    return None if now is None or before is None else max(0, now - before) / seconds


def read(cgroup: Cgroup) -> Usage | None:
    """A reading without rates, of any cgroup; None where it is gone."""
    usage = counted(cgroup)
    return None if usage is None else dataclasses.replace(usage, **_now(cgroup))


def counted(cgroup: Cgroup) -> Usage | None:
    """What only grows. It is read first, what nobody else counts at the very first: the cgroup may go at any moment.
    None where it is gone."""
    peak = cgroup.number("memory.peak")
    read_bytes, written_bytes = _io(cgroup)
    memory = cgroup.numbers("memory.events")
    pressure = _pressure(cgroup, "memory.pressure")
    refused = cgroup.numbers("pids.events").get("max", 0)
    cpu = cgroup.numbers("cpu.stat")
    if not cpu and peak is None:
        return None
    return Usage(
        time=time.time(),
        cpu_time=cpu.get("usage_usec", 0) / 1e6,
        periods=cpu.get("nr_periods", 0),
        throttled_periods=cpu.get("nr_throttled", 0),
        throttled_time=cpu.get("throttled_usec", 0) / 1e6,
        memory_peak=peak,
        memory_limit_hits=memory.get("max", 0),
        oom_kills=memory.get("oom_kill", 0),
        io_read=read_bytes,
        io_write=written_bytes,
        memory_pressure=pressure,
        task_limit_hits=refused,
        memory_high_hits=memory.get("high", 0),
    )


def _now(cgroup: Cgroup) -> dict[str, Any]:
    """The fields of Usage that say what is now."""
    return {
        "memory": cgroup.number("memory.current"),
        "swap": cgroup.number("memory.swap.current"),
        "tasks": cgroup.number("pids.current"),
        "cpu_pressure": _pressure(cgroup, "cpu.pressure"),
        "io_pressure": _pressure(cgroup, "io.pressure"),
    }


def _larger(one: Usage, other: Usage) -> Usage:
    """`other`, with every counter that `one` has further."""
    more: dict[str, Any] = {name: _largest(getattr(one, name), getattr(other, name)) for name in _COUNTERS}
    pressures = [found.memory_pressure for found in (other, one) if found.memory_pressure is not None]
    longest = max(pressures, key=lambda pressure: pressure.total, default=None)
    return dataclasses.replace(other, memory_pressure=longest, **more)


def _largest(*values: float | None) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _io(cgroup: Cgroup) -> tuple[int | None, int | None]:
    """Bytes from and to disks: the sum over all of them. A line is "8:0 rbytes=1 wbytes=2 rios=3 …"."""
    found = {"rbytes": 0, "wbytes": 0}
    try:
        text = cgroup.read("io.stat")
    except OSError:
        return None, None
    for word in text.split():
        key, _, value = word.partition("=")
        if key in found:
            found[key] += int(value)
    return found["rbytes"], found["wbytes"]


def _pressure(cgroup: Cgroup, name: str) -> Pressure | None:
    """Lines are "some avg10=0.00 avg60=0.00 avg300=0.00 total=0"; shares in percent, the total in microseconds."""
    shares = {"some": 0.0, "full": 0.0}
    total = None
    for line in cgroup.text(name).splitlines():
        kind, *words = line.split()
        values = dict(word.split("=") for word in words)
        if kind in shares:
            shares[kind] = float(values["avg10"]) / 100
        if kind == "some":
            total = int(values["total"]) / 1e6
    return None if total is None else Pressure(shares["some"], shares["full"], total)
