"""The usage of a job, read from its cgroup, and rates since the previous reading.

A missing file (controller off, kernel without PSI, cgroup just removed) yields None or 0.
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
"""Files to keep open: systemd removes the cgroup as soon as it is empty, and the last reading races with that."""
_COUNTERS = (
    *("cpu_time", "periods", "throttled_periods", "throttled_time", "memory_peak", "memory_limit_hits", "oom_kills"),
    *("io_read", "io_write", "task_limit_hits", "memory_high_hits"),
)
SHORTEST = 0.05
"""The least seconds between two readings for a rate; below that, the previous rate is kept."""


@dataclass(frozen=True)
class Totals:
    """The totals that systemd keeps for a unit while it is loaded; None for values that this version does not count."""

    cpu_time: float | None = None
    """Seconds."""
    memory_peak: int | None = None
    """Bytes, each."""
    io_read: int | None = None
    io_write: int | None = None


class Meter:
    """The readings of one job's cgroup: the last one, and whether it is final."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` returns seconds and is never set, unlike the time of day."""
        self._clock = clock
        self.last: Usage | None = None
        self.final = False
        """The last reading was taken after the last process had exited, so it is complete."""
        self._base: Usage | None = None
        """The reading that rates are computed from."""
        self._based = 0.0
        """When it was taken, by `clock`."""
        self._ooms = 0
        """The number of out-of-memory events at the last memory event."""

    def read(self, cgroup: Cgroup) -> Usage | None:
        """Takes a reading, with rates; None if the cgroup is gone."""
        usage = counted(cgroup)
        if usage is None:
            return None
        populated = cgroup.numbers("cgroup.events").get("populated")
        if populated is None or (populated == 0 and self._had_more(usage)):
            self._keep(usage)  # the cgroup is being removed, some files before others
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
        """Reads the counters now: systemd may remove the cgroup before the next reading."""
        usage = counted(cgroup)
        if usage is not None and not self.final:
            self._keep(usage)

    def memory_event(self, cgroup: Cgroup) -> None:
        """Handles a memory event; the kernel reports up to 100 per second. Reads only the event counts, but all
        counters if memory ran out, because that may end the job."""
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
        """Handles a refused process, which the kernel reports up to 100 times per second: reads only the count."""
        if self.last is not None and not self.final:
            hits = max(self.last.task_limit_hits, cgroup.numbers("pids.events").get("max", 0))
            self.last = dataclasses.replace(self.last, task_limit_hits=hits)

    def _had_more(self, usage: Usage) -> bool:
        """Whether a counter of the last reading is missing from this one."""
        return self.last is not None and _larger(self.last, usage) != usage

    def _keep(self, usage: Usage) -> None:
        """Merges counters that are higher than in the last reading."""
        self.last = usage if self.last is None else _larger(usage, self.last)


def totals(meter: Meter, reported: Totals, ended: float) -> Usage | None:
    """The total usage of an ended job, from the readings and from systemd. Present values are None."""
    last = meter.last or (None if reported == Totals() else Usage(time=ended))
    if last is None:
        return None
    changes: dict[str, Any] = dict.fromkeys((*_RATES, "memory", "swap", "tasks"))
    for name in ("cpu_time", "memory_peak", "io_read", "io_write"):
        changes[name] = _largest(getattr(last, name), getattr(reported, name) or None)  # its 0 may mean: not read
    return dataclasses.replace(last, time=ended if meter.final else last.time, **changes)


def with_rates(usage: Usage, before: Usage, seconds: float) -> Usage:
    """`usage` with rates since the reading `before`, taken `seconds` earlier."""
    return dataclasses.replace(
        usage,
        cpu_rate=max(0.0, usage.cpu_time - before.cpu_time) / seconds,
        io_read_rate=_rate(usage.io_read, before.io_read, seconds),
        io_write_rate=_rate(usage.io_write, before.io_write, seconds),
    )


def _rate(now: int | None, before: int | None, seconds: float) -> float | None:
    return None if now is None or before is None else max(0, now - before) / seconds


def read(cgroup: Cgroup) -> Usage | None:
    """Reads the usage of any cgroup, without rates; None if it is gone."""
    usage = counted(cgroup)
    return None if usage is None else dataclasses.replace(usage, **_now(cgroup))


def counted(cgroup: Cgroup) -> Usage | None:
    """Reads the counters, those that only the cgroup has first, because it may be removed at any moment. None if it is
    gone."""
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
    """The fields of Usage for the present."""
    return {
        "memory": cgroup.number("memory.current"),
        "swap": cgroup.number("memory.swap.current"),
        "tasks": cgroup.number("pids.current"),
        "cpu_pressure": _pressure(cgroup, "cpu.pressure"),
        "io_pressure": _pressure(cgroup, "io.pressure"),
    }


def _larger(one: Usage, other: Usage) -> Usage:
    """`other`, with the higher value of each counter in `one` and `other`."""
    more: dict[str, Any] = {name: _largest(getattr(one, name), getattr(other, name)) for name in _COUNTERS}
    pressures = [found.memory_pressure for found in (other, one) if found.memory_pressure is not None]
    longest = max(pressures, key=lambda pressure: pressure.total, default=None)
    return dataclasses.replace(other, memory_pressure=longest, **more)


def _largest(*values: float | None) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _io(cgroup: Cgroup) -> tuple[int | None, int | None]:
    """Bytes read from and written to disks, summed over all disks. A line is "8:0 rbytes=1 wbytes=2 rios=3 …"."""
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
    """Parses lines like "some avg10=0.00 avg60=0.00 avg300=0.00 total=0": shares in percent, the total in
    microseconds."""
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
