"""What the machine has, and quotas of the configuration as numbers: shares of it are resolved here and nowhere else.

    memory   what is built in, or the limit of the root cgroup where that is lower
    tasks    the lowest of kernel.pid_max, kernel.threads-max and the root cgroup's pids.max

Both are what systemd takes "80%" of for MemoryMax= and TasksMax= (systemd.resource-control(5)).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tasker.config import Quota, JobQuota
from tasker.configvalues import Share
from tasker.limits import Limits

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Capacity:
    memory: int
    """Bytes."""
    tasks: int
    """Processes and threads."""

    @classmethod
    def of_machine(cls, kernel: Path, cgroups: Path) -> Capacity:
        """As it is now. `kernel` is /proc/sys/kernel, `cgroups` the root of the cgroup v2 hierarchy."""
        built_in = os.sysconf("SC_PHYS_PAGES") * _PAGE
        tasks = (_number(path) for path in (kernel / "pid_max", kernel / "threads-max", cgroups / "pids.max"))
        return cls(
            memory=min(built_in, _number(cgroups / "memory.max") or built_in),
            tasks=min((number for number in tasks if number), default=1 << 22),
        )

    def bytes(self, amount: int | Share | None) -> int | None:
        """An amount of memory; of a share, whole pages."""
        return amount.of(self.memory) // _PAGE * _PAGE if isinstance(amount, Share) else amount

    def together(self, quota: Quota) -> Limits:
        """What holds for several jobs together."""
        tasks = quota.tasks.of(self.tasks) if isinstance(quota.tasks, Share) else quota.tasks
        return Limits(cpu=quota.cpu, memory=self.bytes(quota.memory), tasks=tasks)

    def single(self, section: JobQuota) -> Limits:
        """What holds for one job."""
        together = self.together(section)
        return Limits(cpu=together.cpu, memory=together.memory, tasks=together.tasks, run_time=section.time)


def _number(path: Path) -> int | None:
    """What a file says; None where there is none, or it says "max"."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
