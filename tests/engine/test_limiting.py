"""Limits changed while a job runs, and what GetJob says is in force."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tasker import wire
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity
from tasker.job import Job
from tasker.limits import IoLimit, Limits
from tests.engine.test_start import refused
from tests.stub.cgroup import INFINITY
from tests.stub.settings import DEFAULT_TASKS
from tests.support.stack import ALICE, BOB, ROOT, Stack, stack

MIB = 1 << 20


def limit(tasker: Stack, job: Job, *lift: str, caller: Identity = ROOT, **limits: Any) -> Job:
    reply = tasker.ask(wire.LimitJob(caller, job.id, Limits(**limits), lift))
    assert isinstance(reply, wire.JobReply)
    return reply.job


def read(tasker: Stack, job: Job, file: str) -> str:
    return (tasker.systemd.cgroup(job.unit) / file).read_text().strip()


def last_set(tasker: Stack) -> dict[str, Any]:
    properties: dict[str, Any] = tasker.systemd.sets[-1]["properties"]
    return properties


def test_what_is_set_changes_and_the_rest_stays(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE, limits=Limits(cpu=0.5, tasks=10))
    now = limit(tasker, job, caller=ALICE, memory=64 * MIB, cpu=0.25)
    assert now.limits == Limits(cpu=0.25, memory=64 * MIB, tasks=10)
    assert now.in_force == Limits(cpu=0.25, memory=64 * MIB, memory_swap=0, tasks=10)
    assert now.differing == ()
    assert read(tasker, job, "memory.max") == str(64 * MIB)
    assert tasker.systemd.sets[-1]["unit"] == job.unit
    assert last_set(tasker) == {"CPUQuotaPerSecUSec": 250_000, "MemoryMax": 64 * MIB, "MemorySwapMax": 0}


def test_a_limit_is_lifted_with_what_it_implied(tasker: Stack) -> None:
    io = IoLimit(str(tasker.directory), write_bandwidth=MIB)
    job = tasker.start_job("sleep", "60", limits=Limits(memory=64 * MIB, tasks=10, io=(io,), cpu_weight=7))
    now = limit(tasker, job, "memory", "io", "cpu_weight", "tasks")
    assert now.limits == now.in_force == Limits()
    assert now.differing == ()
    assert last_set(tasker)["MemorySwapMax"] == INFINITY
    assert read(tasker, job, "io.max") == ""


def test_limits_of_disks_change_path_by_path(tasker: Stack) -> None:
    path = str(tasker.directory)
    job = tasker.start_job("sleep", "60", limits=Limits(io=(IoLimit(path, write_bandwidth=MIB, read_iops=5),)))
    now = limit(tasker, job, io=(IoLimit(path, write_bandwidth=2 * MIB),))
    assert now.in_force is not None
    assert now.limits.io == now.in_force.io == (IoLimit(path, write_bandwidth=2 * MIB, read_iops=5),)
    assert now.differing == ()


def test_the_cpus_that_a_job_may_run_on(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", limits=Limits(cpu_list="0"))
    assert read(tasker, job, "cpuset.cpus.effective") == "0"
    now = tasker.get(job)
    assert now.in_force is not None
    assert now.limits.cpu_list == now.in_force.cpu_list == "0"
    assert now.differing == ()
    now = limit(tasker, job, "cpu_list")
    assert now.in_force is not None
    assert now.limits.cpu_list is now.in_force.cpu_list is None
    assert now.differing == ()
    assert last_set(tasker) == {"AllowedCPUs": []}
    last = (os.cpu_count() or 1) - 1
    now = limit(tasker, job, cpu_list=str(last))
    assert last_set(tasker) == {"AllowedCPUs": [*[0] * (last // 8), 1 << last % 8]}
    assert now.in_force is not None
    assert now.in_force.cpu_list == str(last)


@pytest.mark.parametrize(
    ("limits", "lift", "words"),
    [
        ({}, (), "cannot change limits: none is given"),
        ({}, ("speed",), "cannot lift 'speed': the limits are cpu, "),
        ({"cpu": 0.5}, ("cpu",), "cannot set and lift the limit on cpu"),
        ({"run_time": 60.0}, (), "cannot change the run time of a running job"),
        ({}, ("run_time",), "cannot change the run time of a running job"),
        ({"memory": 4096}, (), "choose 8M or more"),
        ({"cpu": 4096.0}, (), "all that this machine has"),
        ({"cpu_list": "0,4096"}, (), "cannot limit cpu-list to 0,4096; choose 0 to .*, which is all that this machine"),
    ],
)
def test_what_is_no_change_is_refused(tasker: Stack, limits: dict[str, Any], lift: tuple[str, ...], words: str) -> None:
    job = tasker.start_job("sleep", "60")
    with refused(Reason.INVALID, words):
        limit(tasker, job, *lift, **limits)
    assert [call for call in tasker.systemd.sets if call["unit"] == job.unit] == []  # its slices have quotas


def test_who_may_not_and_when_it_cannot_be(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE)
    with refused(Reason.DENIED):
        limit(tasker, job, caller=BOB, cpu=0.5)
    with refused(Reason.REFUSED, "there is no disk"):
        limit(tasker, job, caller=ALICE, io=(IoLimit("/proc", read_iops=5),))
    tasker.ask(wire.StopJob(ALICE, job.id, 0))
    with refused(Reason.REFUSED, "cannot change the limits of job .*: it has ended"):
        limit(tasker, job, caller=ALICE, cpu=0.5)


def test_a_changed_limit_survives_the_engine(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60")
    limit(tasker, job, memory=64 * MIB)
    tasker.engine.restart(9)
    assert tasker.get(job).limits == Limits(memory=64 * MIB)


def test_the_journal_tells(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE, limits=Limits(tasks=5))
    limit(tasker, job, "tasks", memory=64 * MIB)
    while b"TASKER_ACTION=limit\n" not in (entry := tasker.journal.recv(4096)):
        pass
    assert f"MESSAGE={job.id}: root changed its limits: memory 64M, tasks lifted\n".encode() in entry
    assert b"TASKER_ACTOR=root\n" in entry


def test_what_an_admin_changed_shows_and_is_flagged(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", limits=Limits(memory=64 * MIB, cpu=0.5))
    assert tasker.get(job).differing == ()
    tasker.systemd.do("write", unit=job.unit, file="memory.max", text=f"{32 * MIB}\n")
    tasker.systemd.do("write", unit=job.unit, file="cpu.max", text="max 100000\n")
    tasker.systemd.do("write", unit=job.unit, file="pids.max", text="17\n")
    tasker.systemd.do("write", unit=job.unit, file="io.max", text="1:1 rbps=5 wbps=max riops=max wiops=max\n")
    tasker.systemd.do("write", unit=job.unit, file="io.weight", text="default 55\n")
    now = tasker.get(job)
    assert now.in_force is not None
    assert (now.in_force.memory, now.in_force.cpu, now.in_force.tasks) == (32 * MIB, None, 17)
    assert now.in_force.io_weight == 55
    assert now.in_force.io == (IoLimit("/dev/block/1:1", read_bandwidth=5),) or now.in_force.io[0].path == "/dev/ram1"
    assert now.differing == ("cpu", "memory", "tasks", "io", "io_weight")


def test_the_default_of_systemd_is_shown_and_no_difference(tasker: Stack) -> None:
    now = tasker.get(tasker.start_job("sleep", "60"))
    assert now.in_force == Limits(tasks=DEFAULT_TASKS)
    assert now.differing == ()


def test_a_controller_that_nobody_needs_is_no_difference(tasker: Stack) -> None:
    """systemd takes it away, with its files."""
    job = tasker.start_job("sleep", "60", limits=Limits(memory=64 * MIB))
    for name in ("io.max", "io.weight", "cpu.max", "cpu.weight"):
        (tasker.systemd.cgroup(job.unit) / name).unlink()
    now = tasker.get(job)
    assert now.in_force == Limits(memory=64 * MIB, memory_swap=0, tasks=DEFAULT_TASKS)
    assert now.differing == ()


def test_what_has_ended_has_nothing_in_force(tasker: Stack) -> None:
    job = tasker.wait(tasker.start_job("true", limits=Limits(tasks=5)))
    now = tasker.get(job)
    assert (now.in_force, now.differing) == (None, ())


def test_maxima_hold_for_a_change() -> None:
    with stack('[server]\ncontact = "Carol"\n[maxima]\nmemory = "64M"\n[owner]\ntasks = 20\n') as tasker:
        job = tasker.start_job("sleep", "60", limits=Limits(memory=32 * MIB))
        with refused(Reason.EXHAUSTED, r"cannot give a job 128M of memory: .* is 64M .*\[maxima\] memory\); ask Carol"):
            limit(tasker, job, memory=128 * MIB)
        with refused(Reason.EXHAUSTED, r"most for all jobs of root is 20 tasks \(\[owner\] tasks\); ask Carol"):
            limit(tasker, job, tasks=21)
        assert limit(tasker, job, "memory").limits.memory == 64 * MIB


def test_an_unknown_job_is_not_found(tasker: Stack) -> None:
    with pytest.raises(TaskerError) as caught:
        tasker.ask(wire.LimitJob(ROOT, "zzzz", Limits(cpu=0.5), ()))
    assert caught.value.reason is Reason.NOT_FOUND
