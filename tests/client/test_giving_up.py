"""Connections that stay broken, or end for good: an attach or a wait gives up in its time, and says where it was."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tasker import certs, issuing, wire
from tasker.certs import Pair
from tasker.client import (
    Client,
    Detached,
    DetachReason,
    Ended,
    Event,
    Interrupted,
)
from tasker.client.resuming import RECONNECT_TIMEOUT
from tasker.errors import Reason, TaskerError
from tasker.identity import Role
from tasker.job import Kind, Outcome
from tests.client.forwarder import Forwarder, at, attached, forwarding
from tests.frontend.peer import PeerJob
from tests.frontend.running import Frontend
from tests.support.waiting import DEADLINE, join, limit, suspend


def test_it_gives_up_after_the_time_it_was_given(frontend: Frontend, network: Forwarder) -> None:
    job = frontend.peer.add(PeerJob("abc"))
    with at(network, frontend) as client:
        stream = attached(client, reconnect_timeout=1.5)
        job.print(b"12345")
        next(stream)
        began = time.monotonic()
        network.down()
        assert isinstance(next(stream), Interrupted)
        with pytest.raises(TaskerError, match="connection refused") as caught:
            next(stream)
    assert caught.value.reason is Reason.UNAVAILABLE
    assert 1.4 < time.monotonic() - began < RECONNECT_TIMEOUT / 2  # RECONNECT_TIMEOUT is what it would have without one
    assert stream.offset == 5


def test_it_gives_up_on_a_server_that_says_nothing(frontend: Frontend, network: Forwarder) -> None:
    frontend.peer.add(PeerJob("abc"))
    with at(network, frontend) as client:
        stream = attached(client, reconnect_timeout=1.0)
        suspend(frontend.process.pid)
        try:
            network.cut()
            assert isinstance(next(stream), Interrupted)
            with (
                limit("it gives up, after 1 s and 5 s of looking why", RECONNECT_TIMEOUT),
                pytest.raises(TaskerError) as caught,
            ):
                next(stream)
        finally:
            frontend.process.send_signal(signal.SIGCONT)
    assert caught.value.reason is Reason.UNAVAILABLE


def test_it_tells_what_the_server_said_last_and_not_that_it_waited_no_longer(frontend: Frontend) -> None:
    """As where the engine is away: the first try is answered so, the next one is not answered in time."""
    frontend.peer.add(PeerJob("abc"))
    away = TaskerError(Reason.UNAVAILABLE, "cannot reach the engine")

    def refuse(_: wire.AttachJob) -> wire.Message:
        raise away

    frontend.peer.answers[wire.AttachJob] = refuse
    with frontend.client() as client:
        stream = client.attach("abc", reconnect_timeout=3.0)
        interrupted = next(stream)
        assert isinstance(interrupted, Interrupted)
        assert interrupted.error.message == away.message
        frontend.peer.held[wire.AttachJob] = frontend.peer.call(asyncio.Event)
        with pytest.raises(TaskerError) as caught:
            next(stream)
    assert caught.value.message == away.message


def test_no_timeout(restartable: Frontend) -> None:
    """As it is: what the server says in leaving is handed on, a break is raised."""
    job = restartable.peer.add(PeerJob("abc"))
    job.print(b"12345")
    with restartable.client() as client:
        stream = attached(client, reconnect_timeout=0)
        next(stream)
        restartable.process.send_signal(signal.SIGTERM)
        assert list(stream) == [Detached(DetachReason.UNAVAILABLE, 5)]
    restartable.relaunch()
    with forwarding(restartable.host, restartable.port) as network, at(network, restartable) as client:
        stream = attached(client, reconnect_timeout=0)
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
            client.wait("abc", reconnect_timeout=0.5)
        join(thread)
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
        stream = attached(client, reconnect_timeout=3600)
        network.down()
        assert isinstance(next(stream), Interrupted)
        rest: list[Event] = []
        thread = threading.Thread(target=lambda: rest.extend(stream))
        thread.start()
        (client.close if close else stream.cancel)()
        join(thread)
        assert not thread.is_alive()
    assert rest == []


@pytest.mark.parametrize("asked", [wire.StopJob, wire.WaitJob])
@pytest.mark.parametrize("broken", [False, True], ids=["waiting", "broken"])
def test_a_call_ends_with_its_client(
    frontend: Frontend, network: Forwarder, asked: type[wire.Message], broken: bool
) -> None:
    frontend.peer.add(PeerJob("abc"))
    frontend.peer.held[asked] = frontend.peer.call(asyncio.Event)
    with at(network, frontend) as client, ThreadPoolExecutor() as pool:
        client.get("abc")
        call = pool.submit(client.stop if asked is wire.StopJob else client.wait, "abc", reconnect_timeout=3600)
        frontend.peer.next_asked(asked)
        if broken:
            network.down()
        client.close()
        error = call.exception(DEADLINE)
        assert isinstance(error, TaskerError)
        assert error.reason is Reason.UNAVAILABLE
        with pytest.raises(TaskerError, match="this client was closed"):
            client.get("abc")


def test_a_patience_that_cannot_be(shared: Frontend) -> None:
    for reconnect_timeout in (-1.0, float("nan")):
        with pytest.raises(TaskerError, match="cannot use a reconnect_timeout of") as caught:
            shared.client().attach("abc", reconnect_timeout=reconnect_timeout)
        assert caught.value.reason is Reason.INVALID
