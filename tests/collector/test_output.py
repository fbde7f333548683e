"""From the pipe into the ring: every byte, in order, to the last one; nobody waits for anybody."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Iterator

import pytest

from tasker import wire
from tasker.ring import RingReader
from tests.collector.conftest import Engine
from tests.support.daemon import Daemon
from tests.support.waiting import readable


def stream(reader: RingReader, wake: int) -> Iterator[bytes]:
    """All there is and comes, until the ring is closed. A lost byte fails the test."""
    position = 0
    while True:
        closed = reader.closed
        offset, data = reader.read(position, 1 << 18)
        assert offset == position, f"lost {position} to {offset}"
        position += len(data)
        if data:
            yield data
        elif closed:
            return
        else:
            readable("more output, or its end", wake)
            os.read(wake, 4096)


@pytest.mark.parametrize(
    ("script", "output"),
    [
        (r"printf 'a\0b\377\376no newline'", b"a\0b\xff\xfeno newline"),
        ("true", b""),
        ("echo out; echo err >&2; echo out", b"out\nerr\nout\n"),
    ],
)
def test_bytes_are_as_they_were_printed(engine: Engine, script: str, output: bytes) -> None:
    assert engine.output(engine.run("bash", "-c", script)) == output


def test_a_followers_stream_is_whole(engine: Engine) -> None:
    size = 64 << 20
    script = (
        f"import hashlib, os; d = os.urandom(1 << 20) * {size >> 20}; o = open(1, 'wb'); "
        "o.write(hashlib.sha256(d).hexdigest().encode()); o.write(d)"
    )
    job = engine.launch("python3", "-c", script, ring=128 << 20)
    reader, wake = engine.follow(job)
    engine.release(job)
    engine.exit(job)
    engine.ask(wire.Finish(job))
    data = b"".join(stream(reader, wake))
    assert len(data) == 64 + size
    assert hashlib.sha256(data[64:]).hexdigest().encode() == data[:64]


def test_a_small_ring_keeps_the_end_and_tells_what_is_lost(engine: Engine) -> None:
    job = engine.run("seq", "100000", ring=1 << 16)
    whole = b"".join(b"%d\n" % n for n in range(1, 100001))
    engine.exit(job)
    engine.ask(wire.Finish(job))
    reader, _ = engine.follow(job)
    assert reader.written == len(whole)
    offset, data = reader.read(0, len(whole))
    assert offset == len(whole) - (1 << 16)
    assert data == whole[offset:]


def test_a_grandchild_that_holds_the_pipe_does_not_hold_the_end(engine: Engine) -> None:
    """The engine kills what is left and says Finish; until then its output counts, after that nobody waits for it."""
    job = engine.run("sh", "-c", "(setsid sh -c 'echo $$; exec sleep 60' &) ; exit 5")
    grandchild = int(engine.printed(job))
    reader, _ = engine.follow(job)
    assert engine.exit(job).code == 5
    assert engine.ask(wire.Finish(job)) == wire.Finished(reader.written, reader.written + 16)  # and one timestamp
    assert reader.closed
    os.kill(grandchild, signal.SIGKILL)


def test_the_last_bytes_before_an_end_arrive(engine: Engine) -> None:
    for _ in range(10):
        job = engine.run("sh", "-c", "printf %0500000d 1; kill -KILL $$")
        assert len(engine.output(job)) == 500_000


def test_a_follower_that_never_reads_costs_the_job_nothing(engine: Engine) -> None:
    job = engine.launch("seq", "200000")
    idle = [engine.follow(job) for _ in range(8)]
    engine.release(job)
    assert engine.exit(job).code == 0
    for _, wake in idle:
        os.close(wake)


def test_a_follower_that_is_gone_is_forgotten(engine: Engine) -> None:
    job = engine.run("sh", "-c", "kill -STOP $$; echo later")
    before = descriptors(engine, job)
    reader, wake = engine.follow(job)
    assert descriptors(engine, job) == before + 1
    os.close(wake)
    assert descriptors(engine, job) == before
    assert reader.written == 0
    engine.ask(wire.Signal(job, signal.SIGKILL))
    engine.exit(job)


def test_a_loud_job_does_not_starve_the_others(engine: Engine) -> None:
    loud = engine.run("cat", "/dev/zero")
    try:
        for _ in range(5):
            assert engine.output(engine.run("echo", "heard")) == b"heard\n"
    finally:
        engine.ask(wire.Signal(loud, signal.SIGKILL))
        engine.exit(loud)


def test_a_forgotten_job_gives_its_memory_and_descriptors_back(engine: Engine) -> None:
    first = engine.run("true")
    engine.output(first)
    before = descriptors(engine, first)
    for _ in range(5):
        job = engine.run("echo", "x")
        engine.output(job)
        engine.ask(wire.Forget(job))
    assert descriptors(engine, first) == before


def test_the_end_of_the_run_takes_the_last_bytes(engine: Engine, collector: Daemon) -> None:
    job = engine.run("sh", "-c", "echo last; exec sleep 60")
    engine.printed(job)
    reader, _ = engine.follow(job)
    leader = engine.leader(job)
    assert leader is not None
    collector.end()
    assert reader.closed
    assert reader.read(0, 99)[1] == b"last\n"
    os.kill(leader.pid, signal.SIGKILL)


def descriptors(engine: Engine, job: str) -> int:
    """How many the collector has open."""
    for _ in range(2):
        assert engine.leader(job)  # whatever came before is dealt with when the second is answered
    collector = engine._socket.getsockopt(1, 17)  # SOL_SOCKET, SO_PEERCRED: the first word is the pid
    return len(os.listdir(f"/proc/{collector}/fd"))
