"""An engine that ends or dies while it archives leaves each job in memory or on disk, never in none or both."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import signal

import pytest

from tasker import wire
from tests.engine.archived import archive, ended, files, rings
from tests.support.stack import ALICE, Stack, stack
from tests.support.waiting import until


def test_after_a_restart_they_stand_in_their_order(tasker: Stack) -> None:
    jobs = [ended(tasker, "echo", str(n)) for n in range(6)]
    for n in (4, 1, 2):
        jobs[n] = archive(tasker, jobs[n])
    tasker.engine.restart()
    assert [job.id for job in tasker.list()] == [jobs[n].id for n in (0, 3, 5)]
    assert [job.id for job in tasker.list(archived=True)] == [jobs[n].id for n in (1, 2, 4)]
    for n, job in enumerate(jobs):
        assert tasker.output(job) == b"%d\n" % n
        assert tasker.get(job).spec == job.spec


@pytest.mark.parametrize("left", [".gz", ".gz.new", ".job.new"])
def test_half_an_archive_is_none(tasker: Stack, left: str) -> None:
    """What an engine leaves that dies before the last rename."""
    job = ended(tasker, "echo", "here")
    other = archive(tasker, ended(tasker, "true"))
    packed = files(tasker)[0]
    tasker.engine.end(signal.SIGKILL)
    (packed.parent / f"{job.id}{left}").write_bytes(b"half")
    tasker.engine.start()
    assert tasker.list() == [job]
    assert tasker.output(job) == b"here\n"
    assert {path.stem for path in files(tasker)} == {other.id}


def test_an_archive_that_the_collector_was_not_told_of_counts(tasker: Stack) -> None:
    """What an engine leaves that dies after the last rename."""
    job = archive(tasker, ended(tasker, "echo", "here"))
    saved = tasker.directory / "saved"
    shutil.copytree(files(tasker)[0].parent, saved)
    again = ended(tasker, "echo", "here")
    tasker.engine.end(signal.SIGKILL)
    for suffix in (".gz", ".job"):
        text = (saved / f"{job.id}{suffix}").read_bytes().replace(job.id.encode(), again.id.encode())
        (files(tasker)[0].parent / f"{again.id}{suffix}").write_bytes(text)
    tasker.engine.start()
    assert tasker.list() == []
    assert {found.id for found in tasker.list(archived=True)} == {job.id, again.id}
    assert tasker.output(again) == b"here\n"
    assert rings(tasker) == 0


def test_killed_again_and_again_while_it_archives_many(tasker: Stack) -> None:
    """Every job stays what it is: in one of the two lists, with every byte."""
    jobs = [ended(tasker, "sh", "-c", f"seq {n} 60000; head -c 200000 /dev/urandom") for n in range(12)]
    outputs = {job.id: hashlib.sha256(tasker.output(job)).digest() for job in jobs}
    for n in range(8):
        peer = tasker.connect()
        for number, job in enumerate(tasker.list(), 1):
            peer.send(number, wire.ArchiveJob(ALICE, job.id))
        for _ in range(n % 3):
            with contextlib.suppress(EOFError, TimeoutError):
                peer.receive()
        tasker.engine.restart(signal.SIGKILL)
        live, archived = tasker.list(), tasker.list(archived=True)
        assert sorted(job.id for job in live + archived) == sorted(outputs)
        assert rings(tasker) == len(live)
        assert {path.name for path in files(tasker)} == {f"{j.id}{s}" for j in archived for s in (".gz", ".job")}
        for job in jobs:
            assert hashlib.sha256(tasker.output(job)).digest() == outputs[job.id]
        peer.__exit__()


def test_it_does_not_wait_at_its_end_for_a_large_one() -> None:
    """SIGTERM while it compresses: the job stays as it was."""
    with stack('[server]\n[output]\nring = "1G"\nmemory = "none"\n') as tasker:
        job = ended(tasker, "sh", "-c", "head -c 800M /dev/urandom")
        with tasker.connect() as peer:
            peer.send(1, wire.ArchiveJob(ALICE, job.id))
            until(lambda: files(tasker))
            assert tasker.engine.end() == 0
        assert files(tasker) == []
        tasker.engine.start()
        assert [found.id for found in tasker.list()] == [job.id]
        assert tasker.printed(job) == 800 << 20


def test_archives_of_other_runs_go_at_the_start(tasker: Stack) -> None:
    archive(tasker, ended(tasker, "true"))
    other = tasker.directory / "archive" / "0123456789abcdef"
    other.mkdir()
    (other / "k3v9x2mq.gz").write_bytes(b"old")
    tasker.engine.restart()
    assert not other.exists()
    assert len(files(tasker)) == 2


def test_archives_go_with_the_run(tasker: Stack) -> None:
    archive(tasker, ended(tasker, "true"))
    tasker.systemd.do("queue", unit="tasker.service", kind="stop")
    tasker.engine.end()
    assert files(tasker) == []


def test_what_ends_with_the_run_is_not_archived_after_it() -> None:
    """Retention would archive the jobs that the end of the run ends, into a directory that was just deleted."""
    with stack("[server]\n[retention]\nended = 0\n") as tasker:
        for _ in range(8):
            tasker.start_job("sleep", "600")
        tasker.systemd.do("queue", unit="tasker.service", kind="stop")
        tasker.engine.end()
        assert list((tasker.directory / "archive").glob("*")) == []
