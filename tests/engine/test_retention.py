"""How long ended jobs are kept in memory and on disk. Nothing that runs is ever touched; a reload applies at once."""

from __future__ import annotations

import contextlib
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tasker import wire
from tasker.errors import Reason, TaskerError
from tasker.job import Job
from tasker.lifecycle import State
from tests.engine.test_start import refused
from tests.support.stack import ALICE, Stack, stack
from tests.support.waiting import join, until, until_equal


def configure(tasker: Stack, retention: str) -> None:
    tasker.configure(f"[server]\n[retention]\n{retention}")


def reload(tasker: Stack, retention: str) -> None:
    configure(tasker, retention)
    before = tasker.engine.log.count("reloaded")
    tasker.engine.send_signal(signal.SIGHUP)
    until(lambda: tasker.engine.log.count("reloaded") > before)


def printed(tasker: Stack, size: int) -> Job:
    return tasker.wait(tasker.start_job("head", "-c", str(size), "/dev/urandom", caller=ALICE))


def ids(jobs: list[Job]) -> list[str]:
    return [job.id for job in jobs]


def lists(tasker: Stack) -> tuple[list[str], list[str]]:
    """Ids of what is in memory, and of what is archived."""
    return ids(tasker.list()), ids(tasker.list(archived=True))


class Journal(threading.Thread):
    """Reads what the engine says; the socket alone would hold ten messages."""

    def __init__(self, tasker: Stack) -> None:
        super().__init__()
        self._socket = tasker.journal
        self._lines: list[str] = []
        self.start()

    def run(self) -> None:
        while text := self._socket.recv(1 << 16).decode():
            self._lines.append(text)

    def told(self, action: str) -> list[str]:
        return [line for line in self._lines if f"TASKER_ACTION={action}\n" in line]


@pytest.fixture
def journal(tasker: Stack) -> Iterator[Journal]:
    tasker.journal.settimeout(None)
    journal = Journal(tasker)
    yield journal
    tasker.journal.shutdown(socket.SHUT_RD)
    join(journal)


def test_by_number(tasker: Stack, journal: Journal) -> None:
    reload(tasker, "ended = 2\n")
    running = tasker.start_job("sleep", "60", caller=ALICE)
    jobs = ids([printed(tasker, 10) for _ in range(5)])
    until_equal(lambda: lists(tasker), ([running.id, *jobs[3:]], jobs[:3]))
    assert tasker.get(running).state is State.RUNNING
    reload(tasker, "ended = 0\n")
    until_equal(lambda: lists(tasker), ([running.id], jobs))
    until_equal(lambda: len(journal.told("archive")), 5)
    assert tasker.get(running).state is State.RUNNING


def test_by_age(tasker: Stack) -> None:
    """Nothing looks again and again: a timer is set for the oldest."""
    first = printed(tasker, 10)
    reload(tasker, 'age = "2s"\n')
    second = printed(tasker, 10)
    until(lambda: lists(tasker) == ([second.id], [first.id]) or time.time() > (second.ended or 0) + 2)
    until_equal(lambda: lists(tasker), ([], [first.id, second.id]))
    assert time.time() >= (second.ended or 0) + 2


def test_by_memory(tasker: Stack) -> None:
    """A ring counts with what it holds; the one that ended first goes, until there is room."""
    reload(tasker, 'memory = "1M"\n')
    jobs = [printed(tasker, size).id for size in (500 << 10, 100 << 10, 300 << 10)]
    assert lists(tasker) == (jobs, [])
    jobs.append(printed(tasker, 300 << 10).id)
    until_equal(lambda: lists(tasker), (jobs[1:], jobs[:1]))
    tasker.engine.restart(signal.SIGKILL)  # what they hold is known after it, too
    jobs.append(printed(tasker, 400 << 10).id)
    until_equal(lambda: lists(tasker), (jobs[2:], jobs[:2]))


def test_a_ring_counts_with_no_more_than_it_holds() -> None:
    with stack('[server]\n[output]\nring = "64K"\n[retention]\nmemory = "100K"\n') as tasker:
        job = printed(tasker, 10 << 20)
        assert lists(tasker) == ([job.id], [])
        other = printed(tasker, 60 << 10)
        until_equal(lambda: lists(tasker), ([other.id], [job.id]))


def test_of_archived_ones_the_oldest_are_deleted(tasker: Stack, journal: Journal) -> None:
    reload(tasker, "ended = 0\narchived = 2\n")
    jobs = [printed(tasker, 10).id for _ in range(5)]
    until_equal(lambda: lists(tasker), ([], jobs[3:]))
    until_equal(lambda: {path.stem for path in (tasker.directory / "archive").rglob("*.*")}, set(jobs[3:]))
    until_equal(lambda: len(journal.told("forget")), 3)
    assert all(f"TASKER_JOB={job}\n" in line for job, line in zip(jobs[:3], journal.told("forget"), strict=True))


def test_by_disk(tasker: Stack) -> None:
    reload(tasker, 'ended = 0\ndisk = "1M"\n')
    jobs = [printed(tasker, 400 << 10).id for _ in range(4)]
    until_equal(lambda: lists(tasker), ([], jobs[2:]))


def test_what_somebody_archives_counts_too(tasker: Stack) -> None:
    reload(tasker, "archived = 1\n")
    jobs = [printed(tasker, 10) for _ in range(3)]
    for job in reversed(jobs):
        tasker.ask(wire.ArchiveJob(ALICE, job.id))
    until_equal(lambda: lists(tasker), ([], [jobs[0].id]))


@pytest.mark.parametrize("none", ["archived = 0", 'disk = "0"'])
def test_where_nothing_is_to_be_archived_nothing_is_written(tasker: Stack, journal: Journal, none: str) -> None:
    reload(tasker, f"ended = 1\n{none}\n")
    jobs = [printed(tasker, 10).id for _ in range(3)]
    until_equal(lambda: lists(tasker), (jobs[2:], []))
    assert not (tasker.directory / "archive").exists()
    until_equal(lambda: len(journal.told("forget")), 2)


def test_it_holds_from_the_start_on(tasker: Stack) -> None:
    jobs = [printed(tasker, 10).id for _ in range(3)]
    tasker.engine.end()
    configure(tasker, "ended = 1\n")
    tasker.engine.start()
    until_equal(lambda: lists(tasker), (jobs[2:], jobs[:2]))


def test_a_disk_that_refuses_changes_nothing_and_is_reported_once(tasker: Stack, journal: Journal) -> None:
    place = tasker.directory / "archive"
    place.write_text("in the way")
    reload(tasker, "ended = 1\n")
    jobs = [printed(tasker, 10) for _ in range(5)]
    assert tasker.output(jobs[0])
    assert lists(tasker) == (ids(jobs), [])
    assert tasker.engine.log.count("cannot archive job") == tasker.engine.log.count("it stays in memory") == 1
    place.unlink()
    last = printed(tasker, 10)  # the next occasion
    until_equal(lambda: lists(tasker), ([last.id], ids(jobs)))
    until_equal(lambda: len(journal.told("archive")), len(jobs))


def test_where_memory_is_full_and_the_disk_refuses_nothing_is_started(tasker: Stack) -> None:
    place = tasker.directory / "archive"
    place.write_text("in the way")
    reload(tasker, 'memory = "1M"\n')
    kept = [printed(tasker, 700_000) for _ in range(2)]
    tasker.engine.until_logged("it stays in memory")
    with refused(
        Reason.EXHAUSTED, r"2 ended jobs take 1\.\dM of memory, and cannot be written to the disk .*; free space"
    ):
        tasker.start_job("true", caller=ALICE)
    place.unlink()
    with contextlib.suppress(TaskerError):  # which looks at the disk again
        tasker.start_job("true", caller=ALICE)
    until(lambda: kept[0].id in lists(tasker)[1])
    tasker.start_job("true", caller=ALICE)


def test_no_room_on_the_disk(tasker: Stack) -> None:
    """A limit on the size of a file refuses as a full disk does: in the midst of it. What was written goes again."""
    noise = printed(tasker, 6 << 20)
    zeros = tasker.wait(tasker.start_job("head", "-c", "6291456", "/dev/zero", caller=ALICE))
    resource.prlimit(tasker.engine.pid, resource.RLIMIT_FSIZE, (4 << 20, resource.RLIM_INFINITY))
    with pytest.raises(TaskerError, match=r"cannot archive job \w+: File too large; check the disk of /var"):
        tasker.ask(wire.ArchiveJob(ALICE, noise.id))
    assert [path for path in (tasker.directory / "archive").rglob("*") if path.is_file()] == []
    assert tasker.output(noise)
    tasker.ask(wire.ArchiveJob(ALICE, zeros.id))
    with pytest.raises(TaskerError, match=r"cannot unpack the output of job \w+ .*File too large; free space there"):
        tasker.ask(wire.AttachJob(ALICE, zeros.id))
    resource.prlimit(tasker.engine.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert tasker.output(zeros) == bytes(6 << 20)
    tasker.ask(wire.ArchiveJob(ALICE, noise.id))
    assert lists(tasker) == ([], [noise.id, zeros.id])
