"""What a job uses, read from its cgroup: one reading, and the rates since the one before.

A file that is missing (no such controller, a kernel without PSI, a cgroup that has just gone) leaves None or 0.
"""

from __future__ import annotations

import dataclasses
import time

from tasker.engine.cgroup import Cgroup
from tasker.engine.table import Entry
from tasker.usage import Pressure, Usage

SHORTEST = 0.05
"""Seconds between two readings that a rate is made of: below, the last rate is the better answer."""


def measure(entry: Entry) -> Usage | None:
    """A reading of a job's cgroup now, which is kept as its last; None where it has none, or none any more."""
    usage = read(entry.cgroup) if entry.cgroup is not None else None
    if usage is None:
        return None
    before = entry.reading
    if before is not None and usage.time - before.time < SHORTEST:
        rates = ("cpu_rate", "io_read_rate", "io_write_rate")
        return dataclasses.replace(usage, **{name: getattr(before, name) for name in rates})
    entry.reading = with_rates(usage, before)
    return entry.reading


def with_rates(usage: Usage, before: Usage | None) -> Usage:
    """The same with its rates since an earlier reading."""
    if before is None:
        return usage
    seconds = usage.time - before.time
    return dataclasses.replace(
        usage,
        cpu_rate=max(0.0, usage.cpu_time - before.cpu_time) / seconds,
        io_read_rate=max(0, usage.io_read - before.io_read) / seconds,
        io_write_rate=max(0, usage.io_write - before.io_write) / seconds,
    )


def read(cgroup: Cgroup) -> Usage | None:
    """Without rates. None where the cgroup is gone."""
    cpu = cgroup.numbers("cpu.stat")
    if not cpu:
        return None
    memory = cgroup.numbers("memory.events")
    read_bytes, written_bytes = _io(cgroup)
    return Usage(
        time=time.time(),
        cpu_time=cpu.get("usage_usec", 0) / 1e6,
        periods=cpu.get("nr_periods", 0),
        throttled_periods=cpu.get("nr_throttled", 0),
        throttled_time=cpu.get("throttled_usec", 0) / 1e6,
        memory=cgroup.number("memory.current"),
        memory_peak=cgroup.number("memory.peak"),
        swap=cgroup.number("memory.swap.current"),
        memory_limit_hits=memory.get("max", 0),
        oom_kills=memory.get("oom_kill", 0),
        io_read=read_bytes,
        io_write=written_bytes,
        tasks=cgroup.number("pids.current"),
        cpu_pressure=_pressure(cgroup, "cpu.pressure"),
        memory_pressure=_pressure(cgroup, "memory.pressure"),
        io_pressure=_pressure(cgroup, "io.pressure"),
    )


def _io(cgroup: Cgroup) -> tuple[int, int]:
    """Bytes from and to disks: the sum over all of them. A line is "8:0 rbytes=1 wbytes=2 rios=3 …"."""
    found = {"rbytes": 0, "wbytes": 0}
    for word in cgroup.text("io.stat").split():
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
