"""What jobs use as the kernel counts it, how they are said to have ended, and watching them, on a real systemd."""

from __future__ import annotations

import re

from tasker.client.watching import Changed, Forgotten, Snapshot, Used, Watching
from tasker.job import Job, Kind
from tasker.lifecycle import State
from tasker.limits import Limits
from tasker.usage import Usage
from tests.support.waiting import until
from tests.system.conftest import User, cgroup, run

MIB = 1 << 20
BURN = "while :; do :; done"
EAT = "import time; blocks = []\nwhile True: blocks.append(bytearray(1 << 20))"


def usage(user: User, job: Job) -> Usage:
    found = user.client.get(job.id).usage
    assert found is not None
    return found


def ended(user: User, job: Job) -> tuple[Usage, str]:
    """The totals and the verdict."""
    job = user.wait(job)
    assert job.usage is not None
    assert job.outcome is not None
    assert user.client.get(job.id).usage == job.usage
    return job.usage, job.outcome.verdict


def test_a_busy_job_has_cpu_time_a_rate_and_pressure(alice: User) -> None:
    job = alice.sh(BURN)
    until(lambda: usage(alice, job), lambda now: now.cpu_time > 0.2 and (now.cpu_rate or 0.0) > 0.1)
    now = usage(alice, job)
    assert now.tasks == 1
    assert now.memory is not None
    assert now.memory_peak is not None
    assert 0 < now.memory <= now.memory_peak
    assert None not in (now.cpu_pressure, now.memory_pressure, now.io_pressure)
    alice.client.stop(job.id)
    totals, verdict = ended(alice, job)
    assert totals.cpu_time >= now.cpu_time
    assert (totals.memory, totals.tasks, totals.cpu_rate) == (None, None, None)
    assert re.fullmatch(r"stopped by alice after \d.* \(SIGTERM\)", verdict)


def test_very_short_jobs_have_totals(alice: User) -> None:
    """systemd removes the cgroup of some of them before anybody can read it once more."""
    for totals, verdict in [ended(alice, alice.start("true")) for _ in range(20)]:
        assert totals.cpu_time > 0.0
        assert totals.memory_peak is not None
        assert re.fullmatch(r"exited with code 0 after \d+\.\ds", verdict)


def test_bytes_to_disk_and_memory_are_counted_to_the_last(alice: User) -> None:
    """Where the last reading came before systemd removed the cgroup, which the time of the totals tells."""
    script = "dd if=/dev/zero of=/var/tmp/tasker-io bs=8M count=2 oflag=direct 2>/dev/null; rm /var/tmp/tasker-io"
    jobs = (alice.wait(alice.sh(script)) for _ in range(5))
    totals = next(job.usage for job in jobs if job.usage and job.ended and job.usage.time >= job.ended)
    assert totals.io_write is not None
    assert 16 * MIB <= totals.io_write < 20 * MIB
    assert totals.memory_peak is not None
    assert totals.memory_peak > 8 * MIB


def test_a_cpu_limit_that_holds_back_is_reported(alice: User) -> None:
    job = alice.sh(BURN, Limits(cpu=0.2))
    until(lambda: usage(alice, job), lambda now: now.periods > 20)
    assert usage(alice, job).throttled > 0.5
    assert usage(alice, job).throttled_time > 0.0
    alice.client.stop(job.id)
    totals, verdict = ended(alice, job)
    assert totals.throttled > 0.5
    assert re.fullmatch(r"stopped by alice after .*; the CPU limit of 0\.2 held it back \d\d+ % of the time", verdict)


def test_out_of_memory_is_reported_with_the_limit_and_how_often(alice: User) -> None:
    job = alice.start("python3", "-c", EAT, limits=Limits(memory=48 * MIB))
    totals, verdict = ended(alice, job)
    # "At least" is what was read last: systemd may remove the cgroup before it can be read once more.
    reached = r"limit 48M reached (at least )?(once|\d+ times) \(peak (48M|at least \S+)\)"
    assert re.fullmatch(f"killed: out of memory, {reached}", verdict)
    assert totals.oom_kills >= 1
    until(lambda: run("journalctl", "-q", "-o", "cat", f"TASKER_JOB={job.id}"), lambda text: verdict in text)


def test_a_stop_that_had_to_kill_says_so(alice: User) -> None:
    job = alice.sh("trap '' TERM; echo ready; while :; do sleep 0.1; done")
    alice.first_line(job)
    outcome = alice.client.stop(job.id, grace=1).outcome
    assert outcome is not None
    assert outcome.verdict == "stopped by alice: killed after the grace period of 1.0s"


def test_jobs_are_watched_while_they_come_and_go_and_across_a_restart(alice: User, bob: User) -> None:
    watching = bob.client.watch(usage=True)
    known = _snapshot(watching)
    job = alice.sh("while :; do :; done", environment={"SECRET": "x"})
    seen = _until(watching, job, State.RUNNING)
    assert job.id not in known
    assert seen.spec.environment == {"SECRET": ""}
    while not any(used.job == job.id for used in getattr(next(watching), "usages", ())):
        pass
    run("systemctl", "restart", "tasker")
    while not (isinstance(part := next(watching), Snapshot) and part.first):
        assert not isinstance(part, Forgotten)
    alice.client.stop(job.id)
    last = _until(watching, job, State.ENDED)
    assert last.outcome is not None
    assert last.outcome.kind is Kind.STOPPED
    assert last.usage is not None
    assert last.usage.cpu_time > 0.0
    watching.cancel()
    assert not cgroup(job).exists()


def _snapshot(watching: Watching) -> set[str]:
    jobs: set[str] = set()
    while True:
        part = next(watching)
        assert isinstance(part, Snapshot)
        jobs |= {job.id for job in part.jobs}
        if part.last:
            return jobs


def _until(watching: Watching, job: Job, state: State) -> Job:
    """What is told of the job, once it is in that state: by a change, or by a part of a snapshot that is newer."""
    while True:
        news = next(watching)
        assert not isinstance(news, Used) or all(used.usage.time for used in news.usages)
        told = (news.job,) if isinstance(news, Changed) else news.jobs if isinstance(news, Snapshot) else ()
        for one in told:
            if one.id == job.id and one.state is state:
                return one
