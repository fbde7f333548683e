"""When what was received: chunks of one time each, and attaching from a time on."""

from __future__ import annotations

import random
import time

from tasker.client import Chunk, Ended, Lost
from tasker.ring import RingReader
from tests.frontend.peer import PeerJob
from tests.frontend.running import Frontend
from tests.frontend.test_attach import bytes_of
from tests.support.waiting import until


def print_apart(job: PeerJob, texts: list[bytes]) -> list[float]:
    """Each in a millisecond of its own; the time between it and the one before."""
    times = []
    for text in texts:
        times.append(time.time())
        over = int(times[-1] * 1000 + 2) / 1000  # a whole millisecond
        until(lambda: time.time() >= over)  # noqa: B023 # called in this turn
        job.print(text)
        printed = time.time()
        until(lambda: time.time() >= printed + 0.002)  # noqa: B023
    return times


def test_timestamps(frontend: Frontend, job: PeerJob) -> None:
    """Recall and live alike: each chunk is of one time, and every byte comes once."""
    texts = [b"one\n", b"two\n", b"x" * (600 << 10), b"end\n"]
    times = [*print_apart(job, texts[:3]), 0.0]
    stream = frontend.client().attach("abc", timestamps=True)
    events = [next(stream)]
    while stream.offset != 8 + (600 << 10):
        events.append(next(stream))
    times[3:] = print_apart(job, texts[3:])
    frontend.peer.end(job)
    events += stream
    after = time.time()
    chunks = [event for event in events if isinstance(event, Chunk)]
    text, last = bytes_of(iter(events))
    assert text == b"".join(texts)
    assert isinstance(last, Ended)
    ends = [4, 8, 8 + (600 << 10), 12 + (600 << 10)]
    for chunk in chunks:
        which = next(n for n, end in enumerate(ends) if chunk.offset < end)
        assert chunk.offset + len(chunk.data) <= ends[which], "a chunk of two times"
        assert chunk.time is not None
        assert times[which] <= chunk.time <= [*times, after][which + 1] + 0.001
    assert next(iter(frontend.client().attach("abc", timestamps=True, offset=8 + (600 << 10)))).offset == ends[2]  # type: ignore[union-attr]


def test_without_timestamps_there_are_none(frontend: Frontend, job: PeerJob) -> None:
    print_apart(job, [b"one", b"two"])
    stream = frontend.client().attach("abc", follow=False)
    assert list(stream)[1:2] == [Chunk(0, b"onetwo", None)]


def test_timestamps_of_what_is_lost_in_part(frontend: Frontend) -> None:
    job = frontend.peer.add(PeerJob("abc", capacity=64 << 10))
    text = random.Random(1).randbytes(200_000)  # noqa: S311
    for at in range(0, 200_000, 10_000):
        print_apart(job, [text[at : at + 10_000]])
    oldest = 200_000 - (64 << 10)
    events = list(frontend.client().attach("abc", follow=False, timestamps=True))
    assert events[1] == Lost(0, oldest)
    received, _ = bytes_of(iter(events))
    assert received == text[oldest:]
    chunks = [event for event in events if isinstance(event, Chunk)]
    times = [chunk.time for chunk in chunks if chunk.time is not None]
    assert [chunk.offset for chunk in chunks] == [oldest, *range(140_000, 200_000, 10_000)]
    assert len(set(times)) == len(chunks)
    assert times == sorted(times)


def test_a_loud_job_is_not_cut_small(frontend: Frontend) -> None:
    job = frontend.peer.add(PeerJob("abc", capacity=32 << 20))
    begun = time.time()
    for _ in range(32):
        job.print(bytes(1 << 20))
    milliseconds = (time.time() - begun) * 1000
    chunks = [e for e in frontend.client().attach("abc", follow=False, timestamps=True) if isinstance(e, Chunk)]
    assert len(chunks) <= 128 + milliseconds + 1  # of 256 KiB each, but where a millisecond ends


def test_what_came_in_the_last_while(frontend: Frontend, job: PeerJob) -> None:
    print_apart(job, [b"one\n", b"two\n", b"three\n"])

    def since(moment: float) -> bytes:
        stream = frontend.client().attach("abc", follow=False, last_time=time.time() - moment)
        return bytes_of(stream)[0]

    assert since(0.0) == since(time.time() - 3600) == b"one\ntwo\nthree\n"
    assert bytes_of(frontend.client().attach("abc", follow=False, last_time=0))[0] == b""


def test_the_first_byte_of_a_time(job: PeerJob) -> None:
    times = print_apart(job, [b"one\n", b"two\n", b"three\n"])
    shift = time.time() - time.monotonic()
    reader = RingReader(job.ring.fd)
    assert [reader.since(moment - shift) for moment in times] == [0, 4, 8]
    assert reader.since(time.monotonic()) == 14
    reader.free()
