"""Shares of the machine as numbers, of a machine that is laid out in a directory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasker.config import Quota, OwnerQuota, JobQuota, TotalQuota
from tasker.engine.capacity import Capacity
from tasker.configvalues import Share
from tasker.limits import Limits

GIB = 1 << 30
BUILT_IN = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    ("files", "memory", "tasks"),
    [
        ({"pid_max": "32768", "threads-max": "15700"}, BUILT_IN, 15_700),
        ({"pid_max": "4096", "threads-max": "15700", "memory.max": "max", "pids.max": "max"}, BUILT_IN, 4096),
        ({"pid_max": "4096", "threads-max": "15700", "memory.max": "8388608", "pids.max": "99"}, 8 << 20, 99),
        ({"pid_max": "9", "memory.max": str(BUILT_IN * 2)}, BUILT_IN, 9),
        ({}, BUILT_IN, 1 << 22),
    ],
)
def test_what_the_machine_has(tmp_path: Path, files: dict[str, str], memory: int, tasks: int) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(f"{text}\n")
    assert Capacity.of_machine(tmp_path, tmp_path) == Capacity(memory, tasks)


def test_shares_become_numbers_and_the_rest_stays() -> None:
    machine = Capacity(2 * GIB, 15_701)
    assert machine.together(TotalQuota()) == Limits(memory=2 * GIB * 4 // 5 // 4096 * 4096, tasks=7850)
    assert machine.together(OwnerQuota()) == Limits(tasks=3925)
    assert machine.together(Quota(cpu=2.0, memory=GIB, tasks=5)) == Limits(cpu=2.0, memory=GIB, tasks=5)
    assert machine.single(JobQuota(memory=Share(50), time=9.0)) == Limits(memory=GIB, run_time=9.0)
    assert machine.bytes(None) is None
    assert Share(0.01).of(9) == 1
