"""A change of limits that fails changes nothing: not the kernel's files, not systemd's properties, not the job."""

from __future__ import annotations

from typing import Any

import pytest

from tasker.errors import Reason
from tasker.job import Job
from tasker.limits import IoLimit, Limits
from tests.engine.test_limiting import limit
from tests.engine.test_start import refused
from tests.stub.settings import SLICE_SETTINGS
from tests.support.stack import Stack

MIB = 1 << 20
BEFORE = Limits(
    cpu=0.5,
    cpu_weight=50,
    memory=96 * MIB,
    memory_high=64 * MIB,
    memory_swap=MIB,
    tasks=10,
    io=(IoLimit("/", write_bandwidth=2 * MIB, read_iops=70),),
    io_weight=30,
)
AFTER: dict[str, Any] = {
    "cpu": 0.25,
    "cpu_weight": 60,
    "memory": 128 * MIB,
    "memory_high": 80 * MIB,
    "memory_swap": 2 * MIB,
    "tasks": 11,
    "io": (IoLimit("/srv", read_bandwidth=MIB),),
    "io_weight": 40,
}
KINDS = {
    "cpu": "CPUQuotaPerSecUSec",
    "cpu_weight": "CPUWeight",
    "memory": "MemoryMax",
    "memory_high": "MemoryHigh",
    "memory_swap": "MemorySwapMax",
    "tasks": "TasksMax",
    "io": "IOReadBandwidthMax",
}
FILES = ("cpu.max", "cpu.weight", "memory.max", "memory.high", "memory.swap.max", "pids.max", "io.max", "io.weight")


@pytest.fixture
def tasker(swapping: Stack) -> Stack:
    return swapping


def state(tasker: Stack, job: Job) -> dict[str, Any]:
    """All that a failed change may not change."""
    now = tasker.get(job)
    unit = tasker.systemd.units[job.unit]
    files = {name: (tasker.systemd.cgroup(job.unit) / name).read_bytes() for name in FILES}
    settings = {name: unit["settings"][name] for name in SLICE_SETTINGS}
    return files | settings | {"job": (now.limits, now.in_force, now.differing, now.disks)}


@pytest.mark.parametrize("before", [Limits(), BEFORE], ids=["none", "all"])
@pytest.mark.parametrize("field", KINDS)
def test_a_limit_that_the_kernel_refuses(tasker: Stack, field: str, before: Limits) -> None:
    job = tasker.start_job("sleep", "60", limits=before)
    was = state(tasker, job)
    tasker.systemd.do("omit", names=[KINDS[field]])
    with refused(Reason.REFUSED, "cannot limit "):
        limit(tasker, job, **{field: AFTER[field]})
    assert state(tasker, job) == was


def test_one_of_several_takes_the_others_with_it(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", limits=BEFORE)
    was = state(tasker, job)
    tasker.systemd.do("omit", names=["IOReadBandwidthMax"])
    with refused(Reason.REFUSED, r"cannot limit the disk under /srv \(on /, disk \w+\): asked for rbps=1048576 "):
        limit(tasker, job, **AFTER)
    assert state(tasker, job) == was


def test_a_limit_that_is_not_lifted(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", limits=BEFORE)
    was = state(tasker, job)
    tasker.systemd.do("omit", names=["TasksMax"])
    with refused(Reason.REFUSED, "cannot lift the limit on tasks: pids.max is still 10"):
        limit(tasker, job, "tasks", "io", cpu=0.1)
    assert state(tasker, job) == was


@pytest.mark.parametrize("after", range(10))
def test_what_systemd_refuses_half_way(tasker: Stack, after: int) -> None:
    job = tasker.start_job("sleep", "60", limits=BEFORE)
    was = state(tasker, job)
    tasker.systemd.do("refuse", after=after)
    with refused(Reason.REFUSED, "refused by the test"):
        limit(tasker, job, **AFTER)
    assert state(tasker, job) == was


def test_what_an_admin_had_set_is_what_comes_back(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", limits=Limits(memory=96 * MIB))
    tasker.systemd.set_property(job.unit, MemoryMax=("t", 64 * MIB), IOReadIOPSMax=("a(st)", [["/", 7]]))
    was = state(tasker, job)
    assert was["job"][2] == ("memory", "io")
    tasker.systemd.do("omit", names=["MemoryMax"])
    with refused(Reason.REFUSED, "cannot limit memory"):
        limit(tasker, job, memory=128 * MIB, io=(IoLimit("/", write_iops=5),))
    assert state(tasker, job) == was


def test_what_cannot_be_undone_is_reported(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", limits=BEFORE)
    tasker.systemd.do("write", unit=job.unit, file="cpu.max", text="9999 100000\n")  # behind systemd's back
    tasker.systemd.do("refuse", after=1)
    left = "the change could not be undone: cpu.max was '9999 100000' and is '50000 100000'"
    with refused(Reason.REFUSED, f"refused by the test; and {left}"):
        limit(tasker, job, cpu=0.25)
