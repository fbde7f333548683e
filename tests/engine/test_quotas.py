"""Quotas: on one job, on one owner's jobs together, on all; at a start, after a reload, and what systemd is told."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from tasker import wire
from tasker.engine.capacity import Capacity
from tasker.errors import Reason
from tasker.limits import Limits
from tests.engine.test_start import refused
from tests.stub.cgroup import INFINITY
from tests.support.stack import ALICE, BOB, ROOT, Stack, stack
from tests.support.waiting import until_equal

MIB = 1 << 20
CONTACT = '[server]\ncontact = "Carol, room 7"\n'
NO_TOTAL = '[total]\nmemory = "none"\ntasks = "none"\n'
NO_CEILINGS = NO_TOTAL + '[owner]\ntasks = "none"\n'


def told(tasker: Stack, unit: str) -> list[dict[str, Any]]:
    return [call["properties"] for call in tasker.systemd.sets if call["unit"] == unit]


def reload(tasker: Stack, config: str) -> None:
    tasker.configure(config)
    tasker.engine.send_signal(signal.SIGHUP)


def test_swap_is_no_way_around_the_most_memory() -> None:
    with stack(CONTACT + NO_CEILINGS + '[maxima]\nmemory = "64M"\n') as tasker:
        words = r"cannot give a job 65M of swap: the most for one job is 64M, as of memory \(\[maxima\] memory\)"
        with refused(Reason.EXHAUSTED, words):
            tasker.start_job("true", limits=Limits(memory_swap=65 * MIB))
        job = tasker.start_job("sleep", "60", limits=Limits(memory_swap=64 * MIB))
        with refused(Reason.EXHAUSTED, words):
            tasker.ask(wire.LimitJob(ROOT, job.id, Limits(memory_swap=65 * MIB), ()))


def test_where_memory_is_limited_for_all_together_there_is_no_swap(tasker: Stack) -> None:
    """The slices have none, so that a job's own limit would say what is not so."""
    words = r"1M of swap: all jobs of this machine have a quota on memory, and so no swap \(\[total\] memory\); ask"
    with refused(Reason.EXHAUSTED, words):
        tasker.start_job("true", limits=Limits(memory_swap=MIB))
    job = tasker.start_job("sleep", "60", limits=Limits(memory=64 * MIB, memory_swap=0))
    with refused(Reason.EXHAUSTED, words):
        tasker.ask(wire.LimitJob(ROOT, job.id, Limits(memory_swap=MIB), ()))


def test_as_shipped_all_jobs_leave_some_of_the_machine(tasker: Stack) -> None:
    tasker.start_job("sleep", "60", caller=ALICE)
    machine = Capacity.of_machine(Path("/proc/sys/kernel"), tasker.systemd.cgroups)
    (total,), (owner,) = told(tasker, "tasker.slice"), told(tasker, "tasker-alice.slice")
    assert (total["MemoryMax"], total["MemorySwapMax"]) == (machine.memory * 4 // 5 // 4096 * 4096, 0)
    assert (total["TasksMax"], owner["TasksMax"]) == (machine.tasks // 2, machine.tasks // 4)
    assert (owner["MemoryMax"], owner["CPUQuotaPerSecUSec"], total["CPUQuotaPerSecUSec"]) == (INFINITY,) * 3


def test_defaults_and_maxima_fill_in_what_is_not_asked() -> None:
    config = '[defaults]\nmemory = "32M"\ncpu = 0.5\n[maxima]\nmemory = "64M"\ntasks = 50\ncpu = 0.25\ntime = "1h"\n'
    with stack(CONTACT + config) as tasker:
        job = tasker.start_job("sleep", "60", limits=Limits(cpu_weight=7))
        assert job.limits == Limits(cpu=0.25, cpu_weight=7, memory=32 * MIB, tasks=50, run_time=3600.0)
        assert job.spec.limits == Limits(cpu_weight=7)
        assert tasker.get(job).differing == ()
        assert tasker.start_job("sleep", "60", limits=Limits(memory=64 * MIB)).limits.memory == 64 * MIB


def test_more_than_a_quota_names_it_and_whom_to_ask() -> None:
    config = '[maxima]\nmemory = "64M"\ntime = "1h"\n[owner]\ntasks = 50\n[owners.bob]\ntasks = 20\n[total]\n'
    with stack(CONTACT + config + "cpu = 0.5\n") as tasker:
        for caller, limits, words in (
            (ALICE, Limits(memory=65 * MIB), r"65M of memory: the most for one job is 64M of .* \(\[maxima\] memory\)"),
            (ALICE, Limits(run_time=7200), r"run time of 2h: the most for one job is a .* of 1h \(\[maxima\] time\)"),
            (ALICE, Limits(tasks=51), r"51 tasks: the most for all jobs of alice is 50 tasks \(\[owner\] tasks\)"),
            (BOB, Limits(tasks=21), r"21 tasks: the most for all jobs of bob is 20 tasks \(\[owners.bob\] tasks\)"),
            (BOB, Limits(cpu=0.6), r"0.6 cores: the most for all jobs of this machine is 0.5 cores \(\[total\] cpu\)"),
        ):
            with refused(Reason.EXHAUSTED, f"cannot give a job (a )?{words}; ask Carol, room 7$"):
                tasker.start_job("sleep", "60", caller=caller, limits=limits)
        assert tasker.list() == []


def test_the_number_of_running_jobs() -> None:
    with stack(CONTACT + "[jobs]\nrunning = 3\n[owner]\nrunning = 2\n[owners.bob]\nrunning = 0\n") as tasker:
        first, _ = (tasker.start_job("sleep", "60", caller=ALICE) for _ in range(2))
        with refused(Reason.EXHAUSTED, r"alice runs 2 of at most 2 jobs \(\[owner\] running\); stop one, or ask Carol"):
            tasker.start_job("true", caller=ALICE)
        with refused(Reason.EXHAUSTED, r"bob runs 0 of at most 0 jobs \(\[owners.bob\] running\)"):
            tasker.start_job("true", caller=BOB)
        tasker.start_job("sleep", "60")
        with refused(Reason.EXHAUSTED, r"this machine runs 3 of at most 3 jobs \(\[jobs\] running\)"):
            tasker.start_job("true")
        tasker.ask(wire.StopJob(ROOT, first.id, 0))
        tasker.engine.restart(signal.SIGKILL)
        tasker.start_job("sleep", "60", caller=ALICE)
        with refused(Reason.EXHAUSTED, "alice runs 2"):
            tasker.start_job("true", caller=ALICE)


def test_slices_are_reported_once() -> None:
    config = '[owner]\nmemory = "64M"\ncpu = 0.5\ntasks = "none"\n[owners.bob]\ntasks = 20\n'
    config += '[total]\nmemory = "none"\ntasks = 90\n'
    with stack(CONTACT + config) as tasker:
        for caller in (ALICE, ALICE, BOB):
            tasker.start_job("sleep", "60", caller=caller)
        held = {"CPUQuotaPerSecUSec": 500_000, "MemoryMax": 64 * MIB, "MemorySwapMax": 0, "TasksMax": INFINITY}
        assert told(tasker, "tasker-alice.slice") == [held]
        assert told(tasker, "tasker-bob.slice") == [held | {"TasksMax": 20}]
        nothing = dict.fromkeys(held, INFINITY)
        assert told(tasker, "tasker.slice") == [nothing | {"TasksMax": 90}]
        tasker.engine.restart(signal.SIGKILL)  # the next engine finds that systemd has it all
        tasker.start_job("sleep", "60", caller=ALICE)
        assert len(told(tasker, "tasker-alice.slice")) == 1


def test_without_quotas_systemd_is_told_nothing() -> None:
    with stack(CONTACT + NO_CEILINGS) as tasker:
        tasker.start_job("sleep", "60", caller=ALICE)
        assert tasker.systemd.sets == []


def test_a_reload_changes_and_lifts_quotas() -> None:
    with stack('[server]\n[owner]\nmemory = "64M"\n[total]\nmemory = "none"\ntasks = 90\n') as tasker:
        tasker.start_job("sleep", "60", caller=ALICE)
        reload(tasker, f'[server]\n{NO_TOTAL}[owner]\nmemory = "32M"\n')
        until_equal(lambda: len(told(tasker, "tasker-alice.slice")), 2)
        assert told(tasker, "tasker-alice.slice")[-1]["MemoryMax"] == 32 * MIB
        assert set(told(tasker, "tasker.slice")[-1].values()) == {INFINITY}
        with refused(Reason.EXHAUSTED, "all jobs of alice is 32M"):
            tasker.start_job("true", caller=ALICE, limits=Limits(memory=64 * MIB))
        reload(tasker, f"[server]\n{NO_CEILINGS}")
        until_equal(lambda: len(told(tasker, "tasker-alice.slice")), 3)
        assert set(told(tasker, "tasker-alice.slice")[-1].values()) == {INFINITY}


def test_a_quota_that_is_not_in_force_fails_the_start() -> None:
    with stack(f'[server]\n{NO_TOTAL}[owner]\nmemory = "64M"\n') as tasker:
        tasker.systemd.do("omit", names=["MemoryMax"])
        with refused(Reason.REFUSED, "cannot apply the quota of tasker-alice.slice: .*memory.max is max"):
            tasker.start_job("sleep", "60", caller=ALICE)
        assert tasker.list() == []
        tasker.systemd.do("omit", names=[])
        tasker.start_job("sleep", "60", caller=ALICE)
