"""Every limit that acts on a job is named: by `get` while it runs, and by the verdict."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tasker.acting import acting
from tasker.job import Job
from tasker.limits import Limits
from tests.stub.settings import DEFAULT_TASKS
from tests.support.stack import ALICE, Stack, stack

MIB = 1 << 20
STALLED = "some avg10=0.00 avg60=0.00 avg300=0.00 total=3600000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"


def write(tasker: Stack, job: Job, file: str, text: str) -> None:
    tasker.systemd.do("write", unit=job.unit, file=file, text=text)


def verdict(tasker: Stack, job: Job) -> str:
    """Of the job, its command told to exit."""
    (tasker.directory / "go").write_text("x\n")
    outcome = tasker.wait(job).outcome
    assert outcome is not None
    return outcome.verdict


def start(tasker: Stack, limits: Limits) -> Job:
    """A job that runs until its verdict is asked for."""
    return tasker.start_job("sh", "-c", f"read x < {tasker.directory}/go", caller=ALICE, limits=limits)


@pytest.fixture
def tasker(request: pytest.FixtureRequest) -> Iterator[Stack]:
    with stack("[server]\n" + getattr(request, "param", "")) as tasker:
        os.mkfifo(tasker.directory / "go")
        (tasker.directory / "go").chmod(0o666)
        yield tasker


def test_a_tasks_limit_that_refused_a_process(tasker: Stack) -> None:
    job = start(tasker, Limits(tasks=5))
    write(tasker, job, "pids.events", "max 3\n")
    usage = tasker.get(job).usage
    assert usage is not None
    assert acting(usage, 1.0) == ("tasks",)
    assert verdict(tasker, job).endswith("; the tasks limit of 5 refused 3 processes")


def test_memory_high_that_slowed_it_down(tasker: Stack) -> None:
    job = start(tasker, Limits(memory_high=16 * MIB))
    write(tasker, job, "memory.events", "low 0\nhigh 7\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n")
    write(tasker, job, "memory.pressure", STALLED)
    usage = tasker.get(job).usage
    assert usage is not None
    assert acting(usage, 3600.0) == ("memory_high",)
    assert verdict(tasker, job).endswith("; held back 100 % of the time by memory-high 16M")


def test_a_limit_that_an_admin_set_is_the_one_that_is_named(tasker: Stack) -> None:
    job = start(tasker, Limits(tasks=5))
    tasker.systemd.set_property(job.unit, TasksMax=("t", 9))
    write(tasker, job, "pids.events", "max 1\n")
    assert verdict(tasker, job).endswith("; the tasks limit of 9 refused 1 process")
    ended = tasker.get(job)
    assert ended.in_force is not None
    assert (ended.in_force.tasks, ended.limits.tasks, ended.differing) == (9, 5, ("tasks",))


def test_the_default_limit_is_named_and_no_difference(tasker: Stack) -> None:
    job = start(tasker, Limits())
    write(tasker, job, "pids.events", "max 2\n")
    assert verdict(tasker, job).endswith(f"; the tasks limit of {DEFAULT_TASKS} refused 2 processes")
    assert tasker.get(job).differing == ()


@pytest.mark.parametrize(
    ("tasker", "limits", "who"),
    [
        (
            "[owner]\ntasks = 20\n",
            Limits(tasks=5),
            "the tasks limit of 5 or the quota of 20 tasks on all jobs of alice",
        ),
        ("[owner]\ntasks = 20\n", Limits(), "the quota of 20 tasks on all jobs of alice"),
        ("[total]\ntasks = 30\n", Limits(), "the quota of 30 tasks on all jobs"),
    ],
    indirect=["tasker"],
)
def test_a_quota_may_have_refused_it(tasker: Stack, limits: Limits, who: str) -> None:
    job = start(tasker, limits)
    write(tasker, job, "pids.events", "max 2\n")
    assert verdict(tasker, job).endswith(f"; {who} refused 2 processes")


@pytest.mark.parametrize(
    ("tasker", "peak", "who"),
    [
        ("[owner]\ntasks = 1000\n", 900, "the tasks limit of 5"),
        ("[owner]\ntasks = 1000\n", 1000, "the tasks limit of 5 or the quota of 1000 tasks on all jobs of alice"),
    ],
    indirect=["tasker"],
)
def test_a_quota_that_was_never_met_refused_nothing(tasker: Stack, peak: int, who: str) -> None:
    """Linux 6.1 and newer say how many there were at most."""
    job = start(tasker, Limits(tasks=5))
    (tasker.systemd.cgroup(job.unit).parent / "pids.peak").write_text(f"{peak}\n")
    write(tasker, job, "pids.events", "max 2\n")
    assert verdict(tasker, job).endswith(f"; {who} refused 2 processes")


@pytest.mark.parametrize(
    ("tasker", "met", "words"),
    [
        ('[total]\nmemory = "1G"\n', 0, "the machine had none left"),
        ('[total]\nmemory = "1G"\n', 3, "the quota of 1G on all jobs reached"),
    ],
    indirect=["tasker"],
)
def test_a_quota_on_memory_is_named_where_it_was_met(tasker: Stack, met: int, words: str) -> None:
    job = start(tasker, Limits())
    events = tasker.systemd.cgroup(job.unit).parents[1] / "memory.events.local"
    events.write_text(f"low 0\nhigh 0\nmax {met}\noom {met}\noom_kill 0\n")
    tasker.systemd.do("oom", unit=job.unit)
    outcome = tasker.wait(job).outcome
    assert outcome is not None
    assert words in outcome.verdict
