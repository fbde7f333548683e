"""What a job uses, as its cgroup counts it: one reading. Plain values; the engine reads them, everybody shows them.

None where the machine cannot say (no such controller, a kernel without PSI, the first reading for a rate). How long
limits of disks held a job back is in no file of its cgroup.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pressure:
    """Pressure stall information of one resource (the kernel's Documentation/accounting/psi.rst)."""

    some: float
    """Share of the last 10 s, 0 to 1, in which at least one task waited for it."""
    full: float
    """The same for all tasks at once."""
    total: float
    """Seconds in which at least one task waited, since the start."""


@dataclass(frozen=True)
class Usage:
    """Counted from the job's start, but for rates and what is "now"."""

    time: float
    """When it was read, seconds since the epoch."""
    cpu_time: float = 0.0
    """Seconds of CPU, of all its processes."""
    cpu_rate: float | None = None
    """Cores, since the reading before."""
    periods: int = 0
    """Periods of 100 ms in which it wanted the CPU under a CPU limit."""
    throttled_periods: int = 0
    """Those of them in which the limit stopped it."""
    throttled_time: float = 0.0
    """Seconds that the limit kept its tasks waiting."""
    memory: int | None = None
    """Bytes now."""
    memory_peak: int | None = None
    """Bytes at most."""
    swap: int | None = None
    """Bytes now."""
    memory_limit_hits: int = 0
    """How often its own memory limit was reached (memory.events: max)."""
    oom_kills: int = 0
    """Processes of it that the kernel killed for want of memory."""
    io_read: int | None = None
    """Bytes from disks."""
    io_write: int | None = None
    """Bytes to disks."""
    io_read_rate: float | None = None
    """Bytes a second, since the reading before."""
    io_write_rate: float | None = None
    tasks: int | None = None
    """Processes and threads now."""
    cpu_pressure: Pressure | None = None
    memory_pressure: Pressure | None = None
    io_pressure: Pressure | None = None
    task_limit_hits: int = 0
    """Processes and threads that a limit on tasks refused (pids.events: max). Before Linux 6.11, refusals by a limit of
    a slice above count, too."""
    memory_high_hits: int = 0
    """How often it was slowed down, and memory reclaimed from it, at its own memory-high (memory.events: high)."""

    @property
    def throttled(self) -> float:
        """The share of its busy periods, 0 to 1, in which the CPU limit stopped it."""
        return self.throttled_periods / self.periods if self.periods else 0.0


@dataclass(frozen=True)
class JobUsage:
    """Whose it is."""

    job: str
    usage: Usage
