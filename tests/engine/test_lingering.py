"""What a leader leaves behind may finish by itself, is then asked to end, and then killed; and the verdict says so."""

from __future__ import annotations

import re
import signal
import threading
import time

import pytest

from tasker import wire
from tasker.errors import TaskerError
from tasker.identity import Identity
from tasker.job import Job, Kind, Outcome
from tasker.lifecycle import State
from tasker.limits import Limits
from tasker.quantity import FOREVER
from tests.engine.conftest import as_others
from tests.support.stack import ALICE, ROOT, Stack
from tests.support.waiting import until

STAYS = "perl -e '$| = 1; $SIG{TERM} = sub { print qq(asked\n); exit }; print qq(left\n); sleep 9 while 1'"
"""A process, without a child, that holds the output and ends when it is asked."""
DEAF = "perl -e '$| = 1; $SIG{TERM} = q(IGNORE); print qq(left\n); sleep 9 while 1'"
SILENT = "sleep 1000 >/dev/null 2>&1"
"""A process that does not hold the output."""
EXITED_0 = Outcome(Kind.EXITED, exit_code=0)


def leave(tasker: Stack, *commands: str, code: int = 0, caller: Identity = ALICE, **spec: object) -> Job:
    """A job whose leader has exited by now and left these commands behind."""
    script = "; ".join([*(f"setsid {command} &" for command in commands)]).replace("&;", "&")
    job = tasker.start_job("sh", "-c", f"{script} exit {code}", caller=caller, **spec)
    until(lambda: tasker.get(job), lambda job: job.left_behind or job.outcome)
    return job


def took(job: Job) -> float:
    """Seconds from the leader's exit to the job's end."""
    assert job.clock.ended is not None
    assert job.clock.exited is not None
    return job.clock.ended - job.clock.exited


def verdict(job: Job) -> str:
    assert job.outcome is not None
    return job.outcome.verdict


def lingered(job: Job, clause: str) -> float:
    """The seconds after which processes were ended, from a verdict that ends with `clause`, where "N" is those."""
    pattern = re.escape(f"; {clause}").replace("N", r"(\d+\.\d)s") + "$"
    found = re.search(pattern, verdict(job))
    assert found, verdict(job)
    return float(found[1])


def test_what_completes_the_work_is_waited_for(tasker: Stack) -> None:
    script = "exec > >(sleep 0.5; cat); echo not lost"
    job = tasker.wait(tasker.start_job("bash", "-c", script))
    assert tasker.output(job) == b"not lost\n"
    assert job.outcome == EXITED_0
    assert "left behind" not in verdict(job)
    assert job.exited is not None
    assert job.ended is not None
    assert job.ended >= job.exited


@as_others
def test_a_file_behind_a_process_substitution_is_whole(tasker: Stack) -> None:
    file = tasker.directory / "numbers"
    job = tasker.start_job("bash", "-c", f"exec > >(sleep 0.3; cat > {file}); seq 1 20000", caller=ROOT, user="root")
    tasker.wait(job)
    assert file.read_text().endswith("\n19999\n20000\n")


def test_while_one_holds_the_output_it_has_the_linger_time(tasker: Stack) -> None:
    job = leave(tasker, STAYS, linger=1.5, code=3)
    now = tasker.get(job)
    assert (now.state, now.left_behind, now.lingering, now.pid) == (State.ENDING, 1, True, 0)
    assert now.lingers_until is not None
    assert now.exited is not None
    assert now.lingers_until == pytest.approx(now.exited + 1.5)
    ended = tasker.wait(job)
    assert took(ended) >= 1.5
    assert ended.outcome == Outcome(Kind.EXITED, exit_code=3)
    assert tasker.output(job) == b"left\nasked\n"
    assert lingered(ended, "1 process left behind was ended after N") >= 1.5
    assert (ended.left_behind, ended.lingering, ended.lingers_until) == (0, False, None)


def test_the_service_says_how_long_where_the_job_does_not(tasker: Stack) -> None:
    tasker.configure('[server]\n[jobs]\nlinger = "500ms"\n')
    tasker.engine.restart()
    ended = tasker.wait(leave(tasker, STAYS))
    assert 0.5 <= lingered(ended, "1 process left behind was ended after N") < 5.0


@pytest.mark.parametrize("linger", [FOREVER, 3600.0])
def test_where_none_holds_the_output_it_has_a_second(tasker: Stack, linger: float) -> None:
    ended = tasker.wait(leave(tasker, SILENT, SILENT, linger=linger))
    assert took(ended) >= 1.0
    assert lingered(ended, "2 processes left behind were ended after N") >= 1.0


def test_the_second_begins_when_the_last_one_closes_the_output(tasker: Stack) -> None:
    going = tasker.directory / "go"
    closes = f"sh -c 'until [ -e {going} ]; do sleep 0.01; done; exec {SILENT}'"
    job = leave(tasker, closes, linger=FOREVER)
    assert tasker.get(job).lingers_until is None
    going.touch()
    until(lambda: tasker.get(job).lingers_until is not None or tasker.get(job).state is State.ENDED)
    assert tasker.wait(job).outcome == EXITED_0


def test_without_a_linger_time_they_are_asked_at_once(tasker: Stack) -> None:
    job = tasker.start_job("sh", "-c", f"setsid {STAYS} & sleep 0.2", linger=0.0)
    assert lingered(tasker.wait(job), "1 process left behind was ended after N") < 5.0
    assert tasker.output(job) == b"left\nasked\n"


def test_after_the_grace_of_the_job_they_are_killed(tasker: Stack) -> None:
    ended = tasker.wait(leave(tasker, DEAF, linger=0.3, grace=0.5, code=4))
    assert ended.outcome == Outcome(Kind.EXITED, exit_code=4)
    assert took(ended) >= 0.8
    clause = "1 process left behind, asked to end after N, was killed after the grace period of 0.5s"
    assert lingered(ended, clause) >= 0.3


def test_a_stop_asks_them_at_once_and_the_outcome_stays_the_leaders(tasker: Stack) -> None:
    job = leave(tasker, STAYS, linger=FOREVER, code=5)
    reply = tasker.ask(wire.StopJob(ALICE, job.id, None))
    assert isinstance(reply, wire.JobReply)
    assert reply.job.outcome == Outcome(Kind.EXITED, exit_code=5)
    assert verdict(reply.job).endswith("; 1 process left behind was ended by alice")
    assert tasker.output(job) == b"left\nasked\n"


def test_the_earlier_deadline_of_two_stops_counts(tasker: Stack) -> None:
    job = leave(tasker, DEAF, linger=FOREVER)
    answers: list[wire.Message] = []
    patient = threading.Thread(target=lambda: answers.append(tasker.ask(wire.StopJob(ALICE, job.id, 3600.0))))
    patient.start()
    until(lambda: not tasker.get(job).lingering)
    assert tasker.get(job).stopping_by == "alice"
    tasker.ask(wire.StopJob(ROOT, job.id, 0.2))
    patient.join(60)
    assert answers
    assert "asked to end by alice, was killed after the grace period" in verdict(tasker.get(job))


def test_systemctl_stop_asks_them_at_once(tasker: Stack) -> None:
    job = leave(tasker, STAYS, linger=FOREVER)
    tasker.systemd.do("stop", unit=job.unit)
    ended = tasker.wait(job)
    assert ended.outcome == EXITED_0
    assert verdict(ended).endswith("was ended by systemctl")


def test_the_run_time_goes_on(tasker: Stack) -> None:
    ended = tasker.wait(leave(tasker, STAYS, linger=FOREVER, limits=Limits(run_time=1.5)))
    assert ended.outcome == EXITED_0
    assert verdict(ended).endswith("was ended at the end of its run time")
    assert ended.elapsed(0.0) == pytest.approx(1.5, abs=1.0)


def test_the_end_of_the_run_asks_them_at_once(tasker: Stack) -> None:
    job = leave(tasker, STAYS, linger=FOREVER, code=6)
    tasker.systemd.do("service_job", kind="stop")
    with tasker.connect() as peer:
        peer.send(1, wire.WaitJob(ALICE, job.id, False))
        peer.send(2, wire.GetJob(ALICE, job.id))
        assert peer.receive()[0].number == -2
        assert tasker.engine.end() == 0
        reply = peer.receive()[0].message
    assert isinstance(reply, wire.JobReply)
    assert reply.job.outcome == Outcome(Kind.EXITED, exit_code=6)
    assert verdict(reply.job).endswith("was ended with the service")


def test_running_out_of_memory_ends_them(tasker: Stack) -> None:
    job = leave(tasker, STAYS, SILENT, linger=FOREVER, code=7)
    tasker.systemd.do("oom", unit=job.unit)
    ended = tasker.wait(job)
    assert ended.outcome == Outcome(Kind.EXITED, exit_code=7)
    assert verdict(ended).endswith("; 2 processes left behind were killed: out of memory")


def test_a_leader_that_exits_in_a_stop_leaves_the_rest_of_the_grace(tasker: Stack) -> None:
    """Processes of its group do not get a second SIGTERM. That others get one shows in the machine."""
    slow = STAYS.replace("exit", "sleep 1; exit")
    job = tasker.start_job("sh", "-c", f"{slow} & exec sleep 60", caller=ALICE)
    until(lambda: tasker.printed(job))
    reply = tasker.ask(wire.StopJob(ALICE, job.id, None))
    assert isinstance(reply, wire.JobReply)
    assert reply.job.outcome == Outcome(Kind.STOPPED, signal=signal.SIGTERM, stopped_by="alice")
    assert tasker.output(job) == b"left\nasked\n"


def test_past_the_grace_of_a_stop_the_rest_is_killed_and_reported(tasker: Stack) -> None:
    job = tasker.start_job("sh", "-c", f"setsid {DEAF} & exec sleep 60", caller=ALICE)
    until(lambda: tasker.printed(job))
    reply = tasker.ask(wire.StopJob(ALICE, job.id, 0.5))
    assert isinstance(reply, wire.JobReply)
    assert reply.job.outcome == Outcome(Kind.STOPPED, signal=signal.SIGTERM, stopped_by="alice")
    assert verdict(reply.job).endswith("; 1 process left behind was killed after the grace period of 0.5s")


def test_pause_and_limit_work_and_a_signal_is_refused(tasker: Stack) -> None:
    job = leave(tasker, STAYS, linger=FOREVER)
    for request, paused in ((wire.PauseJob, True), (wire.ResumeJob, False), (wire.PauseJob, True)):
        reply = tasker.ask(request(ALICE, job.id))
        assert isinstance(reply, wire.JobReply)
        assert (reply.job.state, reply.job.paused) == (State.ENDING, paused)
    reply = tasker.ask(wire.LimitJob(ALICE, job.id, Limits(tasks=50), ()))
    assert isinstance(reply, wire.JobReply)
    assert reply.job.limits.tasks == 50
    with pytest.raises(TaskerError, match="its command has exited"):
        tasker.ask(wire.SignalJob(ALICE, job.id, signal.SIGUSR1))
    tasker.ask(wire.StopJob(ALICE, job.id, None))
    assert tasker.output(job) == b"left\nasked\n"  # it was thawed for that


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_deadline_counts_from_the_exit_whatever_becomes_of_the_engine(tasker: Stack, number: int) -> None:
    job = leave(tasker, STAYS, linger=2.0)
    before = tasker.get(job).clock
    tasker.engine.restart(number)
    now = until(lambda: tasker.get(job), lambda job: job.lingering or job.outcome)
    assert now.clock.exited == before.exited
    assert now.clock.lingers_until in (before.lingers_until, None)  # None: it is over already
    ended = tasker.wait(job)
    assert ended.outcome == EXITED_0
    assert took(ended) >= 2.0
    assert "1 process left behind was ended after" in verdict(ended)


def test_what_was_asked_is_killed_at_its_deadline_whatever_becomes_of_the_engine(tasker: Stack) -> None:
    job = leave(tasker, DEAF, linger=0.0, grace=2.0)
    until(lambda: not tasker.get(job).lingering)
    tasker.engine.restart(signal.SIGKILL)
    ended = tasker.wait(job)
    assert took(ended) >= 2.0
    assert "was killed after the grace period of 2.0s" in verdict(ended)


def test_what_ends_while_the_engine_is_away_finished_by_itself(tasker: Stack) -> None:
    going = tasker.directory / "go"
    job = leave(tasker, f"sh -c 'until [ -e {going} ]; do sleep 0.01; done; echo late'", linger=FOREVER, code=2)
    pids = tasker.systemd.units[job.unit]["pids"]
    tasker.engine.end(signal.SIGKILL)
    going.touch()
    until(lambda: not any(map(tasker.alive, pids)))
    tasker.engine.start()
    ended = tasker.wait(job)
    assert ended.outcome == Outcome(Kind.EXITED, exit_code=2)
    assert "left behind" not in verdict(ended)
    assert tasker.output(job) == b"late\n"


def test_a_wait_for_the_exit_is_answered_when_processes_linger(tasker: Stack) -> None:
    job = leave(tasker, STAYS, linger=FOREVER)
    reply = tasker.ask(wire.WaitJob(ALICE, job.id, True))
    assert isinstance(reply, wire.JobReply)
    assert (reply.job.state, reply.job.lingering) == (State.ENDING, True)
    tasker.ask(wire.StopJob(ALICE, job.id, None))
    reply = tasker.ask(wire.WaitJob(ALICE, job.id, True))
    assert isinstance(reply, wire.JobReply)
    assert reply.job.state is State.ENDED


def test_a_job_has_run_for_as_long_as_it_did(tasker: Stack) -> None:
    ended = tasker.wait(tasker.start_job("true"))
    assert "left behind" not in verdict(ended)
    assert ended.clock.started is not None
    assert 0.0 <= (ended.elapsed(0.0) or 0.0) < time.monotonic() - ended.clock.started
