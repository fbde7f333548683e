"""A stop ends a job within its grace, whatever holds up others or what is left of it."""

from __future__ import annotations

import signal

from tasker import wire
from tasker.job import Kind, Outcome
from tests.engine.test_end import DEAF, ready
from tests.stack import ALICE, Stack, until


def test_a_collector_that_does_not_answer_holds_up_no_kill(tasker: Stack) -> None:
    job = ready(tasker, DEAF)
    with tasker.connect() as peer:
        tasker.collector.send_signal(signal.SIGSTOP)
        try:
            peer.send(1, wire.StopJob(ALICE, job.id, 0.1))
            until(lambda: not tasker.alive(job.pid))
        finally:
            tasker.collector.send_signal(signal.SIGCONT)
        reply = peer.receive()[0].message
    assert isinstance(reply, wire.JobReply)
    assert reply.job.outcome == Outcome(Kind.STOPPED, signal=signal.SIGKILL, stopped_by="alice", killed=True)
