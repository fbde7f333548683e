"""Signals that people send to a job, and that it is known who did."""

from __future__ import annotations

import signal

import pytest

from tasker import wire
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity
from tasker.job import Job, Kind, Outcome
from tasker.lifecycle import State
from tests.support.stack import ALICE, BOB, ROOT, Stack

LISTENS = "exec 2>/dev/null; trap 'echo one' USR1; echo ready; while :; do sleep 0.01; done"


def send(tasker: Stack, job: Job, number: int, caller: Identity = ALICE) -> None:
    tasker.ask(wire.SignalJob(caller, job.id, number))


def test_it_reaches_the_group_and_nothing_else_happens(tasker: Stack) -> None:
    job = tasker.start_job("sh", "-c", LISTENS, caller=ALICE)
    tasker.until_printed(job)
    send(tasker, job, signal.SIGUSR1)
    tasker.until_printed(job, len(b"ready\none\n"))
    assert tasker.get(job).state is State.RUNNING


def test_who_sent_the_one_that_ended_it_is_reported_even_after_a_restart(tasker: Stack) -> None:
    job = tasker.start_job("sh", "-c", LISTENS, caller=ALICE)
    tasker.until_printed(job)
    send(tasker, job, signal.SIGUSR1, ROOT)
    tasker.engine.restart(signal.SIGKILL)
    send(tasker, job, signal.SIGQUIT, ALICE)
    ended = tasker.wait(job)
    assert ended.outcome is not None
    assert ended.outcome == Outcome(Kind.SIGNALLED, signal=signal.SIGQUIT, stopped_by="alice")
    assert ended.outcome.summary == "killed by SIGQUIT, sent by alice"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGRTMIN])
def test_one_that_is_the_end_is_answered_with_the_job_as_it_ended(tasker: Stack, number: int) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE)
    reply = tasker.ask(wire.SignalJob(ALICE, job.id, number))
    assert isinstance(reply, wire.JobReply)
    assert reply.job.outcome == Outcome(Kind.SIGNALLED, signal=number, stopped_by="alice")


def test_a_signal_of_its_own_is_nobodys(tasker: Stack) -> None:
    script = "exec 2>/dev/null; trap 'kill -SEGV $$' TERM; echo; while :; do sleep 0.01; done"
    job = tasker.start_job("sh", "-c", script, caller=ALICE)
    tasker.until_printed(job)
    send(tasker, job, signal.SIGTERM)
    assert tasker.wait(job).outcome == Outcome(Kind.SIGNALLED, signal=signal.SIGSEGV)


def test_an_ended_job_and_a_number_that_is_none_are_refused(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE)
    for number in (0, 65, 1 << 31, (1 << 32) - 1):
        with pytest.raises(TaskerError, match="signals are 1 to 64") as caught:
            send(tasker, job, number)
        assert caught.value.reason is Reason.INVALID
    with pytest.raises(TaskerError, match="only its owner or an admin may"):
        send(tasker, job, signal.SIGTERM, BOB)
    send(tasker, job, signal.SIGTERM)
    tasker.wait(job)
    with pytest.raises(TaskerError, match=f"cannot signal job {job.id}: it has ended") as caught:
        send(tasker, job, signal.SIGTERM)
    assert caught.value.reason is Reason.REFUSED


def test_one_that_is_being_stopped_can_still_be_signalled(tasker: Stack) -> None:
    job = tasker.start_job("sh", "-c", "exec 2>/dev/null; trap '' TERM; echo; while :; do sleep 0.01; done")
    tasker.until_printed(job)
    with tasker.connect() as peer:
        peer.send(1, wire.StopJob(ROOT, job.id, 3600.0))
        tasker.until_state(job, State.STOPPING)
        send(tasker, job, signal.SIGKILL, ROOT)
        assert tasker.wait(job).outcome == Outcome(Kind.STOPPED, signal=signal.SIGKILL, stopped_by="root")
