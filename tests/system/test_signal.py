"""Signals that people send, by the API, to what really runs."""

from __future__ import annotations

import signal

import pytest

from tasker.errors import Reason, TaskerError
from tasker.job import Kind
from tests.system.conftest import User, run


def test_who_killed_it_is_reported(alice: User, admin: User, bob: User) -> None:
    job = alice.start("sleep", "600")
    with pytest.raises(TaskerError) as caught:
        bob.client.signal(job.id, signal.SIGKILL)
    assert caught.value.reason is Reason.DENIED
    run("systemctl", "kill", "--signal=KILL", "tasker")  # the engine; it comes back
    admin.client.signal(job.id, signal.SIGKILL)
    ended = alice.wait(job)
    assert ended.outcome is not None
    assert (ended.outcome.kind, ended.outcome.stopped_by) == (Kind.SIGNALLED, "root")
    assert ended.outcome.summary == "killed by SIGKILL, sent by root"
    with pytest.raises(TaskerError, match=f"cannot signal job {job.id}: it has ended"):
        alice.client.signal(job.id, signal.SIGTERM)


def test_systemctl_kill_stays_what_it_is(alice: User) -> None:
    job = alice.start("sleep", "600")
    run("systemctl", "kill", "--signal=USR1", job.unit)
    ended = alice.wait(job)
    assert ended.outcome is not None
    assert (ended.outcome.kind, ended.outcome.signal, ended.outcome.stopped_by) == (Kind.SIGNALLED, 10, "")


def test_it_reaches_the_whole_process_group(alice: User) -> None:
    child = "trap 'echo child; exit' USR2; echo ready; while :; do sleep 0.1; done"
    job = alice.sh(f"trap : USR2; ({child}) & wait; wait")  # ready when both handle the signal
    alice.first_line(job)
    alice.client.signal(job.id, signal.SIGUSR2)
    assert b"child\n" in alice.output(job)
