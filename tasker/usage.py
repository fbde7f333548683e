"""The usage of a job as counted by its cgroup: one reading. Plain values; the engine reads them, everything else shows
them.

None where the machine has no value (controller off, kernel without PSI, no rate at the first reading). No file of the
cgroup says how long limits on disks delayed a job.
"""

from __future__ import annotations

from dataclasses import dataclass

from tasker.bounds import Count, JobId, Measure, Seconds, Time


@dataclass(frozen=True)
class Pressure:
    """Pressure stall information of one resource (the kernel's Documentation/accounting/psi.rst)."""

    some: Measure
    """Share of the last 10 s, 0 to 1, in which at least one task waited for it."""
    full: Measure
    """As `some`, for all tasks at once."""
    total: Seconds
    """Seconds in which at least one task waited, since the start."""


@dataclass(frozen=True)
class Usage:
    """Counts are since the start of the job; rates and present values are marked."""

    time: Time
    """When it was read, seconds since the epoch."""
    cpu_time: Seconds = 0.0
    """Seconds of CPU of all processes."""
    cpu_rate: Measure | None = None
    """Cores, since the previous reading."""
    periods: Count = 0
    """Periods of 100 ms in which the job wanted the CPU under a CPU limit."""
    throttled_periods: Count = 0
    """Periods in which the limit throttled the job."""
    throttled_time: Seconds = 0.0
    """Seconds that the limit made tasks wait."""
    memory: Count | None = None
    """Bytes at present."""
    memory_peak: Count | None = None
    """The most bytes so far."""
    swap: Count | None = None
    """Bytes at present."""
    memory_limit_hits: Count = 0
    """How often the job's own memory limit was reached (memory.events: max)."""
    oom_kills: Count = 0
    """Processes that the kernel killed because memory ran out."""
    io_read: Count | None = None
    """Bytes read from disks."""
    io_write: Count | None = None
    """Bytes written to disks."""
    io_read_rate: Measure | None = None
    """Bytes per second, since the previous reading."""
    io_write_rate: Measure | None = None
    tasks: Count | None = None
    """Processes and threads at present."""
    cpu_pressure: Pressure | None = None
    memory_pressure: Pressure | None = None
    io_pressure: Pressure | None = None
    task_limit_hits: Count = 0
    """Processes and threads that a limit on tasks refused (pids.events: max). Before Linux 6.11 this includes refusals
    by a slice above."""
    memory_high_hits: Count = 0
    """How often the job was slowed down, and memory reclaimed from it, at its own memory-high (memory.events: high)."""

    @property
    def throttled(self) -> float:
        """The share of the busy periods, 0 to 1, in which the CPU limit throttled the job."""
        return self.throttled_periods / self.periods if self.periods else 0.0


@dataclass(frozen=True)
class JobUsage:
    """The usage of one job."""

    job: JobId
    usage: Usage
