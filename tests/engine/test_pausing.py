"""Pause and resume, by a caller and by an admin's systemctl; and what a paused job still does."""

from __future__ import annotations

import os
import signal
import socket

import pytest

from tasker import wire
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity
from tasker.job import Job, Kind, Outcome
from tasker.lifecycle import State
from tests.support.stack import ALICE, BOB, ROOT, Stack
from tests.support.waiting import until


def turn(tasker: Stack, request: type[wire.PauseJob] | type[wire.ResumeJob], job: Job, who: Identity = ROOT) -> Job:
    reply = tasker.ask(request(who, job.id))
    assert isinstance(reply, wire.JobReply)
    return reply.job


def frozen(tasker: Stack, job: Job) -> bool:
    return "frozen 1" in (tasker.systemd.cgroup(job.unit) / "cgroup.events").read_text()


def fields(journal: socket.socket) -> dict[str, str]:
    return dict(line.split("=", 1) for line in journal.recv(1 << 16).decode().splitlines())


def test_a_paused_job_stands_still_until_it_is_resumed(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE)
    assert turn(tasker, wire.PauseJob, job).state is State.PAUSED
    assert frozen(tasker, job)
    assert turn(tasker, wire.PauseJob, job, ROOT).state is State.PAUSED
    assert turn(tasker, wire.ResumeJob, job).state is State.RUNNING
    assert not frozen(tasker, job)
    assert turn(tasker, wire.ResumeJob, job).state is State.RUNNING
    with pytest.raises(TaskerError, match="only its owner or an admin may"):
        turn(tasker, wire.PauseJob, job, BOB)


def test_a_resume_that_is_the_end_answers_with_the_job_as_it_ended(tasker: Stack) -> None:
    """A signal that came while it was paused ends it as it goes on."""
    for number in (signal.SIGTERM, signal.SIGUSR2):
        job = tasker.start_job("sleep", "60")
        turn(tasker, wire.PauseJob, job)
        assert job.pid
        os.kill(job.pid, number)  # not by Tasker, so nobody knows of it
        ended = turn(tasker, wire.ResumeJob, job)
        assert (ended.state, ended.outcome) == (State.ENDED, Outcome(Kind.SIGNALLED, signal=number))


def test_systemctl_freeze_is_seen_as_a_pause(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60")
    for state, yes in ((State.PAUSED, True), (State.RUNNING, False)) * 2:
        tasker.systemd.do("turn", unit=job.unit, frozen=yes)
        tasker.until_state(job, state)
    assert turn(tasker, wire.PauseJob, job).state is State.PAUSED


def test_a_stop_lets_it_go_on_so_that_it_can_act(tasker: Stack) -> None:
    job = tasker.start_job("sh", "-c", "trap 'exit 7' TERM; echo; while :; do sleep 0.01; done")
    tasker.until_printed(job)
    turn(tasker, wire.PauseJob, job)
    stopped = tasker.ask(wire.StopJob(ROOT, job.id, None))
    assert isinstance(stopped, wire.JobReply)
    assert stopped.job.outcome == Outcome(Kind.STOPPED, exit_code=7, stopped_by="root")
    assert tasker.systemd.do("turns") == [["FreezeUnit", job.unit], ["ThawUnit", job.unit]]


def test_a_freeze_during_a_stop_is_undone(tasker: Stack) -> None:
    job = tasker.start_job("sh", "-c", "exec 2>/dev/null; trap '' TERM; echo; while :; do sleep 0.01; done")
    tasker.until_printed(job)
    with tasker.connect() as peer:
        peer.send(1, wire.StopJob(ROOT, job.id, 3600.0))
        tasker.until_state(job, State.STOPPING)
        tasker.systemd.do("turn", unit=job.unit, frozen=True)
        until(lambda: not frozen(tasker, job))
        for request in (wire.PauseJob, wire.ResumeJob):
            with pytest.raises(TaskerError, match="it is being stopped") as caught:
                turn(tasker, request, job)
            assert caught.value.reason is Reason.REFUSED
        tasker.ask(wire.StopJob(ROOT, job.id, 0.0))


def test_a_paused_job_can_be_killed(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60")
    turn(tasker, wire.PauseJob, job)
    tasker.ask(wire.SignalJob(ROOT, job.id, signal.SIGKILL))
    assert tasker.wait(job).outcome == Outcome(Kind.SIGNALLED, signal=signal.SIGKILL, stopped_by="root")


def test_after_a_restart_of_the_engine_the_cgroup_says_whether(tasker: Stack) -> None:
    paused, resumed = (tasker.start_job("sleep", "60") for _ in range(2))
    turn(tasker, wire.PauseJob, resumed)
    tasker.ask(wire.SignalJob(ROOT, resumed.id, signal.SIGCONT))  # has its state noted
    tasker.engine.end(signal.SIGKILL)
    tasker.systemd.do("turn", unit=paused.unit, frozen=True)
    tasker.systemd.do("turn", unit=resumed.unit, frozen=False)
    tasker.engine.start()
    assert (tasker.get(paused).state, tasker.get(resumed).state) == (State.PAUSED, State.RUNNING)
    assert turn(tasker, wire.ResumeJob, paused).state is State.RUNNING


def test_a_restart_of_the_engine_is_no_pause_by_systemctl(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE)
    for request in (wire.PauseJob, wire.ResumeJob, wire.PauseJob):
        turn(tasker, request, job, ALICE)
        tasker.engine.restart(signal.SIGKILL)
    tasker.ask(wire.SignalJob(ROOT, job.id, signal.SIGCONT))
    trail = [fields(tasker.journal) for _ in range(5)]
    deeds = [(entry["TASKER_ACTION"], entry["TASKER_ACTOR"]) for entry in trail]
    turns = [("pause", "alice"), ("resume", "alice"), ("pause", "alice")]
    assert deeds == [("start", "alice"), *turns, ("signal", "root")]


def test_where_it_cannot_be_it_is_refused(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60")
    tasker.systemd.do("no_freezer", why="it is busy")
    with pytest.raises(TaskerError, match=f"cannot pause job {job.id}: .*it is busy"):
        turn(tasker, wire.PauseJob, job)
    assert tasker.get(job).state is State.RUNNING
    tasker.ask(wire.StopJob(ROOT, job.id, 0.0))
    for request, verb in ((wire.PauseJob, "pause"), (wire.ResumeJob, "resume")):
        with pytest.raises(TaskerError, match=f"cannot {verb} job {job.id}: it has ended"):
            turn(tasker, request, job)


def test_not_while_it_starts(tasker: Stack) -> None:
    tasker.systemd.plan(hold="removed")
    with tasker.connect() as peer:
        peer.send(1, wire.StartJob(ALICE, tasker.spec("sleep", "60")))
        tasker.systemd.until_called()
        with pytest.raises(TaskerError, match="it is still starting; try again in a moment"):
            turn(tasker, wire.PauseJob, tasker.list()[0])
        tasker.systemd.do("release")
        peer.receive()
