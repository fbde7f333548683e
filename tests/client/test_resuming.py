"""Connections that break: an attach goes on at the exact byte, nothing twice and nothing missing; or it says where."""

from __future__ import annotations

import hashlib
import random
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker import certs, issuing, wire
from tasker.certs import Pair
from tasker.client import (
    Attached,
    Away,
    Chunk,
    Client,
    Detached,
    DetachReason,
    Ended,
    Event,
    Interrupted,
    Lost,
    Resumed,
    Snapshot,
)
from tasker.client.attachment import Attachment
from tasker.errors import Reason, TaskerError
from tasker.identity import Role
from tasker.job import Job, Kind, Outcome
from tests.client.forwarder import Forwarder, forwarding
from tests.frontend.peer import PATIENCE, PeerJob
from tests.frontend.running import Frontend, running


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


def at(forwarder: Forwarder, frontend: Frontend, pair: Pair | None = None) -> Client:
    pair = pair or issuing.make_client(frontend.ca, "alice", Role.USER)
    return Client(forwarder.address, ca=frontend.ca.certificate, certificate=pair.certificate, key=pair.key)


@pytest.fixture
def network(frontend: Frontend) -> Iterator[Forwarder]:
    with forwarding(frontend.host, frontend.port) as forwarder:
        yield forwarder


@pytest.fixture
def restartable(tmp_path: Path, ca: Pair) -> Iterator[Frontend]:
    """A frontend that is found at the same port again."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    with running(tmp_path, ca, listen=f"127.0.0.1:{port}") as frontend:
        yield frontend


def attached(client: Client, **options: float) -> Attachment:
    stream = client.attach("abc", **options)  # type: ignore[arg-type]
    assert isinstance(next(stream), Attached)
    return stream


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
        printing.join(PATIENCE)
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
    """grpc's own pauses would be longer than four seconds by then."""
    job = frontend.peer.add(PeerJob("abc"))
    with at(network, frontend) as client:
        stream = attached(client)
        network.down()
        assert isinstance(next(stream), Interrupted)
        back: list[float] = []

        def come_back() -> None:
            back.append(time.monotonic())
            network.up()

        timer = threading.Timer(5, come_back)
        timer.start()
        resumed = next(stream)
        took = time.monotonic() - back[0]
        timer.join(PATIENCE)
        assert isinstance(resumed, Resumed)
        assert resumed.after >= 5
        assert took < 4
        job.print(b"x")
        assert next(stream) == Chunk(0, b"x")


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
        thread.join(PATIENCE)
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


# ── gives up ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_gives_up_after_the_time_it_was_given(frontend: Frontend, network: Forwarder) -> None:
    job = frontend.peer.add(PeerJob("abc"))
    with at(network, frontend) as client:
        stream = attached(client, patience=1.5)
        job.print(b"12345")
        next(stream)
        began = time.monotonic()
        network.down()
        assert isinstance(next(stream), Interrupted)
        with pytest.raises(TaskerError, match="connection refused") as caught:
            next(stream)
    assert caught.value.reason is Reason.UNAVAILABLE
    assert 1.4 < time.monotonic() - began < PATIENCE  # half of what it would have without one
    assert stream.offset == 5


def test_it_gives_up_on_a_server_that_says_nothing(frontend: Frontend, network: Forwarder) -> None:
    frontend.peer.add(PeerJob("abc"))
    with at(network, frontend) as client:
        stream = attached(client, patience=1.0)
        frontend.process.send_signal(signal.SIGSTOP)
        try:
            network.cut()
            assert isinstance(next(stream), Interrupted)
            began = time.monotonic()
            with pytest.raises(TaskerError) as caught:
                next(stream)
            assert time.monotonic() - began < PATIENCE  # with 5 s of looking why
        finally:
            frontend.process.send_signal(signal.SIGCONT)
    assert caught.value.reason is Reason.UNAVAILABLE


def test_no_patience(restartable: Frontend) -> None:
    """As it is: what the server says in leaving is handed on, a break is raised."""
    job = restartable.peer.add(PeerJob("abc"))
    job.print(b"12345")
    with restartable.client() as client:
        stream = attached(client, patience=0)
        next(stream)
        restartable.process.send_signal(signal.SIGTERM)
        assert list(stream) == [Detached(DetachReason.UNAVAILABLE, 5)]
    restartable.relaunch()
    with forwarding(restartable.host, restartable.port) as network, at(network, restartable) as client:
        stream = attached(client, patience=0)
        next(stream)
        network.cut()
        with pytest.raises(TaskerError) as caught:
            next(stream)
        assert (caught.value.reason, stream.offset) == (Reason.UNAVAILABLE, 5)


def test_what_never_began_is_not_tried_again(ca: Pair) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        pair = issuing.make_client(ca, "alice", Role.USER)
        address = f"127.0.0.1:{sock.getsockname()[1]}"
        with (
            Client(address, ca=ca.certificate, certificate=pair.certificate, key=pair.key) as client,
            pytest.raises(TaskerError, match="connection refused"),
        ):
            next(client.attach("abc"))


def test_a_wait_gives_up(frontend: Frontend, network: Forwarder) -> None:
    frontend.peer.add(PeerJob("abc"))
    with at(network, frontend) as client:

        def break_it() -> None:
            frontend.peer.next_asked(wire.WaitJob)
            network.down()

        thread = threading.Thread(target=break_it)
        thread.start()
        with pytest.raises(TaskerError, match="connection refused") as caught:
            client.wait("abc", patience=0.5)
        thread.join(PATIENCE)
    assert caught.value.reason is Reason.UNAVAILABLE


def test_a_refusal_ends_it_at_once(frontend: Frontend, network: Forwarder) -> None:
    job = frontend.peer.add(PeerJob("abc"))
    with at(network, frontend) as client:
        stream = attached(client)
        network.down()
        del frontend.peer.jobs["abc"]
        assert isinstance(next(stream), Interrupted)
        network.up()
        with pytest.raises(TaskerError, match="cannot find job abc") as caught:
            next(stream)
    assert caught.value.reason is Reason.NOT_FOUND
    frontend.peer.jobs["abc"] = job  # to be freed


def test_a_certificate_that_is_revoked_meanwhile_ends_it_at_once(frontend: Frontend, network: Forwarder) -> None:
    frontend.peer.add(PeerJob("abc"))
    pair = issuing.make_client(frontend.ca, "alice", Role.USER)
    with at(network, frontend, pair) as client:
        stream = attached(client)
        network.down()
        assert isinstance(next(stream), Interrupted)
        frontend.reload(revoked=(serial_of(pair, frontend.ca),))
        frontend.peer.end_streams("none", "nobody")  # answered after the reload before it
        network.up()
        with pytest.raises(TaskerError) as caught:
            next(stream)
    assert caught.value.reason is Reason.DENIED


def serial_of(pair: Pair, ca: Pair) -> str:
    return certs.identity_of(pair.certificate, ca.certificate).identity.serial


def test_detached_on_purpose_stays_detached(frontend: Frontend) -> None:
    frontend.peer.add(PeerJob("abc"))
    stream = attached(frontend.client())
    frontend.client().detach("abc")
    assert list(stream) == [Detached(DetachReason.REQUESTED, 0)]


def test_the_end_of_the_run_is_no_break(frontend: Frontend) -> None:
    frontend.peer.add(PeerJob("abc"))
    stream = attached(frontend.client())
    frontend.peer.notify(wire.RunEnding())
    [last] = stream
    assert isinstance(last, Ended)
    assert last.job.outcome == Outcome(Kind.RUN_ENDED)


@pytest.mark.parametrize("close", [False, True], ids=["cancel", "close"])
def test_a_pause_ends_at_once(frontend: Frontend, network: Forwarder, close: bool) -> None:
    """By `cancel`, or by the end of the client: neither is an error."""
    frontend.peer.add(PeerJob("abc"))
    with at(network, frontend) as client:
        stream = attached(client, patience=3600)
        network.down()
        assert isinstance(next(stream), Interrupted)
        rest: list[Event] = []
        thread = threading.Thread(target=lambda: rest.extend(stream))
        thread.start()
        (client.close if close else stream.cancel)()
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert rest == []


def test_a_patience_that_cannot_be(shared: Frontend) -> None:
    for patience in (-1.0, float("nan")):
        with pytest.raises(TaskerError, match="cannot have a patience") as caught:
            shared.client().attach("abc", patience=patience)
        assert caught.value.reason is Reason.INVALID
