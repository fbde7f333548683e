"""Connections that break: an attach goes on at the exact byte, nothing twice and nothing missing; or it says where."""

from __future__ import annotations

import asyncio
import hashlib
import random
import signal
import threading
from collections.abc import Iterator

import pytest

from tasker import wire
from tasker.client import (
    Attached,
    Away,
    Chunk,
    Detached,
    Ended,
    Event,
    Interrupted,
    Lost,
    Resumed,
    Snapshot,
)
from tasker.errors import Reason
from tasker.job import Job, Kind, Outcome
from tests.client.forwarder import Forwarder, at, attached, forwarding
from tests.frontend.peer import PeerJob
from tests.frontend.running import Frontend
from tests.support.waiting import DEADLINE, join, limit, until


class Received:
    """What came of a stream, byte by byte; it is checked to be contiguous as it comes."""

    def __init__(self) -> None:
        self.whole = hashlib.sha256()
        self.at = 0
        self.events: list[Event] = []
        """But for the chunks."""

    def take(self, event: Event) -> None:
        match event:
            case Chunk():
                assert event.offset == self.at
                self.whole.update(event.data)
                self.at += len(event.data)
                return
            case Lost():
                raise AssertionError(event)
            case Ended() | Detached() | Interrupted() | Resumed():
                assert event.offset == self.at
        self.events.append(event)

    @property
    def kinds(self) -> list[type[Event]]:
        return [type(event) for event in self.events]


def received(stream: Iterator[Event]) -> Received:
    result = Received()
    for event in stream:
        result.take(event)
    return result


# ── goes on ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_network_that_breaks_again_and_again(frontend: Frontend) -> None:
    """50 MiB of noise, cut wherever chance wants it: in a handshake, in a header, in the middle of a chunk."""
    chance = random.Random(5)  # noqa: S311
    text = chance.randbytes(50 << 20)
    job = frontend.peer.add(PeerJob("abc", capacity=64 << 20))
    allowances = iter([1 << 20, *(chance.randrange(1, 4 << 20) for _ in range(1000))])
    with (
        forwarding(frontend.host, frontend.port, lambda: next(allowances)) as network,
        at(network, frontend) as client,
    ):
        stream = attached(client)

        def print_it() -> None:
            job.print(text)
            frontend.peer.end(job)

        printing = threading.Thread(target=print_it)
        printing.start()
        result = received(stream)
        join(printing)
        assert network.cuts > 20
    assert result.whole.digest() == hashlib.sha256(text).digest()
    kinds = result.kinds
    assert kinds == [Interrupted, Resumed] * (len(kinds) // 2) + [Ended]
    assert len(kinds) > 20
    assert stream.offset == len(text)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "restarted"])
def test_a_frontend_that_goes_and_comes_back(restartable: Frontend, number: int) -> None:
    frontend = restartable
    job = frontend.peer.add(PeerJob("abc"))
    with frontend.client() as client:
        stream = attached(client)
        job.print(b"12345")
        assert next(stream) == Chunk(0, b"12345")
        frontend.process.send_signal(number)
        interrupted = next(stream)
        assert isinstance(interrupted, Interrupted)
        assert (interrupted.offset, interrupted.error.reason) == (5, Reason.UNAVAILABLE)
        job.print(b"678")
        frontend.relaunch()
        resumed = next(stream)
        assert isinstance(resumed, Resumed)
        assert (resumed.job.id, resumed.offset) == ("abc", 5)
        assert resumed.after > 0
        assert next(stream) == Chunk(5, b"678")
        frontend.peer.end(job)
        assert isinstance(next(stream), Ended)
        assert list(stream) == []


def test_a_break_between_the_last_byte_and_the_end(frontend: Frontend, network: Forwarder) -> None:
    job = frontend.peer.add(PeerJob("abc"))
    with at(network, frontend) as client:
        stream = attached(client)
        job.print(b"all of it")
        assert next(stream) == Chunk(0, b"all of it")
        job.ring.close()
        job.wake()
        frontend.peer.next_asked(wire.WaitJob)
        network.down()
        frontend.peer.end(job, Outcome(Kind.EXITED, exit_code=3))
        network.up()
        assert [type(event) for event in stream] == [Interrupted, Resumed, Ended]


def test_it_asks_for_the_job_by_its_whole_id_and_in_the_same_way(frontend: Frontend, network: Forwarder) -> None:
    job = frontend.peer.add(PeerJob("abc"))
    with at(network, frontend) as client:
        stream = client.attach("a", last_bytes=0, timestamps=True)
        next(stream)
        job.print(b"12345")
        first = next(stream)
        assert isinstance(first, Chunk)
        assert first.time is not None
        network.cut()
        assert isinstance(next(stream), Interrupted)
        assert isinstance(next(stream), Resumed)
        job.print(b"678")
        second = next(stream)
        assert isinstance(second, Chunk)
        assert (second.offset, second.time is None) == (5, False)
    assert [frontend.peer.next_asked(wire.AttachJob).job for _ in range(2)] == ["a", "abc"]


def test_a_server_that_was_away_for_long_is_found_soon(frontend: Frontend, network: Forwarder) -> None:
    """The pauses between connections stay short. By grpc's own, the tenth would come two minutes after the first."""
    job = frontend.peer.add(PeerJob("abc"))
    with at(network, frontend) as client:
        stream = attached(client)
        network.turn_away()
        assert isinstance(next(stream), Interrupted)

        def come_back() -> None:
            until(lambda: network.turned_away >= 10)
            network.up()

        coming = threading.Thread(target=come_back)
        coming.start()
        resumed = next(stream)
        join(coming)
        assert isinstance(resumed, Resumed)
        assert resumed.after > 1
        job.print(b"x")
        assert next(stream) == Chunk(0, b"x")


def test_a_break_before_the_first_message(frontend: Frontend, network: Forwarder) -> None:
    """The stream was let in, and waits for an engine that is away."""
    frontend.peer.add(PeerJob("abc"))
    held = frontend.peer.held[wire.AttachJob] = frontend.peer.call(asyncio.Event)
    with at(network, frontend) as client:
        stream = client.attach("abc")
        frontend.peer.next_asked(wire.AttachJob)
        network.cut()
        interrupted = next(stream)
        assert isinstance(interrupted, Interrupted)
        assert interrupted.offset is None
        frontend.peer.call(held.set)
        assert isinstance(next(stream), Attached)


def test_a_stream_of_a_client_that_was_answered_before(frontend: Frontend, network: Forwarder) -> None:
    """As in `run`: the job was started, and then there was no network."""
    frontend.peer.add(PeerJob("abc"))
    with at(network, frontend) as client:
        client.get("abc")
        network.down()
        stream = client.attach("abc", offset=0)
        assert isinstance(next(stream), Interrupted)
        network.up()
        assert isinstance(next(stream), Attached)


def test_a_stop_survives_a_break(frontend: Frontend, network: Forwarder) -> None:
    job = frontend.peer.add(PeerJob("abc"))
    frontend.peer.answers[wire.StopJob] = lambda _: wire.JobReply(job.job)
    held = frontend.peer.held[wire.StopJob] = frontend.peer.call(asyncio.Event)
    stopped: list[Job] = []
    with at(network, frontend) as client:
        client.get("abc")
        thread = threading.Thread(target=lambda: stopped.append(client.stop("abc", 2.5, reconnect_timeout=DEADLINE)))
        thread.start()
        frontend.peer.next_asked(wire.StopJob)
        network.cut()
        assert frontend.peer.next_asked(wire.StopJob).grace == 2.5
        frontend.peer.call(held.set)
        join(thread)
    assert stopped == [job.job]


def test_a_network_that_is_gone_without_a_word(frontend: Frontend, network: Forwarder) -> None:
    """Up to 30 s, which is what the test is about: so long a client waits for the answer to a ping."""
    job = frontend.peer.add(PeerJob("abc"))
    with at(network, frontend) as client:
        stream = attached(client)
        network.swallow()
        job.print(b"12345")
        with limit("the answer to a ping is missed", DEADLINE + 30):
            assert [type(next(stream)) for _ in range(3)] == [Interrupted, Resumed, Chunk]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "restarted"])
def test_a_wait_survives_a_frontend(restartable: Frontend, number: int) -> None:
    frontend = restartable
    job = frontend.peer.add(PeerJob("abc"))
    ended: list[Job] = []
    with frontend.client() as client:
        thread = threading.Thread(target=lambda: ended.append(client.wait("ab")))
        thread.start()
        assert frontend.peer.next_asked(wire.WaitJob).job == "abc"
        frontend.process.send_signal(number)
        frontend.relaunch()
        frontend.peer.next_asked(wire.WaitJob)
        frontend.peer.end(job)
        join(thread)
    assert ended == [job.job]


def test_a_watch_goes_on_with_a_new_snapshot(restartable: Frontend) -> None:
    frontend = restartable
    job = frontend.peer.add(PeerJob("abc"))
    with frontend.client() as client:
        news = client.watch()
        assert next(news) == Snapshot((job.job,), first=True, last=True)
        frontend.process.kill()
        assert isinstance(next(news), Away)
        frontend.peer.add(PeerJob("new"))
        frontend.relaunch()
        again = next(news)
        assert isinstance(again, Snapshot)
        assert ([each.id for each in again.jobs], again.first) == (["abc", "new"], True)
