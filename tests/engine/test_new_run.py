"""The collector was killed, and no one holds its scopes. The engine starts again, ends them, and a run begins."""

from __future__ import annotations

import signal

from tests.engine.test_end import DEAF, ready
from tests.support.stack import ALICE, Stack
from tests.support.tracer import EXIT_STOP, traced
from tests.support.waiting import DEADLINE, until


def crash(tasker: Stack) -> None:
    """The end of the collector, and with it of the engine. There is another collector then."""
    tasker.collector.end(signal.SIGKILL)
    assert tasker.engine.process is not None
    assert tasker.engine.process.wait(DEADLINE) == 1
    assert "the collector is gone" in tasker.engine.log
    tasker.collector.start()


def test_it_ends_what_the_old_one_left_and_gives_no_grace(tasker: Stack) -> None:
    jobs = [tasker.start_job("sleep", "60"), ready(tasker, DEAF, grace=3600.0)]
    crash(tasker)
    tasker.engine.start()
    assert tasker.list() == []
    for job in jobs:
        assert not tasker.alive(job.pid)
        assert f"ending {job.unit}" in tasker.engine.log


def test_one_that_does_not_go_holds_up_nobody(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE)
    with traced(job.pid, EXIT_STOP):
        crash(tasker)
        tasker.engine.start()
        assert tasker.list() == []
        assert tasker.start_job("true")
        assert job.unit in tasker.systemd.units
    until(lambda: job.unit not in tasker.systemd.units)
