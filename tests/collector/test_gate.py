"""A leader waits at its gate until it is opened; closed, however it comes, it exits. Nobody is left behind."""

from __future__ import annotations

import os
import signal

import pytest

from tasker import wire
from tasker.errors import Reason, TaskerError
from tests.collector.conftest import Engine
from tests.support.daemon import Daemon
from tests.support.waiting import readable


def gone(pidfd: int) -> bool:
    """Wait for a process to end."""
    return readable("the end of a process", pidfd) == [pidfd]


def held(engine: Engine, *argv: str) -> tuple[str, int]:
    """A job at the gate, and the pidfd of its leader."""
    job = engine.launch(*argv)
    leader = engine.leader(job)
    assert leader is not None
    return job, os.pidfd_open(leader.pid)


def test_nothing_runs_before_the_gate_opens(engine: Engine, collector: Daemon) -> None:
    mark = collector.directory / "ran"
    job = engine.launch("touch", str(mark))
    leader = engine.leader(job)
    assert leader is not None
    assert not leader.released
    assert not mark.exists()
    engine.release(job)
    engine.exit(job)
    assert mark.exists()


def test_an_engine_that_goes_takes_its_held_leaders_with_it(collector: Daemon) -> None:
    with Engine(collector.directory / "control.sock") as going:
        job, pidfd = held(going, "sleep", "60")
    assert gone(pidfd)
    os.close(pidfd)
    with Engine(collector.directory / "control.sock") as coming:
        assert coming.leader(job) is None


def test_a_collector_that_is_killed_leaves_no_leader_at_the_gate(engine: Engine, collector: Daemon) -> None:
    _, pidfd = held(engine, "sleep", "60")
    collector.end(signal.SIGKILL)
    assert gone(pidfd)
    os.close(pidfd)


def test_a_released_job_outlives_its_engine(collector: Daemon) -> None:
    with Engine(collector.directory / "control.sock") as going:
        job = going.run("sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done")
        going.printed(job)
    with Engine(collector.directory / "control.sock") as coming:
        leader = coming.leader(job)
        assert leader is not None
        assert (leader.released, leader.record, leader.argv[0]) == (True, f"record of {job}", "sh")
        coming.ask(wire.Signal(job, signal.SIGTERM))
        assert coming.exit(job).code == 7
        leader = coming.leader(job)
        assert leader is not None
        assert leader.exit == coming.exit(job)


def test_one_killed_at_the_gate_stays_unreaped_and_is_reported(engine: Engine) -> None:
    """A number that is free again could be put into the scope in its place."""
    job, pidfd = held(engine, "sleep", "60")
    leader = engine.leader(job)
    assert leader is not None
    os.kill(leader.pid, signal.SIGKILL)
    assert gone(pidfd)
    os.close(pidfd)
    engine.ask(wire.Hello(wire.COLLECTOR_VERSION))  # one round through its loop
    assert os.path.exists(f"/proc/{leader.pid}")
    assert engine.release(job) == wire.Released(3, "setup")
    engine.ask(wire.Forget(job))


def test_a_leader_stopped_at_the_gate_can_be_forgotten(engine: Engine) -> None:
    """Any process of its uid may stop it there."""
    job, pidfd = held(engine, "sleep", "60")
    leader = engine.leader(job)
    assert leader is not None
    os.kill(leader.pid, signal.SIGSTOP)
    engine.ask(wire.Forget(job))
    assert gone(pidfd)
    os.close(pidfd)


def test_a_command_that_failed_as_its_engine_went_is_no_job(collector: Daemon) -> None:
    with Engine(collector.directory / "control.sock") as going:
        job = going.launch("/nonexistent")
        assert going.release(job).errno == 2
    with Engine(collector.directory / "control.sock") as coming:
        assert coming.leader(job) is None


def test_exit_codes_and_signals_are_the_kernels(engine: Engine) -> None:
    exit = engine.exit(engine.run("sh", "-c", "exit 42"))
    assert (exit.code, exit.signal) == (42, None)
    exit = engine.exit(engine.run("sh", "-c", "kill -KILL $$"))
    assert (exit.code, exit.signal) == (None, signal.SIGKILL)


def test_released_is_reported_before_exited(engine: Engine) -> None:
    for _ in range(20):
        job = engine.launch("true")
        engine.send(1, wire.Release(job))
        told = [type(engine.receive()[0].message) for _ in range(2)]
        assert told == [wire.Released, wire.Exited]


def test_a_signal_goes_to_the_group_and_to_nobody_once_it_is_reaped(engine: Engine) -> None:
    job = engine.run("sh", "-c", "sleep 60 & echo $!; wait")
    child = os.pidfd_open(int(engine.printed(job)))
    engine.ask(wire.Signal(job, signal.SIGTERM))
    assert engine.exit(job).signal == signal.SIGTERM
    assert gone(child)
    os.close(child)
    assert engine.ask(wire.Signal(job, signal.SIGTERM)) == wire.Done()


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (wire.Release("nobody"), Reason.NOT_FOUND),
        (wire.Follow("nobody"), Reason.NOT_FOUND),
        (wire.Forget("nobody"), Reason.NOT_FOUND),
        (wire.Connect(), Reason.INVALID),
        (wire.Hello(99), Reason.REFUSED),
    ],
)
def test_what_it_cannot_do_is_refused_and_it_goes_on(engine: Engine, request_: wire.Message, reason: Reason) -> None:
    with pytest.raises(TaskerError) as caught:
        engine.ask(request_)
    assert caught.value.reason is reason
    assert engine.ask(wire.Hello(wire.COLLECTOR_VERSION))


def test_a_running_job_is_neither_forgotten_nor_finished(engine: Engine) -> None:
    job = engine.run("sleep", "60")
    for request in (wire.Forget(job), wire.Finish(job)):
        with pytest.raises(TaskerError) as caught:
            engine.ask(request)
        assert caught.value.reason is Reason.REFUSED
    engine.ask(wire.Signal(job, signal.SIGKILL))
    engine.exit(job)


def test_nonsense_ends_the_connection_and_nothing_else(engine: Engine, collector: Daemon) -> None:
    with Engine(collector.directory / "control.sock") as stranger:
        stranger._socket.send(b"nonsense")
        with pytest.raises(EOFError):
            stranger.receive()
    assert engine.ask(wire.Hello(wire.COLLECTOR_VERSION))


def test_many_jobs_are_listed_in_pages(engine: Engine) -> None:
    padding = "x" * 30_000
    jobs = [engine.launch("true", padding) for _ in range(5)]
    found: list[wire.Leader] = []
    while True:
        page = engine.ask(wire.ListLeaders(found[-1].number if found else 0))
        assert isinstance(page, wire.Leaders)
        found += page.leaders
        if not page.more:
            break
        assert len(page.leaders) < len(jobs)
        if page.leaders[-1].job == jobs[0]:
            engine.ask(wire.Forget(jobs[0]))  # one that goes meanwhile brings none a second time
    assert [leader.job for leader in found] == jobs


def test_the_socket_is_for_its_own_user_only(collector: Daemon) -> None:
    assert (collector.directory / "control.sock").stat().st_mode & 0o777 == 0o600
