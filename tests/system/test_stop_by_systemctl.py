"""`systemctl stop` of a job's unit, by an admin who knows nothing of Tasker: a stop like any other."""

from __future__ import annotations

import time

import pytest

from tasker.job import Job, Kind
from tasker.limits import Limits
from tests.support.waiting import until, until_equal
from tests.system.conftest import ETC, User, cgroup, run, show, until_other_pid, until_serving

CIVIL = "exec 2>/dev/null; trap 'echo asked; exit 7' TERM; echo ready; while :; do sleep 0.1; done"
DEAF = "exec 2>/dev/null; trap 'echo asked' TERM; echo ready; while :; do sleep 0.1; done"
SLOW = "exec 2>/dev/null; trap 'sleep 25; exit 7' TERM; echo ready; while :; do sleep 0.1; done"


def ready(user: User, script: str, **spec: object) -> Job:
    job = user.sh(script, **spec)  # type: ignore[arg-type]
    user.first_line(job)
    return job


def end(user: User, job: Job) -> tuple[Kind, int | None, int | None, str, bool]:
    outcome = user.wait(job).outcome
    assert outcome is not None
    return outcome.kind, outcome.exit_code, outcome.signal, outcome.stopped_by, outcome.killed


def test_it_is_asked_once_and_the_outcome_says_by_whom(alice: User) -> None:
    job = ready(alice, CIVIL)
    assert show(job.unit, "Controller") == "org.tasker.Engine"
    run("systemctl", "stop", job.unit)
    assert end(alice, job) == (Kind.STOPPED, 7, None, "systemctl", False)
    assert alice.client.get(job.id).outcome.summary == "stopped by systemctl"  # type: ignore[union-attr]
    assert alice.output(job) == b"ready\nasked\n"
    entries = ("journalctl", "-q", "-o", "cat", f"TASKER_JOB={job.id}", "TASKER_ACTOR=systemctl")
    asked, told = until(lambda: run(*entries).splitlines(), lambda lines: len(lines) == 2)  # journald takes its time
    assert asked == f"{job.id}: systemctl stops it, within 10 s"
    assert told.startswith(f"{job.id}: stopped by systemctl after ")


def test_the_jobs_own_grace_ends_it(alice: User) -> None:
    job = ready(alice, DEAF, grace=2.0)
    run("systemctl", "stop", job.unit)
    assert end(alice, job) == (Kind.STOPPED, None, 9, "systemctl", True)
    assert alice.output(job) == b"ready\nasked\n"


def test_a_long_grace_is_given_whole(alice: User) -> None:
    """Longer than the margin after which systemd would kill it."""
    job = ready(alice, SLOW, grace=60.0)
    begun = time.monotonic()
    run("systemctl", "stop", job.unit)
    assert end(alice, job) == (Kind.STOPPED, 7, None, "systemctl", False)
    assert time.monotonic() - begun >= 20


def test_a_slice_is_stopped_job_by_job(alice: User, bob: User) -> None:
    other = bob.start("sleep", "600")
    jobs = [ready(alice, CIVIL) for _ in range(2)]
    run("systemctl", "stop", "tasker-alice.slice")
    assert [end(alice, job) for job in jobs] == [(Kind.STOPPED, 7, None, "systemctl", False)] * 2
    assert bob.client.get(other.id).outcome is None


def test_a_paused_job_acts_on_it(alice: User) -> None:
    job = ready(alice, CIVIL)
    alice.client.pause(job.id)
    run("systemctl", "stop", job.unit)
    assert end(alice, job) == (Kind.STOPPED, 7, None, "systemctl", False)


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_after_a_restart_of_the_engine_it_is_the_same(alice: User, how: str) -> None:
    job, deaf = ready(alice, CIVIL), ready(alice, DEAF, grace=2.0)
    if how == "restart":
        run("systemctl", "restart", "tasker")
    else:
        before = show("tasker.service", "MainPID")
        run("systemctl", "kill", "--signal=KILL", "tasker")
        until_other_pid("tasker.service", before)
    until_serving()
    run("systemctl", "stop", job.unit, deaf.unit)
    assert end(alice, job) == (Kind.STOPPED, 7, None, "systemctl", False)
    assert end(alice, deaf) == (Kind.STOPPED, None, 9, "systemctl", True)
    assert alice.output(job) == b"ready\nasked\n"


def test_what_a_dead_engine_did_not_hear_the_next_one_carries_out(alice: User) -> None:
    job = ready(alice, CIVIL, grace=300.0)
    run("systemctl", "kill", "--signal=STOP", "tasker")
    run("systemctl", "stop", "--no-block", job.unit)
    until_equal(lambda: show(job.unit, "ActiveState"), "deactivating")
    run("systemctl", "kill", "--signal=KILL", "tasker")
    until_serving()
    assert end(alice, job) == (Kind.STOPPED, 7, None, "systemctl", False)


def test_without_an_engine_systemd_asks_by_itself(alice: User) -> None:
    job = ready(alice, CIVIL)
    config = ETC / "tasker.toml"
    good = config.read_text()
    config.write_text(good + "\n[nonsense]\n")
    try:
        run("systemctl", "restart", "tasker", check=False)
        run("systemctl", "stop", job.unit)
        assert not cgroup(job).exists()
    finally:
        config.write_text(good)
    until_serving()
    assert end(alice, job)[:2] == (Kind.EXITED, 7)
    assert alice.output(job) == b"ready\nasked\n"


def test_the_run_time_gives_the_grace_and_stays_a_timeout(alice: User) -> None:
    civil = ready(alice, CIVIL, limits=Limits(run_time=10))
    deaf = ready(alice, DEAF, limits=Limits(run_time=10), grace=2.0)
    assert end(alice, civil) == (Kind.TIMED_OUT, 7, None, "", False)
    assert end(alice, deaf) == (Kind.TIMED_OUT, None, 9, "", True)
    assert alice.output(deaf) == b"ready\nasked\n"
