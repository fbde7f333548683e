"""What a command leaves behind, and clocks that somebody sets, on a real systemd."""

from __future__ import annotations

import gzip
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker.client import Exited
from tasker.job import Job, Kind
from tasker.lifecycle import State
from tasker.limits import Limits
from tasker.quantity import FOREVER
from tests.support.waiting import until
from tests.system.conftest import User, cgroup, run

ASKED = "trap 'echo asked; exit' TERM; echo left; while :; do sleep 0.1; done"


def took(job: Job) -> float:
    """Seconds from the command's exit to the job's end."""
    assert job.ended is not None
    assert job.exited is not None
    return job.ended - job.exited


def verdict(job: Job) -> str:
    assert job.outcome is not None
    return job.outcome.verdict


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """Everybody may write there; above pytest's own directories only root may go."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        Path(name).chmod(0o777)
        yield Path(name)


def test_output_and_files_behind_a_process_substitution_are_whole(alice: User, open_directory: Path) -> None:
    for number in range(4):
        file = open_directory / f"{number}.gz"
        job = alice.start("bash", "-c", f"exec > >(gzip > {file}); seq 1 200000")
        assert verdict(alice.wait(job)).startswith("exited with code 0")
        assert gzip.decompress(file.read_bytes()).endswith(b"\n200000\n")
    assert alice.output(alice.start("bash", "-c", "exec > >(sleep 1; cat); echo not lost")) == b"not lost\n"


def test_what_stays_has_the_linger_time_or_a_second(alice: User) -> None:
    holding, silent = alice.sh("sleep 1000 &"), alice.sh("sleep 1000 >/dev/null 2>&1 &")
    ended = alice.wait(silent)
    assert 1.0 <= took(ended) < 8.0
    assert re.search(r"; 1 process left behind was ended after [1-3]\.\ds$", verdict(ended))
    ended = alice.wait(holding)
    assert 5.0 <= took(ended) < 8.0
    assert re.search(r"; 1 process left behind was ended after [5-7]\.\ds$", verdict(ended))


def test_what_leaves_nothing_behind_ends_at_its_exit(alice: User) -> None:
    for _ in range(5):
        ended = alice.wait(alice.start("true"))
        assert took(ended) == 0.0
        assert "left behind" not in verdict(ended)


def test_an_attach_says_that_the_command_has_exited(alice: User) -> None:
    job = alice.sh("sleep 1000 & sleep 1000 & exit 3", linger=FOREVER)
    stream = alice.client.attach(job.id)
    exited = next(event for event in stream if isinstance(event, Exited))
    assert (exited.job.state, exited.job.left_behind, exited.job.lingering) == (State.ENDING, 2, True)
    assert exited.job.lingers_until is None
    ended = alice.client.stop(job.id)
    assert ended.outcome is not None
    assert (ended.outcome.kind, ended.outcome.exit_code) == (Kind.EXITED, 3)
    assert verdict(ended).endswith("; 2 processes left behind were ended by alice")


def test_a_stop_asks_each_process_once(alice: User) -> None:
    """The group by its SIGTERM; others when the leader has exited; nobody twice."""
    inside = alice.sh(f'sh -c "{ASKED.replace("exit", "sleep 1; exit")}" & exec sleep 1000')
    outside = alice.sh(f'setsid sh -c "{ASKED}" & exec sleep 1000')
    for job in (inside, outside):
        assert alice.first_line(job) == "left"
        alice.client.stop(job.id)
        assert alice.output(job).splitlines().count(b"asked") == 1


def test_running_out_of_memory_ends_what_was_left(alice: User) -> None:
    eat = "import time; time.sleep(1); blocks = []\nwhile True: blocks.append(bytearray(1 << 20))"
    job = alice.start("sh", "-c", 'python3 -c "$1" & exit 4', "-", eat, limits=Limits(memory=32 << 20), linger=FOREVER)
    ended = alice.wait(job)
    assert ended.outcome is not None
    assert (ended.outcome.kind, ended.outcome.exit_code) == (Kind.EXITED, 4)
    assert verdict(ended).endswith("left behind was killed: out of memory")


def test_what_was_left_can_be_paused_limited_and_stopped(alice: User) -> None:
    job = alice.sh("sleep 1000 & exit 5", linger=FOREVER)
    until(lambda: alice.client.get(job.id).lingering)
    paused = alice.client.pause(job.id)
    assert (paused.state, paused.paused) == (State.ENDING, True)
    assert "frozen 1" in (cgroup(job) / "cgroup.events").read_text()
    alice.client.limit(job.id, Limits(tasks=20))
    assert (cgroup(job) / "pids.max").read_text() == "20\n"
    run("systemctl", "stop", job.unit)
    ended = alice.wait(job)
    assert verdict(ended).endswith("; 1 process left behind was ended by systemctl")


def test_the_deadline_stands_when_the_engine_is_killed(alice: User) -> None:
    job = alice.sh("sleep 1000 & exit 6", linger=8.0)
    until(lambda: alice.client.get(job.id).lingering)
    run("systemctl", "kill", "-s", "KILL", "tasker.service")
    ended = alice.wait(job)
    assert 8.0 <= took(ended) < 16.0
    assert "1 process left behind was ended after" in verdict(ended)


def test_the_run_time_counts_from_the_start_of_the_command(alice: User) -> None:
    """systemd's own would count from the making of the scope, which comes before."""
    for _ in range(5):
        ended = alice.wait(alice.start("sleep", "60", limits=Limits(run_time=1.0)))
        assert ended.outcome is not None
        assert ended.outcome.kind is Kind.TIMED_OUT
        assert (ended.elapsed(0.0) or 0.0) >= 1.0


def test_a_change_of_limits_that_is_the_end_answers_with_the_job_as_it_ended(alice: User) -> None:
    hold = "import time; block = bytearray(64 << 20); print('held', flush=True); time.sleep(1000)"
    job = alice.start("python3", "-c", hold, limits=Limits(memory=256 << 20))
    assert alice.first_line(job) == "held"
    answer = alice.client.limit(job.id, Limits(memory=8 << 20))
    assert answer.outcome is not None
    assert answer.outcome.kind is Kind.OUT_OF_MEMORY


@pytest.fixture
def set_clock() -> Iterator[None]:
    """The test may set the clock."""
    shift = time.time() - time.monotonic()
    yield
    time.clock_settime(time.CLOCK_REALTIME, shift + time.monotonic())


@pytest.mark.usefixtures("set_clock")
def test_a_clock_that_is_set_back_changes_no_duration(alice: User) -> None:
    job = alice.sh("echo started; sleep 2; echo done; sleep 1000 &", linger=3.0)
    assert alice.first_line(job) == "started"
    time.clock_settime(time.CLOCK_REALTIME, time.time() - 30)
    ended = alice.wait(job)
    assert 5.0 <= (ended.elapsed(0.0) or 0.0) < 20.0
    assert re.match(r"exited with code 0 after [23]\.", verdict(ended))
    assert re.search(r"left behind was ended after [34]\.\ds$", verdict(ended))
    since = alice.client.attach(job.id, last_time=600.0, follow=False)
    assert b"".join(getattr(event, "data", b"") for event in since) == b"started\ndone\n"
    assert (alice.client.get(job.id).elapsed(0.0) or 0.0) == pytest.approx(ended.elapsed(0.0), abs=0.1)
