"""Each limit is felt, not just set."""

from __future__ import annotations

import os
import re
import time

import pytest

from tasker.acting import acting
from tasker.errors import Reason, TaskerError
from tasker.job import Kind
from tasker.limits import IoLimit, Limits
from tests.support.waiting import until
from tests.system.conftest import User, cgroup, scopes, show

MIB = 1 << 20
BUSY = "while :; do :; done"


def numbers(text: str) -> dict[str, int]:
    return {key: int(value) for key, value in (line.split() for line in text.splitlines())}


def test_cpu_time_is_throttled(alice: User) -> None:
    job = alice.sh(BUSY, Limits(cpu=0.2))
    path = cgroup(job) / "cpu.stat"
    begun = numbers(path.read_text())
    since = time.monotonic()
    stat = until(lambda: numbers(path.read_text()), lambda now: now["nr_periods"] >= begun["nr_periods"] + 20)
    share = (stat["usage_usec"] - begun["usage_usec"]) / 1e6 / (time.monotonic() - since)
    assert stat["nr_throttled"] > begun["nr_throttled"]
    assert share < 0.35, f"{share:.2f} of a core where 0.2 were asked for"


def test_cpu_weight_decides_when_it_is_scarce(alice: User) -> None:
    """Both on one processor, so that it is."""
    busy = ("taskset", "-c", "0", "sh", "-c", BUSY)
    jobs = [alice.start(*busy, limits=Limits(cpu_weight=weight)) for weight in (10, 1000)]
    paths = [cgroup(job) / "cpu.stat" for job in jobs]

    def used() -> list[int]:
        return [numbers(path.read_text())["usage_usec"] for path in paths]

    begun = used()
    now = until(used, lambda now: sum(now) - sum(begun) >= 3_000_000)
    shares = [after - before for before, after in zip(begun, now, strict=True)]
    assert shares[1] > 5 * shares[0], shares


def test_memory_kills_and_the_outcome_says_so(alice: User) -> None:
    job = alice.start("python3", "-c", "x = bytearray(200 << 20)", limits=Limits(memory=48 * MIB))
    outcome = alice.wait(job).outcome
    assert outcome is not None
    assert outcome.kind is Kind.OUT_OF_MEMORY
    assert outcome.summary == "killed: out of memory"


def test_memory_high_throttles_and_does_not_kill(alice: User) -> None:
    script = "x = bytearray(60 << 20); print('done', flush=True)"
    job = alice.start("python3", "-c", script + "; input()", limits=Limits(memory_high=32 * MIB))
    path = cgroup(job) / "memory.events"
    until(lambda: numbers(path.read_text())["high"])
    assert numbers(path.read_text())["oom_kill"] == 0

    def held_back() -> bool:
        now = alice.client.get(job.id)
        return now.usage is not None and "memory_high" in acting(now.usage, time.time() - (now.started or 0.0))

    until(held_back)
    outcome = alice.client.stop(job.id, grace=0).outcome
    assert outcome is not None
    assert re.search(r"; held back \d+(\.\d)? % of the time by memory-high 32M$", outcome.verdict), outcome.verdict


def test_without_swap_asked_for_there_is_none(alice: User) -> None:
    job = alice.start("sleep", "60", limits=Limits(memory=48 * MIB))
    assert (cgroup(job) / "memory.swap.max").read_text() == "0\n"


def test_write_bandwidth_is_what_dd_gets(alice: User) -> None:
    limit = IoLimit("/var/tmp", write_bandwidth=2 * MIB)  # noqa: S108 - any directory on the disk
    script = "dd if=/dev/zero of=/var/tmp/tasker-dd bs=256K count=32 oflag=direct && rm /var/tmp/tasker-dd"
    begun = time.monotonic()
    job = alice.wait(alice.sh(script, Limits(io=(limit,))))
    limited = time.monotonic() - begun
    assert job.outcome is not None
    assert job.outcome.exit_code == 0
    assert limited > 3.0, f"8 MiB at 2 MiB/s in {limited:.1f} s"


def test_iops_are_limited(alice: User) -> None:
    limit = IoLimit("/var/tmp", write_iops=20)  # noqa: S108
    script = "dd if=/dev/zero of=/var/tmp/tasker-iops bs=4K count=80 oflag=direct && rm /var/tmp/tasker-iops"
    begun = time.monotonic()
    alice.wait(alice.sh(script, Limits(io=(limit,))))
    assert time.monotonic() - begun > 3.0


def test_read_limits_stand_on_the_disk_under_the_path(alice: User) -> None:
    limit = IoLimit("/var/tmp", read_bandwidth=MIB, read_iops=50)  # noqa: S108
    job = alice.start("sleep", "60", limits=Limits(io=(limit,), io_weight=50))
    text = (cgroup(job) / "io.max").read_text()
    assert f"rbps={MIB} wbps=max riops=50 wiops=max" in text
    assert show(job.unit, "IOWeight") == "50"


def test_two_paths_on_one_disk_start_together(alice: User) -> None:
    """One of them does not exist: nobody looks."""
    limits = Limits(io=(IoLimit("/", write_bandwidth=2 * MIB), IoLimit("/no/such/path", read_bandwidth=MIB)))
    job = alice.start("sleep", "60", limits=limits)
    (line,) = (cgroup(job) / "io.max").read_text().splitlines()
    assert line == f"{job.disks[0].number} rbps={MIB} wbps={2 * MIB} riops=max wiops=max"
    assert [(disk.path, disk.mount_point) for disk in job.disks] == [("/", "/"), ("/no/such/path", "/")]
    assert len({disk.number for disk in job.disks}) == 1
    now = alice.client.get(job.id)
    assert now.in_force is not None
    assert (now.in_force.io, now.differing) == (limits.io, ())


def test_forks_past_the_tasks_limit_are_refused(alice: User) -> None:
    job = alice.sh("for i in 1 2 3 4 5 6 7 8; do sleep 20 & done; wait", Limits(tasks=4))
    assert b"Cannot fork" in alice.output(job)
    outcome = alice.client.get(job.id).outcome
    assert outcome is not None
    assert re.search(r"; the tasks limit of 4 refused \d+ process(es)?(;|$)", outcome.verdict), outcome.verdict


def test_a_tasks_limit_that_acts_shows_while_the_job_runs(alice: User) -> None:
    """The first refusals come at once, before anybody has asked."""
    script = "import os, time\nleft = 3\nwhile left:\n    try:\n        child = os.fork()\n    except OSError:\n"
    script += "        left -= 1\n    else:\n        child or time.sleep(600)\n"
    script += "print('done', flush=True)\ntime.sleep(600)"
    job = alice.start("python3", "-c", script, limits=Limits(tasks=3))
    assert alice.first_line(job) == "done"
    usage = alice.client.get(job.id).usage
    assert usage is not None
    assert (usage.task_limit_hits, acting(usage, 1.0)) == (3, ("tasks",))
    outcome = alice.client.stop(job.id, grace=0).outcome
    assert outcome is not None
    assert outcome.verdict.endswith("; the tasks limit of 3 refused 3 processes")


def test_a_fork_bomb_is_contained_and_stopped(alice: User) -> None:
    job = alice.sh("bomb() { bomb | bomb & }; bomb; sleep 1000", Limits(tasks=50))
    pids = cgroup(job) / "pids.events"
    until(pids.read_text, lambda text: "max 0" not in text)
    assert alice.client.stop(job.id, grace=0).outcome is not None
    assert not cgroup(job).exists()


def test_run_time_ends_it(alice: User) -> None:
    outcome = alice.wait(alice.start("sleep", "600", limits=Limits(run_time=1))).outcome
    assert outcome is not None
    assert outcome.kind is Kind.TIMED_OUT


def test_a_job_runs_on_its_cpus_alone(alice: User) -> None:
    last = (os.cpu_count() or 1) - 1
    job = alice.start("sh", "-c", "nproc; exec sleep 600", limits=Limits(cpu_list=str(last)))
    assert alice.first_line(job) == "1"
    pid = alice.client.get(job.id).pid
    assert os.sched_getaffinity(pid) == {last}
    now = alice.client.limit(job.id, Limits(), lift=("cpu_list",))
    assert (now.limits.cpu_list, now.differing) == (None, ())
    assert os.sched_getaffinity(pid) == set(range(last + 1))
    now = alice.client.limit(job.id, Limits(cpu_list="0"))
    assert now.in_force is not None
    assert now.in_force.cpu_list == "0"
    assert os.sched_getaffinity(pid) == {0}


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(io=(IoLimit("/run/x", write_bandwidth=MIB),)), "/run is a file system of type tmpfs"),
        (Limits(io=(IoLimit("/dev/null", write_bandwidth=MIB),)), "it is not a block device, so there is no disk"),
        (Limits(memory=4096), "8M or more"),
        (Limits(cpu=2.0**63), "all that this machine has"),
        (Limits(cpu_list="0-99"), "cannot limit cpu-list to 0-99; choose 0 to "),
    ],
)
def test_what_cannot_be_is_an_error_of_the_start(alice: User, limits: Limits, words: str) -> None:
    with pytest.raises(TaskerError, match=words) as caught:
        alice.start("sleep", "60", limits=limits)
    assert caught.value.reason in (Reason.INVALID, Reason.REFUSED)
    assert scopes() == []
