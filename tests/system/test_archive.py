"""Archived jobs: read as before through everything that may be restarted, no longer in memory, gone with the run."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker.client import Chunk, Ended
from tasker.errors import TaskerError
from tasker.job import Job
from tests.support.waiting import DEADLINE, until, until_equal
from tests.system.conftest import ETC, User, run, show, until_serving

ARCHIVE = Path("/var/lib/tasker/archive")
MIB = 1 << 20


def noise(user: User, size: int) -> Job:
    return user.wait(user.start("head", "-c", str(size), "/dev/urandom"))


def digest(user: User, job: Job) -> str:
    return hashlib.sha256(user.output(job)).hexdigest()


def rings() -> int:
    """Output that the collector holds."""
    links = Path("/proc", show("tasker-collector.service", "MainPID"), "fd").iterdir()
    return len({link.stat().st_ino for link in links if os.readlink(link).startswith("/memfd:tasker-ring")})


def memory() -> int:
    """Bytes that the collector and its rings take: its cgroup's, the pages of memfds among them."""
    return int(Path("/sys/fs/cgroup/system.slice/tasker-collector.service/memory.current").read_text())


def files(job: Job) -> list[Path]:
    return sorted(ARCHIVE.glob(f"*/{job.id}.*"))


def archived(user: User) -> list[str]:
    return [job.id for job in user.client.list(archived=True)]


@contextlib.contextmanager
def retention(text: str) -> Iterator[None]:
    """Another [retention] for a while, taken by a reload."""
    config = ETC / "tasker.toml"
    good = config.read_text()
    try:
        config.write_text(f"{good}\n[retention]\n{text}\n")
        run("systemctl", "reload", "tasker")
        yield
    finally:
        config.write_text(good)
        run("systemctl", "reload", "tasker")


def test_its_ring_is_freed_and_it_reads_as_before(alice: User, admin: User) -> None:
    job = noise(alice, 6 * MIB)
    before, held, used = digest(alice, job), rings(), memory()
    assert alice.client.archive(job.id).archived
    assert rings() == held - 1
    until(memory, lambda now: now < used - 5 * MIB)
    assert [path.name for path in files(job)] == [f"{job.id}.gz", f"{job.id}.job"]
    assert job.id in archived(admin)
    assert job.id not in [found.id for found in alice.client.list()]
    for _ in range(2):
        assert digest(alice, job) == before
        packed = subprocess.run(["zcat", files(job)[0]], stdout=subprocess.PIPE, check=True, timeout=DEADLINE).stdout
        assert hashlib.sha256(packed).hexdigest() == before
        run("systemctl", "restart", "tasker")
        until_serving()
    *_, last = alice.connect().attach(job.id, last_lines=1)
    assert isinstance(last, Ended)
    assert (last.offset, last.job.archived, last.job.outcome) == (6 * MIB, True, job.outcome)


def test_nobody_but_root_reads_it_on_disk(alice: User) -> None:
    job = alice.wait(alice.sh("echo secret"))
    alice.client.archive(job.id)
    spy = alice.sh(f"cat {files(job)[0]} || ls {ARCHIVE}")
    assert b"secret" not in alice.output(spy)
    assert b"Permission denied" in alice.output(spy)


def test_a_job_that_runs_is_not_archived(alice: User) -> None:
    job = alice.start("sleep", "600")
    with pytest.raises(TaskerError, match="it is running; wait for its end, or stop it"):
        alice.client.archive(job.id)
    assert alice.client.get(job.id).state == "running"


def test_an_engine_killed_while_it_archives(alice: User) -> None:
    jobs = [noise(alice, MIB) for _ in range(4)]
    before = {job.id: digest(alice, job) for job in jobs}
    asked = [subprocess.Popen([*archive_command(job)], env=environment()) for job in jobs]
    until(lambda: any(files(job) for job in jobs))
    run("systemctl", "kill", "--signal=KILL", "tasker.service")
    for process in asked:
        process.wait(DEADLINE)
    until_serving()
    client = alice.connect()
    live, gone = ([j.id for j in client.list(archived=flag) if j.id in before] for flag in (False, True))
    assert sorted([*live, *gone]) == sorted(before)
    assert {job.id: digest(alice, job) for job in jobs} == before


def archive_command(job: Job) -> list[str]:
    code = "import sys; from tests.system.conftest import *; User('alice', Role.USER).client.archive(sys.argv[1])"
    return ["python3", "-c", code, job.id]


def environment() -> dict[str, str]:
    import sys

    return dict(os.environ, PYTHONPATH=":".join(path for path in sys.path if path))


def test_retention_by_number_age_and_memory(alice: User, admin: User) -> None:
    running = alice.start("sleep", "600")
    jobs = [noise(alice, MIB) for _ in range(3)]
    ids = [job.id for job in jobs]

    def kept() -> list[str]:
        return [job.id for job in admin.connect().list() if job.id in ids]

    with retention('memory = "2500K"'):  # two of them; whatever else there was ended before
        until_equal(kept, ids[1:])
    with retention("ended = 1"):
        until_equal(kept, ids[2:])
    with retention('age = "1s"'):
        until_equal(kept, [])
    assert set(ids) <= set(archived(admin))
    with retention("archived = 1"):
        until_equal(lambda: archived(admin), ids[2:])
    assert not files(jobs[0])
    assert alice.client.get(running.id).state == "running"
    entries = ("journalctl", "-q", "-o", "cat", f"TASKER_JOB={ids[0]}")
    until(lambda: run(*entries), lambda text: "archived" in text and "forgotten" in text)


def test_timestamps_and_last_time(alice: User) -> None:
    begun = time.time()
    job = alice.sh("echo one; sleep 2; echo two")
    events = [event for event in alice.client.attach(job.id, timestamps=True) if isinstance(event, Chunk)]
    assert [event.data for event in events] == [b"one\n", b"two\n"]
    first, second = (event.time for event in events)
    assert first is not None
    assert second is not None
    assert begun <= first <= second - 1.9 <= time.time()

    def since() -> bytes:
        last = alice.client.attach(job.id, last_time=time.time() - (first + second) / 2)
        return b"".join(event.data for event in last if isinstance(event, Chunk))

    for _ in range(2):
        assert [e for e in alice.client.attach(job.id, timestamps=True) if isinstance(e, Chunk)] == events
        until_equal(since, b"two\n")  # on a machine so busy that a call takes a second, it is b"" at first
        alice.client.archive(job.id)
