"""A job that leaves its scope is noticed and ended. The stub moves nobody, so its files say who is where."""

from __future__ import annotations

import pytest

from tasker.job import Job, Kind
from tests.engine.conftest import as_others
from tests.support.stack import ALICE, Stack
from tests.support.waiting import until_gone

pytestmark = as_others


def leave(tasker: Stack, job: Job) -> None:
    """As the files look once the leader, the only process, has moved."""
    tasker.systemd.do("write", unit=job.unit, file="cgroup.procs", text="")
    tasker.systemd.do("write", unit=job.unit, file="cgroup.events", text="populated 0\nfrozen 0\n")


def test_a_job_of_roots_is_ended_by_itself(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", user="root")
    leave(tasker, job)
    outcome = tasker.wait(job).outcome
    assert outcome is not None
    assert (outcome.kind, outcome.stopped_by, outcome.signal) == (Kind.STOPPED, "tasker", 9)
    assert outcome.verdict == "stopped by tasker: it left its scope"
    while b"TASKER_ACTION=escape\n" not in (entry := tasker.journal.recv(4096)):
        pass
    assert f"MESSAGE={job.id}: it left its scope, so it is ended\n".encode() in entry


def test_its_name_need_not_be_text(tasker: Stack) -> None:
    script = r"printf '\377' > /proc/$$/comm; echo ready; sleep 60; true"
    job = tasker.start_job("sh", "-c", script, user="root")
    tasker.until_printed(job)
    leave(tasker, job)
    outcome = tasker.wait(job).outcome
    assert outcome is not None
    assert outcome.verdict == "stopped by tasker: it left its scope"


def test_another_is_noticed_when_it_is_looked_at(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE)
    leave(tasker, job)
    tasker.get(job)
    until_gone(job.pid)
    outcome = tasker.wait(job).outcome
    assert outcome is not None
    assert outcome.stopped_by == "tasker"


def test_after_an_engine_it_is_noticed_still(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", user="root")
    tasker.engine.restart(9)
    leave(tasker, job)
    outcome = tasker.wait(job).outcome
    assert outcome is not None
    assert outcome.stopped_by == "tasker"


@pytest.mark.parametrize("command", ["true", "kill -9 $$"])
def test_one_that_ends_by_itself_has_not_left(tasker: Stack, command: str) -> None:
    for _ in range(20):
        outcome = tasker.wait(tasker.start_job("sh", "-c", command, user="root")).outcome
        assert outcome is not None
        assert outcome.kind in (Kind.EXITED, Kind.SIGNALLED)


def test_what_is_over_is_not_looked_for(tasker: Stack) -> None:
    job = tasker.wait(tasker.start_job("true", user="root"))
    assert tasker.get(job).outcome == job.outcome
