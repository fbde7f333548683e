"""Owners take turns in having their jobs' output read; so do the jobs of one owner."""

from __future__ import annotations

import os
import signal

import pytest

from tasker import wire
from tasker.collector.loop import Loop
from tasker.collector.turns import TURN, Turns
from tests.collector.conftest import Engine
from tests.support.waiting import readable

CHUNK = 64 << 10


class Printer:
    """A job that has so many bytes of output, and gives at most CHUNK of it at a time."""

    def __init__(self, size: float) -> None:
        self.left = size
        self.turns = 0
        self.read = 0

    def __call__(self, most: int) -> int:
        count = int(min(most, CHUNK, self.left))
        self.left -= count
        self.read += count
        self.turns += count > 0
        return count


def lined_up(**printers: list[Printer]) -> Loop:
    loop = Loop()
    turns = Turns(loop)
    for owner, jobs in printers.items():
        for job in jobs:
            turns.ready(owner, job)
    return loop


@pytest.mark.parametrize("jobs", [1, 2, 40, 1000])
def test_an_owner_gets_one_turn_however_many_jobs_print(jobs: int) -> None:
    loud, quiet = [Printer(float("inf")) for _ in range(jobs)], Printer(5)
    loop = lined_up(alice=loud, bob=[quiet])
    assert loop._round()
    assert quiet.read == 5
    assert sum(job.read for job in loud) == TURN


def test_the_jobs_of_an_owner_take_turns() -> None:
    loud = [Printer(float("inf")) for _ in range(40)]
    loop = lined_up(alice=loud)
    for _ in range(10):
        assert loop._round()
    assert {job.turns for job in loud} == {10 * TURN // CHUNK // 40}


def test_the_round_says_when_there_is_nothing_more() -> None:
    loop = lined_up(alice=[Printer(TURN), Printer(10)], bob=[Printer(0)])
    assert loop._round()
    assert not loop._round()
    assert not loop._round()


def test_a_defect_costs_one_job_its_output(capfd: pytest.CaptureFixture[str]) -> None:
    def broken(most: int) -> int:
        raise ZeroDivisionError

    loop, other = Loop(), Printer(5)
    turns = Turns(loop)
    turns.ready("alice", broken)
    turns.ready("alice", other)
    assert not loop._round()
    assert other.read == 5
    assert "ZeroDivisionError" in capfd.readouterr().err


# ── in the collector ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_loud_owner_does_not_starve_others_or_its_own_jobs(engine: Engine) -> None:
    loud = [engine.run("cat", "/dev/zero", owner="alice") for _ in range(10)]
    try:
        for owner in ("bob", "alice", ""):
            assert engine.output(engine.run("echo", "heard", owner=owner)) == b"heard\n"
        assert all(engine.printed(job) for job in loud)
    finally:
        for job in loud:
            engine.ask(wire.Signal(job, signal.SIGKILL))
            engine.exit(job)


@pytest.mark.parametrize("owner", ["alice", ""])
def test_every_byte_of_several_jobs_arrives(engine: Engine, owner: str) -> None:
    size = 5_000_000
    jobs = [engine.run("head", "-c", str(size), "/dev/zero", owner=owner, ring=1 << 16) for _ in range(4)]
    for job in jobs:
        engine.exit(job)
        assert engine.ask(wire.Finish(job)).written == size  # type: ignore[attr-defined]


def test_output_that_comes_again_after_a_pause_is_read(engine: Engine) -> None:
    """The pipe is reported once for each time that something was written to it."""
    script = "import signal as s; s.pthread_sigmask(0, {10})\nfor n in '123': print(n, flush=True); s.sigwait({10})"
    job = engine.run("python3", "-c", script, owner="alice")
    reader, wake = engine.follow(job)
    for expected in (b"1\n", b"1\n2\n", b"1\n2\n3\n"):
        while reader.read(0, 99)[1] != expected:
            readable(f"{expected!r} of job {job}", wake)
            assert os.read(wake, 4096)
        engine.ask(wire.Signal(job, signal.SIGUSR1))
    assert engine.exit(job).code == 0
    os.close(wake)
