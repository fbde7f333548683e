"""Attach streams, on rings that the test fills: every byte once, every loss told, and an end that says why."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import select
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker import wire
from tasker.api.v1 import tasker_pb2 as pb
from tasker.certs import Pair
from tasker.client import Attached, Chunk, Detached, DetachReason, Ended, Event, Lost
from tasker.errors import Reason, TaskerError
from tasker.frontend.positions import first_position
from tasker.job import Kind, Outcome
from tasker.lifecycle import State
from tasker.ring import RingReader
from tests.frontend.peer import PATIENCE, PeerJob
from tests.frontend.running import Frontend, running


@pytest.fixture
def job(frontend: Frontend) -> PeerJob:
    return frontend.peer.add(PeerJob("abc"))


def bytes_of(events: Iterator[Event]) -> tuple[bytes, Event]:
    """All the bytes, checked to be contiguous, and the last event."""
    text, at, last = b"", -1, None
    for event in events:
        last = event
        match event:
            case Attached():
                at = event.offset
            case Chunk():
                assert event.offset == at
                assert 1 <= len(event.data) <= 256 << 10
                text, at = text + event.data, at + len(event.data)
            case Lost():
                assert event.begin == at < event.end
                at = event.end
            case Ended() | Detached():
                assert event.offset == at
    assert last is not None
    return text, last


# ── recall and live ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_recall_then_live_then_the_end(frontend: Frontend, job: PeerJob) -> None:
    job.print(b"before\0\xff")
    stream = frontend.client().attach("abc")
    first = next(stream)
    assert isinstance(first, Attached)
    assert (first.job.id, first.offset) == ("abc", 0)
    assert next(stream) == Chunk(0, b"before\0\xff")
    job.print(b"after")
    assert next(stream) == Chunk(8, b"after")
    frontend.peer.end(job, Outcome(Kind.SIGNALLED, signal=9))
    last = next(stream)
    assert isinstance(last, Ended)
    assert last.offset == 13
    assert last.job.outcome == Outcome(Kind.SIGNALLED, signal=9)
    assert list(stream) == []
    assert stream.offset == 13


def test_the_last_bytes_and_the_end_at_once(frontend: Frontend, job: PeerJob) -> None:
    stream = frontend.client().attach("abc")
    next(stream)
    job.print(b"last words")
    frontend.peer.end(job)
    text, last = bytes_of(iter([Attached(job.job, 0), *stream]))
    assert text == b"last words"
    assert isinstance(last, Ended)


def test_a_job_that_has_ended(frontend: Frontend, job: PeerJob) -> None:
    job.print(b"all of it")
    frontend.peer.end(job)
    for follow in (True, False):
        text, last = bytes_of(frontend.client().attach("abc", follow=follow))
        assert text == b"all of it"
        assert isinstance(last, Ended)


def test_the_end_waits_until_it_is_known_how(frontend: Frontend, job: PeerJob) -> None:
    """A closed ring is not an outcome yet."""
    stream = frontend.client().attach("abc")
    next(stream)
    job.ring.close()
    job.wake()
    assert frontend.peer.next_asked(wire.WaitJob).job == "abc"
    frontend.peer.end(job, Outcome(Kind.OUT_OF_MEMORY))
    last = next(stream)
    assert isinstance(last, Ended)
    assert last.job.outcome == Outcome(Kind.OUT_OF_MEMORY)


def test_not_followed(frontend: Frontend, job: PeerJob) -> None:
    job.print(b"x" * (300 << 10))
    text, last = bytes_of(frontend.client().attach("abc", follow=False))
    assert len(text) == 300 << 10
    assert last == Detached(DetachReason.END_OF_RECALL, 300 << 10)
    assert list(frontend.client().attach("abc", follow=False, last_bytes=0))[1:] == [
        Detached(DetachReason.END_OF_RECALL, 300 << 10)
    ]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"offset": 0}, b"one\ntwo\nthree"),
        ({"offset": 5}, b"wo\nthree"),
        ({"offset": 13}, b""),
        ({"last_bytes": 3}, b"ree"),
        ({"last_bytes": 1 << 63}, b"one\ntwo\nthree"),
        ({"last_lines": 0}, b""),
        ({"last_lines": 1}, b"three"),
        ({"last_lines": 2}, b"two\nthree"),
        ({"last_lines": 3}, b"one\ntwo\nthree"),
        ({"last_lines": 1 << 63}, b"one\ntwo\nthree"),
    ],
)
def test_where_to_begin(frontend: Frontend, job: PeerJob, where: dict[str, int], expected: bytes) -> None:
    job.print(b"one\ntwo\nthree")
    text, _ = bytes_of(frontend.client().attach("abc", follow=False, **where))  # type: ignore[arg-type]
    assert text == expected


def test_beyond_the_end_is_no_place_to_begin(frontend: Frontend, job: PeerJob) -> None:
    job.print(b"x" * 10)
    with pytest.raises(TaskerError, match="has printed 10 so far") as caught:
        list(frontend.client().attach("abc", offset=11))
    assert caught.value.reason is Reason.INVALID


def position(job: PeerJob, lines: int) -> int:
    reader = RingReader(job.ring.fd)
    try:
        return asyncio.run(first_position(pb.AttachJobRequest(last_lines=lines), reader))
    finally:
        reader.free()


@pytest.mark.parametrize("seed", range(20))
def test_last_lines_against_splitlines(seed: int) -> None:
    """Across blocks of 256 KiB too, with and without a newline at the end."""
    chance = random.Random(seed)  # noqa: S311
    job = PeerJob("abc", capacity=4 << 20)
    size = chance.choice([0, 1, 2, 100, 256 << 10, (256 << 10) + 1, 1 << 20])
    text = bytearray(size)
    for _ in range(chance.choice([1, 5, 300])):
        if size:
            text[chance.randrange(size)] = 10
    if size and seed % 3 == 0:
        text[-1] = 10
    job.print(bytes(text))
    lines = bytes(text).split(b"\n")
    if not lines[-1]:
        lines.pop()
    for count in {0, 1, 2, 3, len(lines) - 1, len(lines), len(lines) + 1}:
        if count >= 0:
            tail = b"\n".join(lines[len(lines) - count :] if count <= len(lines) else lines) + (
                b"\n" if text.endswith(b"\n") else b""
            )
            expected = size - len(tail) if count else size
            assert position(job, count) == expected, (count, len(lines))
    job.ring.free()


# ── what is lost ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_the_ring_no_longer_holds_is_told(frontend: Frontend) -> None:
    job = frontend.peer.add(PeerJob("abc", capacity=64 << 10))
    text = random.Random(1).randbytes(200_000)  # noqa: S311
    job.print(text)
    oldest = 200_000 - (64 << 10)
    events = list(frontend.client().attach("abc", follow=False))
    assert events[1] == Lost(0, oldest)
    assert b"".join(event.data for event in events if isinstance(event, Chunk)) == text[oldest:]
    assert next(iter(frontend.client().attach("abc", follow=False, last_lines=1 << 40))).offset == 0  # type: ignore[union-attr]
    assert bytes_of(frontend.client().attach("abc", follow=False, last_bytes=100))[0] == text[-100:]


def test_a_reader_that_is_slow_loses_and_nobody_else(frontend: Frontend) -> None:
    """It stands still, the job prints on, another follower gets every byte; in the end it is told what it missed."""
    job = frontend.peer.add(PeerJob("abc", capacity=1 << 20))
    slow = frontend.client().attach("abc")
    next(slow)
    quick = frontend.client("bob").attach("abc")
    next(quick)
    text = random.Random(2).randbytes(1 << 16)  # noqa: S311
    whole = hashlib.sha256()
    for _ in range(24 << 4):  # 24 MiB, more than the windows of HTTP/2 hold for the slow one
        job.print(text)
        received = 0
        while received < len(text):
            event = next(quick)
            assert isinstance(event, Chunk)
            received += len(event.data)
            whole.update(event.data)
    assert whole.digest() == hashlib.sha256(text * (24 << 4)).digest()
    frontend.peer.end(job)
    events = list(slow)
    assert any(isinstance(event, Lost) for event in events)
    _, last = bytes_of(iter([Attached(job.job, 0), *events]))
    assert isinstance(last, Ended)
    assert last.offset == 24 << 20


def test_random_bytes_through_two_streams(frontend: Frontend) -> None:
    job = frontend.peer.add(PeerJob("abc", capacity=48 << 20))
    text = random.Random(3).randbytes(32 << 20)  # noqa: S311
    streams = [frontend.client(user).attach("abc") for user in ("alice", "bob")]
    digests: dict[int, bytes] = {}

    def read(number: int) -> None:
        received, last = bytes_of(streams[number])
        assert isinstance(last, Ended)
        digests[number] = hashlib.sha256(received).digest()

    threads = [threading.Thread(target=read, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    job.print(text)
    frontend.peer.end(job)
    for thread in threads:
        thread.join(PATIENCE)
    assert digests == dict.fromkeys(range(2), hashlib.sha256(text).digest())


# ── ends before the job's ────────────────────────────────────────────────────────────────────────────────────────────


def test_detach_ends_ones_own_streams_on_one_job(frontend: Frontend, job: PeerJob) -> None:
    frontend.peer.add(PeerJob("other"))
    job.print(b"12345")
    mine = [frontend.client().attach("abc") for _ in range(2)]
    others = frontend.client("bob").attach("abc")
    elsewhere = frontend.client().attach("other")
    for stream in (*mine, others):
        assert bytes_of(iter([next(stream), next(stream)]))[0] == b"12345"
    next(elsewhere)
    assert frontend.client().detach("abc") == 2
    assert [list(stream) for stream in mine] == [[Detached(DetachReason.REQUESTED, 5)]] * 2
    assert frontend.client().detach("abc") == 0
    job.print(b"6")
    assert next(others) == Chunk(5, b"6")


def test_a_restart_says_where_to_go_on(tmp_path: Path, ca: Pair) -> None:
    with running(tmp_path, ca) as frontend:
        job = frontend.peer.add(PeerJob("abc"))
        job.print(b"12345")
        stream = frontend.client().attach("abc", patience=0)
        assert bytes_of(iter([next(stream), next(stream)]))[0] == b"12345"
        frontend.process.send_signal(signal.SIGTERM)
        assert list(stream) == [Detached(DetachReason.UNAVAILABLE, 5)]
        frontend.heard("STOPPING=1")
        assert frontend.process.wait(PATIENCE) == 0
        job.print(b"678")
        frontend.launch()
        frontend.address = frontend.heard("READY=1").rpartition(" ")[2]
        assert stream.offset == 5
        again = frontend.client().attach("abc", offset=stream.offset)
        assert list(zip(range(2), again, strict=False))[1][1] == Chunk(5, b"678")


def test_a_client_that_reads_nothing_does_not_hold_up_a_stop(frontend: Frontend) -> None:
    job = frontend.peer.add(PeerJob("abc", capacity=24 << 20))
    job.print(bytes(20 << 20))
    stalled = frontend.client().attach("abc")
    next(stalled)
    frontend.process.send_signal(signal.SIGTERM)
    assert frontend.process.wait(PATIENCE) == 0


def test_the_end_of_the_run(frontend: Frontend, job: PeerJob) -> None:
    stream = frontend.client().attach("abc")
    next(stream)
    job.print(b"last words")
    assert next(stream) == Chunk(0, b"last words")
    frontend.peer.notify(wire.RunEnding())
    last = next(stream)
    assert isinstance(last, Ended)
    assert (last.offset, last.job.state, last.job.outcome) == (10, State.ENDED, Outcome(Kind.RUN_ENDED))
    assert frontend.process.wait(PATIENCE) == 0


def test_the_end_of_the_collector_is_the_end_of_the_run(frontend: Frontend, job: PeerJob) -> None:
    stream = frontend.client().attach("abc")
    next(stream)
    job.print(b"abc")
    frontend.peer.lose_collector()
    text, last = bytes_of(iter([Attached(job.job, 0), *stream]))
    assert text == b"abc"
    assert isinstance(last, Ended)
    assert last.job.outcome == Outcome(Kind.RUN_ENDED)


def test_a_closed_ring_whose_writer_is_gone_ends_as_it_did(frontend: Frontend, job: PeerJob) -> None:
    stream = frontend.client().attach("abc")
    next(stream)
    frontend.peer.end(job, Outcome(Kind.EXITED, exit_code=3))
    frontend.peer.lose_collector()
    last = next(stream)
    assert isinstance(last, Ended)
    assert last.job.outcome == Outcome(Kind.EXITED, exit_code=3)


def test_an_engine_that_restarts_does_not_touch_a_stream(frontend: Frontend, job: PeerJob) -> None:
    stream = frontend.client().attach("abc")
    next(stream)
    frontend.peer.connected.get(timeout=PATIENCE)
    frontend.peer.drop()
    frontend.peer.connected.get(timeout=PATIENCE)
    job.print(b"on and on")
    assert next(stream) == Chunk(0, b"on and on")
    frontend.peer.end(job)
    assert isinstance(next(stream), Ended)


def test_the_engine_restarts_while_a_stream_waits_for_the_end(frontend: Frontend, job: PeerJob) -> None:
    stream = frontend.client().attach("abc")
    next(stream)
    job.ring.close()
    job.wake()
    frontend.peer.next_asked(wire.WaitJob)
    frontend.peer.drop()
    frontend.peer.next_asked(wire.WaitJob)
    frontend.peer.end(job)
    assert isinstance(next(stream), Ended)


# ── how many ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_ceilings(tmp_path: Path, ca: Pair) -> None:
    with running(tmp_path, ca, streams_per_user=2, streams=3) as frontend:
        frontend.peer.add(PeerJob("abc"))
        alice, bob = frontend.client("alice"), frontend.client("bob")
        streams = [alice.attach("abc"), alice.attach("abc"), bob.attach("abc")]
        for stream in streams:
            next(stream)
        with pytest.raises(TaskerError, match="alice has 2 of them") as caught:
            next(alice.attach("abc"))
        assert caught.value.reason is Reason.EXHAUSTED
        with pytest.raises(TaskerError, match="there are 3 of them"):
            next(bob.attach("abc"))
        assert alice.get("abc").id == "abc"  # there is room for everything else
        assert alice.detach("abc") == 2
        assert [len(list(stream)) for stream in streams[:2]] == [1, 1]
        next(bob.attach("abc"))


def descriptors(frontend: Frontend) -> int:
    return len(os.listdir(f"/proc/{frontend.process.pid}/fd"))


def test_nothing_is_left_of_a_stream(frontend: Frontend, job: PeerJob) -> None:
    """However it ends: of the client's will, by DetachJob, or refused."""
    client = frontend.client()
    client.get("abc")
    before = descriptors(frontend)
    for _ in range(20):
        left, ended = client.attach("abc"), client.attach("abc")
        next(left), next(ended)
        left.cancel()
        assert list(left) == []
        wait_until_unread(job.wakes[-2], job.wakes[-1])
        client.detach("abc")
        assert len(list(ended)) == 1
        with pytest.raises(TaskerError):
            next(client.attach("abc", offset=1))
    for pipe in job.wakes:
        wait_until_unread(pipe)
    assert descriptors(frontend) == before


def wait_until_unread(*pipes: int) -> None:
    """Until the frontend has closed its end of one of them."""
    poll = select.poll()
    for pipe in pipes:
        poll.register(pipe, 0)
    assert poll.poll(PATIENCE * 1000)
