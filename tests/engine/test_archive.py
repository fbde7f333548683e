"""An archived job: on disk and no longer in memory, read as before byte for byte, gone with its run."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasker import wire
from tasker.client import Attached, Chunk, Ended, Event, Lost
from tasker.engine import unpacked
from tasker.errors import Reason, TaskerError
from tasker.job import Job
from tasker.lifecycle import State
from tests.engine.archived import archive, ended, files, rings
from tests.support.stack import ALICE, BOB, ROOT, Stack, stack
from tests.support.waiting import DEADLINE, join, until, until_equal


@pytest.fixture
def whole() -> Iterator[Stack]:
    """With a frontend, and rings of 64 KiB."""
    with stack('[server]\n[output]\nring = "64K"\n', frontend=True) as tasker:
        yield tasker
        assert "defect" not in tasker.engine.log, tasker.engine.log
        assert "Traceback" not in tasker.engine.log + tasker.frontend.log, tasker.engine.log + tasker.frontend.log


def test_it_leaves_the_list_and_the_memory_and_stays_what_it_was(tasker: Stack) -> None:
    job = ended(tasker, "sh", "-c", "seq 100000; exit 3", environment={"A": "b"}, name="kept")
    output = tasker.output(job)
    assert rings(tasker) == 1
    kept = archive(tasker, job)
    assert rings(tasker) == 0
    assert kept.archived
    assert (kept.spec, kept.outcome, kept.ended, kept.printed) == (job.spec, job.outcome, job.ended, job.printed)
    assert tasker.list() == []
    assert [found.id for found in tasker.list(archived=True)] == [job.id]
    assert tasker.get(job).spec == job.spec
    assert tasker.output(job) == output


def test_an_admin_can_zcat_it_and_nobody_else_sees_it(tasker: Stack) -> None:
    job = ended(tasker, "seq", "100000")
    output = tasker.output(job)
    archive(tasker, job)
    packed, record = files(tasker)
    assert (packed.name, record.name) == (f"{job.id}.gz", f"{job.id}.job")
    assert subprocess.run(["zcat", packed], stdout=subprocess.PIPE, check=True, timeout=DEADLINE).stdout == output
    assert packed.stat().st_size < len(output) / 2
    for path in (packed, record):
        assert path.stat().st_mode & 0o777 == 0o600
    for directory in (packed.parent, packed.parent.parent):
        assert directory.stat().st_mode & 0o777 == 0o700


def test_again_and_at_once_it_is_archived_once(tasker: Stack) -> None:
    job = ended(tasker, "head", "-c", "10000000", "/dev/urandom")
    replies: list[Job] = []
    threads = [threading.Thread(target=lambda: replies.append(archive(tasker, job))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        join(thread)
    assert [reply.archived for reply in [*replies, archive(tasker, job)]] == [True] * 9
    assert len(tasker.list(archived=True)) == 1


def test_who_may_and_when(tasker: Stack) -> None:
    running = tasker.start_job("sleep", "60", caller=ALICE)
    with pytest.raises(TaskerError, match=r"cannot archive job \w+: it is running; wait for its end, or stop it"):
        archive(tasker, running)
    assert tasker.get(running).state is State.RUNNING
    tasker.ask(wire.StopJob(ALICE, running.id, 0.0))
    with pytest.raises(TaskerError, match="only its owner or an admin") as caught:
        archive(tasker, running, BOB)
    assert caught.value.reason is Reason.DENIED
    assert archive(tasker, running, ROOT).archived


def test_stop_and_wait_find_it_ended(tasker: Stack) -> None:
    job = archive(tasker, ended(tasker, "true"))
    for request in (wire.StopJob(ALICE, job.id, None), wire.WaitJob(ALICE, job.id, False)):
        reply = tasker.ask(request)
        assert isinstance(reply, wire.JobReply)
        assert (reply.job.state, reply.job.outcome, reply.job.archived) == (State.ENDED, job.outcome, True)


# ── read as before ───────────────────────────────────────────────────────────────────────────────────────────────────

POSITIONS: list[dict[str, Any]] = [
    {},
    {"offset": 5},
    {"offset": 150_000},
    {"offset": 199_999},
    {"last_bytes": 0},
    {"last_bytes": 100},
    {"last_bytes": 1 << 40},
    {"last_lines": 3},
    {"last_lines": 1 << 40},
    {"last_time": 3600.0},
    {"last_time": 0.0},
]


def plain(events: Iterator[Event]) -> list[object]:
    """What they say, joined where only messages were cut otherwise."""
    said: list[object] = []
    for event in events:
        match event:
            case Chunk():
                if said and isinstance(said[-1], tuple) and said[-1][2] == event.time:
                    said[-1] = (said[-1][0], said[-1][1] + event.data, event.time)
                else:
                    said.append((event.offset, event.data, event.time))
            case Attached():
                said.append(event.offset)
            case Ended():
                said.append((event.offset, event.job.outcome))
            case Lost():
                said.append(event)
            case _:
                raise AssertionError(event)
    return said


def test_an_attach_says_the_same_from_every_position(whole: Stack) -> None:
    """Random bytes, of which the ring lost the first ones, that came at several times."""
    script = "for i in 1 2 3 4 5; do head -c 40000 /dev/urandom; sleep 0.01; done; exit 4"
    job = ended(whole, "sh", "-c", script)
    asked = [{**where, "timestamps": timestamps} for where in POSITIONS for timestamps in (False, True)]
    with whole.client("alice") as client:
        before = [plain(client.attach(job.id, **where)) for where in asked]
        archive(whole, job)
        after = [plain(client.attach(job.id, **where)) for where in asked]
        assert after == before
        whole.engine.restart(signal.SIGKILL)
        assert [plain(client.attach(job.id, **where)) for where in asked] == before
    assert Lost(0, 200_000 - (64 << 10)) in before[0]
    assert len(before[1]) > len(before[0])  # cut by time
    with pytest.raises(TaskerError, match="has printed 200000 so far"):
        list(whole.client("alice").attach(job.id, offset=200_001))


@pytest.mark.parametrize("size", [0, 1, 4095, 65_536, 65_537])
def test_of_any_size(whole: Stack, size: int) -> None:
    job = ended(whole, "head", "-c", str(size), "/dev/urandom")
    with whole.client("alice") as client:
        before = plain(client.attach(job.id))
        archive(whole, job)
        assert plain(client.attach(job.id)) == before


def test_32_mib_of_noise() -> None:
    with stack('[server]\n[output]\nring = "64M"\nmemory = "none"\n', frontend=True) as tasker:
        script = "head -c 32M /dev/urandom | tee /dev/stderr 2>&1 >/dev/null | cat"
        job = ended(tasker, "sh", "-c", script)

        def digest() -> bytes:
            whole = hashlib.sha256()
            with tasker.client("alice") as client:
                for event in client.attach(job.id):
                    if isinstance(event, Chunk):
                        whole.update(event.data)
            return whole.digest()

        before = digest()
        assert archive(tasker, job).printed == 32 << 20
        assert digest() == before
        with tasker.client("alice") as client:
            stream = client.attach(job.id)
            next(stream)
            tasker.engine.restart(signal.SIGKILL)  # who reads it already is not disturbed
            rest = list(stream)
        assert hashlib.sha256(b"".join(e.data for e in rest if isinstance(e, Chunk))).digest() == before
        assert isinstance(rest[-1], Ended)


def test_a_follower_that_was_there_before_is_not_disturbed(whole: Stack) -> None:
    job = ended(whole, "sh", "-c", "head -c 60000 /dev/zero")
    with whole.client("alice") as client:
        stream = client.attach(job.id)
        first = next(stream)
        archive(whole, job)
        said = plain(iter([first, *stream]))
    assert said == [0, (0, bytes(60_000), None), (60_000, job.outcome)]


def test_many_followers_share_one_file_and_leave_nothing(whole: Stack) -> None:
    job = archive(whole, ended(whole, "seq", "1000"))

    def opened(what: str) -> int:
        """How many such files the engine has open: those in the archive have no name any more."""
        count = 0
        for link in Path(f"/proc/{whole.engine.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed while it was looked at
                count += what in os.readlink(link)
        return count

    until_equal(lambda: whole.get(job).followers, 0)  # of who read it before there may be one whose leave is under way
    pipes = opened("pipe:")
    with contextlib.ExitStack() as clients:
        peers = [clients.enter_context(whole.connect()) for _ in range(5)]
        held = [peer.ask_with_descriptors(wire.AttachJob(ALICE, job.id))[1] for peer in peers]
        until_equal(lambda: opened("archive"), 1)  # a copy for each follower is closed as soon as it is sent
        assert len({os.fstat(ring).st_ino for ring, _ in held}) == 1
        assert whole.get(job).followers == 5
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.pwrite(held[0][0], b"x", 0)
        for descriptors in held:
            for descriptor in descriptors:
                os.close(descriptor)
    until(lambda: opened("archive") == 0 and opened("pipe:") <= pipes)
    assert whole.get(job).followers == 0


def test_so_many_are_unpacked_at_once_and_no_more(tasker: Stack) -> None:
    jobs = [archive(tasker, ended(tasker, "true")) for _ in range(unpacked.MOST_OF_ONE + 1)]
    held = []
    with tasker.connect() as peer:
        for job in jobs[:-1]:
            held += peer.ask_with_descriptors(wire.AttachJob(ALICE, job.id))[1]
    with pytest.raises(TaskerError, match="16 other archived jobs of alice are being read") as caught:
        tasker.ask(wire.AttachJob(ALICE, jobs[-1].id))
    assert caught.value.reason is Reason.EXHAUSTED
    other = tasker.wait(tasker.start_job("echo", "of another", caller=BOB))
    archive(tasker, other, BOB)
    assert tasker.output(other) == b"of another\n"
    for descriptor in held:
        os.close(descriptor)
    until_equal(lambda: tasker.get(jobs[0]).followers, 0)
    assert tasker.ask(wire.AttachJob(ALICE, jobs[-1].id))


def test_a_damaged_archive_is_reported(tasker: Stack) -> None:
    job = archive(tasker, ended(tasker, "seq", "1000"))
    packed = files(tasker)[0]
    packed.write_bytes(packed.read_bytes()[:-100])
    with pytest.raises(TaskerError, match=r"cannot unpack the output of job \w+: its archive is damaged"):
        tasker.ask(wire.AttachJob(ALICE, job.id))
