"""Attach streams, on rings that the test fills: every byte once, every loss told, and an end that says why."""

from __future__ import annotations

import asyncio
import hashlib
import random
import threading
from collections.abc import Iterator

import pytest

from tasker import wire
from tasker.api.v1 import tasker_pb2 as pb
from tasker.client import Attached, Chunk, Detached, DetachReason, Ended, Event, Lost
from tasker.errors import Reason, TaskerError
from tasker.frontend.positions import first_position
from tasker.job import Kind, Outcome
from tasker.ring import RingReader
from tests.frontend.peer import PeerJob
from tests.frontend.running import Frontend
from tests.support.waiting import join


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


def test_what_the_ring_no_longer_holds_is_reported(frontend: Frontend) -> None:
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
        join(thread)
    assert digests == dict.fromkeys(range(2), hashlib.sha256(text).digest())
