"""A process of a job that opens a login session is reported; a leader that does so is ended. The stub moves nobody."""

from __future__ import annotations

import os
import signal

import pytest

from tasker.engine.escape import INSTEAD
from tasker.job import Job, Kind
from tests.engine.conftest import as_others
from tests.support.stack import Stack
from tests.support.waiting import until

pytestmark = as_others

LEFT = "and left the job's limits"


@pytest.fixture
def logind(tasker: Stack) -> Stack:
    tasker.systemd.do("logind", up=True)
    return tasker


def parent_and_child(tasker: Stack) -> tuple[Job, int]:
    """A job of two processes, and the pid of the one that is not its leader."""
    job = tasker.start_job("sh", "-c", "sleep 600 & echo $!; wait", user="root")
    until(lambda: tasker.printed(job) > 1)
    with tasker.reader(job) as reader:
        return job, int(reader.read(0, reader.written)[1])


def opened(tasker: Stack, id: str, leader: int) -> None:
    """A session that is known to be the engine's news: it has asked who the leader is, and written it down."""
    tasker.systemd.do("session", id=id, leader=leader)
    journalled(tasker, f"login session {id} ")


def journalled(tasker: Stack, words: str) -> str:
    """The next message that has these words."""
    while words.encode() not in (entry := tasker.journal.recv(4096)):
        pass
    return entry.decode()


def leave(tasker: Stack, job: Job) -> None:
    """As the file looks once the leader has moved, and a child has stayed behind."""
    tasker.systemd.do("write", unit=job.unit, file="cgroup.procs", text="")


def end(tasker: Stack, job: Job) -> str:
    """Kill it; its verdict."""
    os.kill(job.pid, signal.SIGKILL)
    outcome = tasker.wait(job).outcome
    assert outcome is not None
    return outcome.verdict


@pytest.mark.parametrize("id", ["7", "c12"])
def test_a_child_is_reported_and_left_alone(logind: Stack, id: str) -> None:
    job, child = parent_and_child(logind)
    logind.systemd.do("session", id=id, leader=child)
    entry = journalled(logind, "TASKER_ACTION=session\n")
    assert f"MESSAGE={job.id}: a process opened login session {id} {LEFT}\n" in entry
    assert f"OBJECT_SYSTEMD_UNIT={job.unit}\n" in entry
    assert "PRIORITY=4\n" in entry
    assert logind.get(job).state == "running"
    assert logind.alive(child)
    assert end(logind, job).endswith(f"; a process opened login session {id} {LEFT}")


def test_the_leader_is_ended_with_advice(logind: Stack) -> None:
    job = logind.start_job("sleep", "600", user="root")
    leave(logind, job)
    logind.systemd.do("session", id="c1", leader=job.pid)
    outcome = logind.wait(job).outcome
    assert outcome is not None
    assert (outcome.kind, outcome.stopped_by, outcome.signal) == (Kind.STOPPED, "tasker", 9)
    assert outcome.verdict == f"stopped by tasker: a process opened login session c1 {LEFT}; {INSTEAD}"
    entry = journalled(logind, "TASKER_ACTION=escape\n")
    assert f"MESSAGE={job.id}: a process opened login session c1 {LEFT}, so it is ended\n" in entry
    until(lambda: logind.systemd.do("killed") == [["c1", "all", 9]])


def test_a_leader_that_logind_could_not_move_goes_on(logind: Stack) -> None:
    job, child = parent_and_child(logind)
    logind.systemd.do("session", id="c1", leader=job.pid)
    until(lambda: logind.systemd.do("killed") == [["c1", "all", 9]])
    opened(logind, "c2", child)
    assert logind.get(job).state == "running"
    assert end(logind, job).endswith(f"; a process opened login session c2 {LEFT}")


def test_many_are_counted_and_each_is_named_once(logind: Stack) -> None:
    job, child = parent_and_child(logind)
    for number in (1, 2, 3, 4, 5):
        opened(logind, f"c{number}", child)
    logind.systemd.do("session", id="c1", leader=child)
    opened(logind, "c6", child)
    assert end(logind, job).endswith(f"; processes opened login sessions c1, c2, c3 and 3 more {LEFT}")


def test_there_is_an_end_to_what_is_reported(logind: Stack) -> None:
    job, child = parent_and_child(logind)
    for number in range(20):
        logind.systemd.do("session", id=f"c{number}", leader=child)
    assert "c15 " in journalled(logind, "further login sessions of this job are not reported")
    assert end(logind, job).endswith(f"; processes opened login sessions c0, c1, c2 and at least 13 more {LEFT}")


def test_sessions_of_others_are_nothing_to_a_job(logind: Stack) -> None:
    job, child = parent_and_child(logind)
    logind.systemd.do("session", id="1", leader=os.getpid())
    logind.systemd.do("session", id="2", leader=1)
    logind.systemd.do("session", id="3", leader=child, ended=True)
    opened(logind, "c9", child)
    assert end(logind, job).endswith(f"; a process opened login session c9 {LEFT}")


def test_a_forged_signal_is_ignored(logind: Stack) -> None:
    job, child = parent_and_child(logind)
    logind.systemd.do("forged_session", id="c1", leader=job.pid, to="org.tasker.Engine")
    until(lambda: "ignored a signal SessionNew" in logind.engine.log)
    opened(logind, "c2", child)
    assert end(logind, job).endswith(f"; a process opened login session c2 {LEFT}")


def test_logind_may_come_late_and_restart(tasker: Stack) -> None:
    job, child = parent_and_child(tasker)
    for id in ("c1", "c2"):
        tasker.systemd.do("logind", up=True)
        opened(tasker, id, child)
        tasker.systemd.do("logind", up=False)
    assert end(tasker, job).endswith(f"; processes opened login sessions c1, c2 {LEFT}")


def test_an_engine_that_was_away_looks_at_the_sessions_there_are(logind: Stack) -> None:
    job, child = parent_and_child(logind)
    opened(logind, "c1", child)
    logind.engine.end(signal.SIGKILL)
    logind.systemd.do("session", id="c2", leader=child)
    logind.engine.start()
    journalled(logind, "login session c2 ")
    assert end(logind, job).endswith(f"; processes opened login sessions c1, c2 {LEFT}")
