"""Pause and resume through systemd's freezer: what is frozen stands still, whoever froze it."""

from __future__ import annotations

import contextlib
import os
import signal

import pytest

from tasker.errors import TaskerError
from tasker.job import Job, Kind
from tasker.lifecycle import State
from tasker.limits import Limits
from tests.support.waiting import until, until_equal
from tests.system.conftest import User, cgroup, run, show, until_other_pid, until_serving

COUNTS = "exec 2>/dev/null; trap 'exit 7' TERM; trap 'echo usr1' USR1; echo ready; while :; do sleep 0.1; done"


def frozen(job: Job) -> bool:
    return "frozen 1" in (cgroup(job) / "cgroup.events").read_text()


def test_a_paused_job_uses_nothing_until_it_is_resumed(alice: User, admin: User) -> None:
    job = alice.sh("while :; do :; done")

    def used() -> str:
        return (cgroup(job) / "cpu.stat").read_text().split()[1]

    assert alice.client.pause(job.id).state is State.PAUSED
    assert frozen(job)
    assert show(job.unit, "FreezerState") == "frozen"
    before = used()
    run("systemctl", "daemon-reload")
    assert used() == before
    assert admin.client.pause(job.id).state is State.PAUSED
    assert alice.client.resume(job.id).state is State.RUNNING
    assert not frozen(job)
    until(lambda: used() != before)


def test_systemctl_freeze_and_thaw_are_seen(alice: User) -> None:
    job = alice.start("sleep", "600")
    run("systemctl", "freeze", job.unit)
    until_equal(lambda: alice.client.get(job.id).state, State.PAUSED)
    entries = ("journalctl", "-q", "-o", "cat", f"TASKER_JOB={job.id}", "TASKER_ACTION=pause")
    until(lambda: run(*entries), lambda text: "paused by systemctl" in text)
    run("systemctl", "thaw", job.unit)
    until_equal(lambda: alice.client.get(job.id).state, State.RUNNING)


@pytest.mark.parametrize("number", ["TERM", "KILL"])
def test_it_stays_paused_when_the_engine_restarts(alice: User, number: str) -> None:
    job = alice.start("sleep", "600")
    alice.client.pause(job.id)
    before = show("tasker.service", "MainPID")
    if number == "TERM":
        run("systemctl", "restart", "tasker")
    else:
        run("systemctl", "kill", "--signal=KILL", "tasker")
        until_other_pid("tasker.service", before)
    until_serving()
    assert alice.client.get(job.id).state is State.PAUSED
    run("systemctl", "daemon-reload")
    assert alice.client.resume(job.id).state is State.RUNNING


def test_a_stop_lets_it_go_on_so_that_it_acts(alice: User) -> None:
    job = alice.sh(COUNTS)
    alice.first_line(job)
    alice.client.pause(job.id)
    ended = alice.client.stop(job.id, grace=60)
    assert ended.outcome is not None
    assert (ended.outcome.kind, ended.outcome.exit_code) == (Kind.STOPPED, 7)


def test_a_paused_job_is_killed_at_once_by_force(alice: User) -> None:
    for grace in (0, None):
        job = alice.sh(COUNTS)
        alice.first_line(job)
        alice.client.pause(job.id)
        if grace is None:
            alice.client.signal(job.id, signal.SIGKILL)
        else:
            alice.client.stop(job.id, grace=grace)
        assert alice.wait(job).state is State.ENDED


def test_a_signal_that_is_handled_waits_until_the_job_is_resumed(alice: User) -> None:
    job = alice.sh(COUNTS)
    alice.first_line(job)
    alice.client.pause(job.id)
    alice.client.signal(job.id, signal.SIGUSR1)
    assert alice.client.get(job.id).state is State.PAUSED
    assert _printed(alice, job) == b"ready\n"
    alice.client.resume(job.id)
    until(lambda: _printed(alice, job), lambda printed: b"usr1" in printed)


def test_a_signal_that_is_blocked_waits_until_the_job_is_resumed(alice: User) -> None:
    """Also where it would end the process: a shell blocks signals for a moment whenever it starts a command."""
    script = "import signal, time; signal.pthread_sigmask(signal.SIG_BLOCK, [1]); print('blocked', flush=True)\n"
    script += "while not signal.sigpending(): time.sleep(0.1)\n"
    script += "print('pending', flush=True); signal.pthread_sigmask(signal.SIG_UNBLOCK, [1]); time.sleep(600)"
    job = alice.start("python3", "-c", script)
    alice.first_line(job)
    alice.client.pause(job.id)
    alice.client.signal(job.id, signal.SIGHUP)
    assert alice.client.get(job.id).state is State.PAUSED
    alice.client.resume(job.id)
    _ended_by_hangup(alice, job)
    assert alice.output(job) == b"blocked\npending\n"


def test_a_fatal_signal_takes_effect_when_the_job_is_resumed_at_the_latest(alice: User) -> None:
    job = alice.sh(COUNTS)
    alice.first_line(job)
    alice.client.pause(job.id)
    alice.client.signal(job.id, signal.SIGHUP)  # neither handled nor, but for moments, blocked
    with contextlib.suppress(TaskerError):  # it has ended already
        alice.client.resume(job.id)
    _ended_by_hangup(alice, job)


def test_the_run_time_goes_on_while_it_is_paused(alice: User) -> None:
    job = alice.sh(COUNTS, limits=Limits(run_time=15))
    alice.first_line(job)
    alice.client.pause(job.id)
    ended = alice.wait(job)
    assert ended.outcome is not None
    assert ended.outcome.kind is Kind.TIMED_OUT


def test_an_ended_job_is_not_paused(alice: User) -> None:
    job = alice.start("true")
    alice.wait(job)
    with pytest.raises(TaskerError, match=f"cannot pause job {job.id}: it has ended"):
        alice.client.pause(job.id)
    assert not os.path.exists(cgroup(job))


def _ended_by_hangup(user: User, job: Job) -> None:
    outcome = user.wait(job).outcome
    assert outcome is not None
    assert (outcome.kind, outcome.signal) == (Kind.SIGNALLED, signal.SIGHUP)


def _printed(user: User, job: Job) -> bytes:
    return b"".join(getattr(event, "data", b"") for event in user.client.attach(job.id, follow=False))
