"""A stop ends a job within its grace, whatever holds up others or what is left of it."""

from __future__ import annotations

import os
import signal

import pytest

from tasker import wire
from tasker.errors import TaskerError
from tasker.job import Kind, Outcome
from tests.engine.test_end import DEAF, ready, stop
from tests.support.stack import ALICE, BOB, Stack
from tests.support.tracer import EXIT_STOP, traced
from tests.support.waiting import suspend, until_dead, until_gone


def test_a_collector_that_does_not_answer_holds_up_no_kill(tasker: Stack) -> None:
    job = ready(tasker, DEAF)
    with tasker.connect() as peer:
        suspend(tasker.collector.pid)
        try:
            peer.send(1, wire.StopJob(ALICE, job.id, 0.1))
            until_dead(job.pid)
        finally:
            tasker.collector.send_signal(signal.SIGCONT)
        reply = peer.receive()[0].message
    assert isinstance(reply, wire.JobReply)
    assert reply.job.outcome == Outcome(Kind.STOPPED, signal=signal.SIGKILL, stopped_by="alice", killed=True)


def test_one_that_is_traced_from_elsewhere_ends_like_any_other(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE)
    with traced(job.pid):
        outcome = stop(tasker, job, grace=0.2).outcome  # a traced process gets no SIGTERM that its tracer keeps
        assert outcome == Outcome(Kind.STOPPED, signal=signal.SIGKILL, stopped_by="alice", killed=True)
        tasker.systemd.until_no_units()
        assert os.path.exists(f"/proc/{job.pid}")
    until_gone(job.pid)


def test_what_a_tracer_keeps_from_dying_is_reported_and_ends_when_it_may(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE)
    with traced(job.pid, EXIT_STOP):
        with pytest.raises(TaskerError, match=f"^cannot stop job {job.id} in time: .*may trace it"):
            stop(tasker, job, grace=0.0)
        assert tasker.wait(tasker.start_job("true", caller=BOB)).outcome == Outcome(Kind.EXITED, exit_code=0)
    outcome = tasker.wait(job).outcome
    assert outcome == Outcome(Kind.STOPPED, signal=signal.SIGKILL, stopped_by="alice", killed=True)
