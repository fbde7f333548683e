"""The end of the run. These tests stop the service, so they run late."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker.client import Client, Ended
from tasker.job import Job, Kind, Outcome
from tests.support.waiting import DEADLINE, join, until, until_equal, until_gone
from tests.system.conftest import (
    ETC,
    SERVING,
    User,
    moment,
    run,
    scopes,
    show,
    since,
    states,
    until_other_pid,
    until_serving,
)

pytestmark = pytest.mark.late(1)
TIMEOUT_STOP = 90.0
"""Seconds after which systemd kills what it stops; the engine's own limit is 10 s, beside what a busy machine adds."""


@pytest.fixture
def stopped() -> Iterator[None]:
    """Whatever a test did, the service is up after it."""
    yield
    run("systemctl", "start", "tasker")
    until_serving()


def leftovers() -> list[str]:
    """What of Tasker is still there."""
    found = [str(path) for path in Path("/run").glob("tasker*")] + scopes()
    found += run("pgrep", "-f", r"tasker\.(engine|collector|frontend)", check=False).split()
    return found + [pid for pid in os.listdir("/proc") if pid.isdigit() and "TASKER_JOB=" in environment(pid)]


def environment(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/environ").read_text(errors="replace")
    except OSError:
        return ""


def test_stop_ends_all_and_leaves_nothing(alice: User, stopped: None) -> None:
    jobs = [alice.sh("trap '' HUP; setsid sleep 600 & sleep 600") for _ in range(3)]
    watcher = alice.connect()
    last: list[object] = []
    attached = threading.Event()
    old = alice.wait(alice.sh("echo old"))
    alice.client.archive(old.id)
    assert list(Path("/var/lib/tasker/archive").glob(f"*/{old.id}.gz"))

    def follow(client: Client) -> None:
        for event in client.attach(jobs[0].id):
            last.append(event)
            attached.set()

    follower = threading.Thread(target=follow, args=[watcher])
    follower.start()
    assert attached.wait(DEADLINE)
    run("systemctl", "stop", "tasker")
    until_equal(leftovers, [])
    assert list(Path("/var/lib/tasker/archive").iterdir()) == []
    join(follower)
    assert isinstance(last[-1], Ended)
    assert last[-1].job.outcome is not None
    assert last[-1].job.outcome.kind is Kind.RUN_ENDED
    run("systemctl", "start", "tasker")
    until_serving()
    assert list(alice.client.list()) == []


def test_a_deaf_job_with_a_long_grace_does_not_hold_up_the_end(alice: User, admin: User, stopped: None) -> None:
    """Whoever shuts the machine down waits for it: 10 seconds, whatever the job's own grace is."""
    job = alice.sh("exec 2>/dev/null; trap '' TERM; echo ready; while :; do sleep 0.1; done", grace=3600.0)
    civil = alice.sh("exec 2>/dev/null; trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.1; done")
    for each in (job, civil):
        alice.first_line(each)
    waited: list[Job] = []
    waiters = [
        threading.Thread(target=lambda one=one: waited.append(alice.connect().wait(one.id))) for one in (job, civil)
    ]
    for waiter in waiters:
        waiter.start()
    until(lambda: run("ss", "-Htn", "sport = :8275"), lambda text: "ESTAB" in text)
    begun = time.monotonic()
    run("systemctl", "stop", "tasker")
    assert time.monotonic() - begun < TIMEOUT_STOP
    until_equal(leftovers, [])
    for waiter in waiters:
        join(waiter)
    ends = {job.id: job.outcome for job in waited}
    assert ends == {
        job.id: Outcome(Kind.RUN_ENDED, signal=9, killed=True),
        civil.id: Outcome(Kind.RUN_ENDED, exit_code=7),
    }


@pytest.mark.parametrize("unit", ["tasker-collector.service", "tasker.slice"])
def test_whatever_of_it_is_stopped_the_jobs_end_in_time(alice: User, stopped: None, unit: str) -> None:
    alice.sh("exec 2>/dev/null; trap '' TERM; echo ready; while :; do sleep 0.1; done", grace=5.0)
    alice.start("sleep", "600")
    begun = time.monotonic()
    run("systemctl", "stop", unit)
    assert time.monotonic() - begun < TIMEOUT_STOP
    until_equal(scopes, [])


def test_a_dead_engine_does_not_hold_up_the_end(alice: User, stopped: None) -> None:
    alice.start("sleep", "600")
    run("systemctl", "kill", "--signal=STOP", "tasker.service")
    run("systemctl", "kill", "--signal=KILL", "tasker.service")
    run("systemctl", "stop", "tasker")
    until_equal(leftovers, [])


def test_a_killed_collector_ends_the_run_and_a_new_one_begins(alice: User) -> None:
    job = alice.start("sleep", "600")
    alice.first_line(alice.sh("trap '' TERM; echo ready; while :; do sleep 0.1; done", grace=3600.0))
    before, end = show("tasker-collector.service", "MainPID"), moment()
    run("systemctl", "kill", "--signal=KILL", "tasker-collector.service")
    until_other_pid("tasker-collector.service", before)
    until_serving()
    until_equal(scopes, [])
    assert list(alice.connect().list()) == []
    until(lambda: since(end, "-u", "tasker"), lambda text: "the collector is gone" in text)
    until_gone(job.pid)


def test_a_reload_that_cannot_be_fails_and_changes_nothing(alice: User) -> None:
    config = ETC / "tasker.toml"
    good = config.read_text()
    config.write_text(good + '\n[server]\nrevoked = ["zz"]\n')
    try:
        assert subprocess.run(["systemctl", "reload", "tasker"], check=False, timeout=DEADLINE).returncode != 0
        assert states() == SERVING
    finally:
        config.write_text(good)
    run("systemctl", "reload", "tasker")
    assert states() == SERVING


def test_a_bad_configuration_says_so_in_one_line_and_the_run_goes_on(alice: User, stopped: None) -> None:
    job = alice.start("sleep", "600")
    config = ETC / "tasker.toml"
    good = config.read_text()
    config.write_text(good + "\n[owner]\nruning = 5\n")
    end = moment()
    try:
        run("systemctl", "restart", "tasker", check=False)
        line = "cannot use /etc/tasker/tasker.toml: there is no key 'runing' in [owner]"
        until(lambda: since(end, "-u", "tasker"), lambda text: line in text)
        assert scopes() == [job.unit]
    finally:
        config.write_text(good)
    until_serving()
    assert alice.connect().get(job.id).state == "running"
