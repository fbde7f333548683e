"""Finds the limits that acted on a job, and describes them in clauses for its verdict and for `get`. Pure.

    cpu                  periods in which the CPU limit throttled the job  cpu.stat
    memory, memory_high  the limit was reached, and tasks stalled          memory.events, memory.pressure
    tasks                forks that were refused                           pids.events

The kernel does not report how long limits on disks delayed a job, so they are left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from tasker.limits import Limits
from tasker.quantity import format_share, format_size
from tasker.usage import Usage

HELD_BACK = 0.05
"""The share of its run time from which on a limit that slows a job down is mentioned."""


def acting(usage: Usage, seconds: float | None) -> tuple[str, ...]:
    """The fields of Limits that acted on a job that has run for `seconds` (None: unknown)."""
    waited = waiting(usage, seconds)
    acted = {
        "cpu": usage.throttled >= HELD_BACK,
        "memory_high": usage.memory_high_hits > 0 and (waited is None or waited >= HELD_BACK),
        "memory": usage.memory_limit_hits > 0 and waited is not None and waited >= HELD_BACK,
        "tasks": usage.task_limit_hits > 0,
    }
    return tuple(field for field, did in acted.items() if did)


def waiting(usage: Usage, seconds: float | None) -> float | None:
    """The share of the run time, 0 to 1, in which at least one task waited for memory. None if the kernel does not
    count that (PSI), or if the run time is unknown."""
    if usage.memory_pressure is None or not seconds or seconds <= 0:
        return None
    return min(1.0, usage.memory_pressure.total / seconds)


def words(
    fields: Sequence[str], limits: Limits, usage: Usage, seconds: float | None, refusing: Sequence[str] = ()
) -> list[str]:
    """A clause for each of `fields`. `limits` are those in force; `refusing` names all limits that may have refused the
    job a process, if there are others than its own."""
    clauses = []
    if "cpu" in fields and limits.cpu is not None:
        clauses.append(f"the CPU limit of {limits.cpu:g} held it back {format_share(usage.throttled)} of the time")
    by = _memory_limits(fields, limits)
    waited = waiting(usage, seconds)
    if by and waited is not None:
        clauses.append(f"held back {format_share(waited)} of the time by {' and '.join(by)}")
    elif by:
        clauses.append(f"{' and '.join(by)} reached {_times(usage.memory_high_hits)}")
    if "tasks" in fields:
        own = [] if limits.tasks is None else [f"the tasks limit of {limits.tasks}"]
        count = usage.task_limit_hits
        who = " or ".join(refusing or own) or "a limit on tasks"
        clauses.append(f"{who} refused {count} process{'' if count == 1 else 'es'}")
    return clauses


def _memory_limits(fields: Sequence[str], limits: Limits) -> list[str]:
    by = []
    if "memory_high" in fields and limits.memory_high is not None:
        by.append(f"memory-high {format_size(limits.memory_high)}")
    if "memory" in fields and limits.memory is not None:
        by.append(f"the memory limit of {format_size(limits.memory)}")
    return by


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
