"""What a job uses, as its cgroup counts it: one reading. Plain values; the engine reads them, everybody shows them.

None where the machine cannot say (no such controller, a kernel without PSI, the first reading for a rate). How long
limits of disks held a job back is in no file of its cgroup.
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
    """The same for all tasks at once."""
    total: Seconds
    """Seconds in which at least one task waited, since the start."""


@dataclass(frozen=True)
class Usage:
    """Counted from the job's start, but for rates and what is "now"."""

    time: Time
    """When it was read, seconds since the epoch."""
    cpu_time: Seconds = 0.0
    """Seconds of CPU, of all its processes."""
    cpu_rate: Measure | None = None
    """Cores, since the reading before."""
    periods: Count = 0
    """Periods of 100 ms in which it wanted the CPU under a CPU limit."""
    throttled_periods: Count = 0
    """Those of them in which the limit stopped it."""
    throttled_time: Seconds = 0.0
    """Seconds that the limit kept its tasks waiting."""
    memory: Count | None = None
    """Bytes now."""
    memory_peak: Count | None = None
    """Bytes at most."""
    swap: Count | None = None
    """Bytes now."""
    memory_limit_hits: Count = 0
    """How often its own memory limit was reached (memory.events: max)."""
    oom_kills: Count = 0
    """Processes of it that the kernel killed for want of memory."""
    io_read: Count | None = None
    """Bytes from disks."""
    io_write: Count | None = None
    """Bytes to disks."""
    io_read_rate: Measure | None = None
    """Bytes a second, since the reading before."""
    io_write_rate: Measure | None = None
    tasks: Count | None = None
    """Processes and threads now."""
    cpu_pressure: Pressure | None = None
    memory_pressure: Pressure | None = None
    io_pressure: Pressure | None = None
    task_limit_hits: Count = 0
    """Processes and threads that a limit on tasks refused (pids.events: max). Before Linux 6.11, refusals by a limit of
    a slice above count, too."""
    memory_high_hits: Count = 0
    """How often it was slowed down, and memory reclaimed from it, at its own memory-high (memory.events: high)."""

    @property
    def throttled(self) -> float:
        """The share of its busy periods, 0 to 1, in which the CPU limit stopped it."""
        return self.throttled_periods / self.periods if self.periods else 0.0


@dataclass(frozen=True)
class JobUsage:
    """Whose it is."""

    job: JobId
    usage: Usage
