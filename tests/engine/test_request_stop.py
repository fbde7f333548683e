"""A scope that systemd is told to stop, by an admin or by its run time: a stop like any other, with the job's grace."""

from __future__ import annotations

import asyncio
import signal
import time

import pytest
from dbus_next.aio.message_bus import MessageBus
from dbus_next.message import Message

from tasker import wire
from tasker.engine import names
from tasker.job import Job, JobSpec, Kind, Outcome
from tasker.lifecycle import State
from tasker.limits import Limits
from tests.stub.settings import SCOPE
from tests.support.stack import ALICE, ROOT, Stack
from tests.support.waiting import suspend, until_equal

DEAF = "exec 2>/dev/null; trap 'echo asked' TERM; echo ready; while :; do sleep 0.01; done"
CIVIL = "exec 2>/dev/null; trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done"


def ready(tasker: Stack, script: str, **spec: object) -> Job:
    job = tasker.start_job("sh", "-c", script, caller=ALICE, **spec)
    tasker.until_printed(job)
    return job


def asked(tasker: Stack, job: Job) -> int:
    """How often it got SIGTERM."""
    return (tasker.printed(job) - len(b"ready\n")) // len(b"asked\n")


def test_it_is_the_engines_to_stop_within_a_margin(tasker: Stack) -> None:
    tasker.start_job("true")
    tasker.start_job("true", grace=90.0)
    first, second = (call["properties"] for call in tasker.systemd.calls)
    assert first["Controller"] == second["Controller"] == names.BUS
    assert (first["TimeoutStopUSec"], second["TimeoutStopUSec"]) == (20_000_000, 100_000_000)


def test_systemctl_stop_asks_and_the_outcome_says_so(tasker: Stack) -> None:
    job = ready(tasker, CIVIL)
    tasker.systemd.do("stop", unit=job.unit)
    assert tasker.wait(job).outcome == Outcome(Kind.STOPPED, exit_code=7, stopped_by="systemctl")
    assert tasker.wait(job).outcome.summary == "stopped by systemctl"  # type: ignore[union-attr]


def test_the_jobs_own_grace_applies(tasker: Stack) -> None:
    job = ready(tasker, DEAF, grace=1.0)
    begun = time.monotonic()
    tasker.systemd.do("stop", unit=job.unit)
    ended = tasker.wait(job)
    assert time.monotonic() - begun >= 1
    assert ended.outcome == Outcome(Kind.STOPPED, signal=signal.SIGKILL, stopped_by="systemctl", killed=True)
    assert tasker.output(job) == b"ready\nasked\n"


def test_the_grace_of_a_job_counts_for_a_plain_stop_too(tasker: Stack) -> None:
    tasker.configure('[server]\n[jobs]\ngrace = "1h"\n')  # which the job's own is not
    tasker.engine.restart()
    job = ready(tasker, DEAF, grace=0.5)
    begun = time.monotonic()
    tasker.ask(wire.StopJob(ALICE, job.id, None))
    assert time.monotonic() - begun >= 0.5


def test_a_paused_job_goes_on_to_end(tasker: Stack) -> None:
    job = ready(tasker, CIVIL)
    tasker.ask(wire.PauseJob(ALICE, job.id))
    tasker.systemd.do("stop", unit=job.unit)
    assert tasker.wait(job).outcome == Outcome(Kind.STOPPED, exit_code=7, stopped_by="systemctl")


def test_the_run_time_gives_the_grace_and_stays_a_timeout(tasker: Stack) -> None:
    job = ready(tasker, DEAF, grace=0.5, limits=Limits(run_time=1))
    assert tasker.wait(job).outcome == Outcome(Kind.TIMED_OUT, signal=signal.SIGKILL, killed=True)
    assert tasker.output(job) == b"ready\nasked\n"


def test_after_a_restart_systemd_asks_by_itself_and_the_rest_is_the_same(tasker: Stack) -> None:
    job = ready(tasker, DEAF, grace=1.0)
    tasker.engine.restart(signal.SIGKILL)
    assert tasker.systemd.units[job.unit]["settings"]["Controller"] == ""
    tasker.systemd.do("stop", unit=job.unit)
    ended = tasker.wait(job)
    assert ended.outcome == Outcome(Kind.STOPPED, signal=signal.SIGKILL, stopped_by="systemctl", killed=True)
    assert tasker.output(job) == b"ready\nasked\n"


def test_after_a_restart_a_job_that_goes_at_once_was_stopped_all_the_same(tasker: Stack) -> None:
    """It is over before anybody can look at its scope."""
    jobs = [tasker.start_job("sleep", "60") for _ in range(5)]
    tasker.engine.restart(signal.SIGKILL)
    for job in jobs:
        tasker.systemd.do("stop", unit=job.unit)
    for job in jobs:
        assert tasker.wait(job).outcome == Outcome(Kind.STOPPED, signal=signal.SIGTERM, stopped_by="systemctl")


def test_another_unit_job_is_no_stop(tasker: Stack) -> None:
    job = ready(tasker, CIVIL.replace("TERM", "USR1"))
    tasker.systemd.do("nothing", unit=job.unit)
    tasker.systemd.do("stop", unit=tasker.start_job("sleep", "60").unit)
    until_equal(lambda: len(tasker.list(running=True)), 1)  # so the first was looked at, too
    tasker.ask(wire.SignalJob(ALICE, job.id, signal.SIGUSR1))
    assert tasker.wait(job).outcome == Outcome(Kind.EXITED, exit_code=7)


def test_a_request_that_nobody_heard_is_carried_out_by_the_next_engine(tasker: Stack) -> None:
    job = ready(tasker, CIVIL)
    suspend(tasker.engine.pid)
    tasker.systemd.do("stop", unit=job.unit)
    tasker.engine.restart(signal.SIGKILL)
    assert tasker.wait(job).outcome == Outcome(Kind.STOPPED, exit_code=7, stopped_by="systemctl")


def test_a_stop_under_way_is_only_brought_forward(tasker: Stack) -> None:
    job = ready(tasker, DEAF, grace=0.5)
    with tasker.connect() as peer:
        peer.send(1, wire.StopJob(ALICE, job.id, 3600.0))
        tasker.until_printed(job, len(b"ready\nasked\n"))
        tasker.systemd.do("stop", unit=job.unit)
        ended = tasker.wait(job)
    assert ended.outcome == Outcome(Kind.STOPPED, signal=signal.SIGKILL, stopped_by="alice", killed=True)
    assert tasker.output(job) == b"ready\nasked\n"


def test_one_that_starts_just_then_is_stopped_when_it_runs(tasker: Stack) -> None:
    tasker.systemd.plan(hold="removed")
    with tasker.connect() as peer:
        peer.send(1, wire.StartJob(ALICE, JobSpec(("sh", "-c", CIVIL))))
        tasker.systemd.until_called()
        tasker.systemd.do("release")
        peer.receive()
    job = tasker.list()[0]
    tasker.systemd.do("stop", unit=job.unit)
    outcome = tasker.wait(job).outcome
    assert outcome is not None
    assert (outcome.kind, outcome.stopped_by) == (Kind.STOPPED, "systemctl")


def test_the_word_of_somebody_who_is_not_systemd_means_nothing(tasker: Stack) -> None:
    job = ready(tasker, DEAF)
    path = tasker.systemd.do("path", unit=job.unit)

    async def forge() -> None:
        bus = await MessageBus(bus_address=tasker.systemd.address).connect()
        message = Message.new_signal(path, SCOPE, "RequestStop")
        message.destination = names.BUS
        await bus.send(message)
        bus.disconnect()

    asyncio.run(forge())
    tasker.engine.until_logged("ignored a signal RequestStop")
    tasker.systemd.do("hint", unit=job.unit)  # systemd's own, but the scope is not ending
    tasker.ask(wire.SignalJob(ROOT, job.id, signal.SIGCONT))
    assert tasker.get(job).state is State.RUNNING


@pytest.mark.parametrize("script", [CIVIL, DEAF])
def test_the_end_of_the_service_ends_every_job_and_says_what_it_was(tasker: Stack, script: str) -> None:
    jobs = [ready(tasker, script, grace=3600.0 if script is CIVIL else 0.5) for _ in range(3)]
    tasker.systemd.do("service_job", kind="stop")
    with tasker.connect() as peer:
        for number, job in enumerate(jobs, 1):
            peer.send(number, wire.WaitJob(ALICE, job.id, False))
        peer.send(4, wire.GetJob(ALICE, jobs[0].id))
        assert peer.receive()[0].number == -4
        assert tasker.engine.end() == 0  # in less than DEADLINE, and so by no grace of 3600 s
        outcomes = [peer.receive()[0].message.job.outcome for _ in jobs]  # type: ignore[attr-defined]
    ended = {"exit_code": 7} if script is CIVIL else {"signal": signal.SIGKILL, "killed": True}
    assert outcomes == [Outcome(Kind.RUN_ENDED, **ended)] * 3  # type: ignore[arg-type]


def test_a_paused_job_whose_run_time_is_over_goes_on_to_end_even_after_a_restart(tasker: Stack) -> None:
    job = ready(tasker, CIVIL, grace=3600.0, limits=Limits(run_time=8))
    tasker.engine.restart(signal.SIGKILL)
    tasker.ask(wire.PauseJob(ALICE, job.id))
    assert tasker.wait(job).outcome == Outcome(Kind.TIMED_OUT, exit_code=7)
    assert tasker.systemd.do("turns") == [["FreezeUnit", job.unit], ["ThawUnit", job.unit]]
