"""A defect on a connection costs that connection: the other one is told of every exit as before."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
from collections.abc import Iterator

import pytest

from tasker import wire
from tasker.collector.connection import Connection
from tasker.collector.loop import READ, Loop
from tests.collector.conftest import Engine
from tests.support.daemon import Daemon, Peer
from tests.support.waiting import DEADLINE

NUMBERS = (-1, 0, 1, 65, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 40, 1 << 63, -(1 << 70), 0.5, 1e308)
ROUNDS = 150


class Stranger(Peer):
    """An engine with a defect: sends what no engine would."""

    def defective(self, name: str, body: dict[str, object], number: object = 1) -> bool:
        """Whether it was answered; else the connection was closed. Anything else fails the test."""
        self._socket.send(json.dumps([name, number, body]).encode())
        try:
            while self.receive()[0].number == 0:
                pass
        except (EOFError, ConnectionResetError):
            return False
        return True


def launch(**changes: object) -> dict[str, object]:
    usual: dict[str, object] = {"job": "x", "argv": ["true"], "environment": {}, "working_directory": "/"}
    return usual | {"uid": 0, "gid": 0, "groups": [], "ring_capacity": 1 << 16, "record": ""} | changes


@pytest.fixture
def ended(engine: Engine) -> Iterator[None]:
    """What a test does changes nothing for a job that was there before: its end is told, here and to no other."""
    job = engine.run("sleep", "60")
    yield
    engine.ask(wire.Signal(job, 9))
    assert engine.exit(job).signal == 9


@pytest.mark.parametrize("number", [0, -1, 65, 1 << 31, 1 << 40, 1 << 64])
def test_no_signal(collector: Daemon, engine: Engine, ended: None, number: int) -> None:
    job = engine.run("sleep", "60")
    with Stranger(collector.directory / "control.sock") as stranger:
        assert not stranger.defective("Signal", {"job": job, "signal": number})
    leader = engine.leader(job)
    assert leader is not None
    assert leader.exit is None


@pytest.mark.parametrize(
    "changes",
    [
        *({"ring_capacity": 1}, {"ring_capacity": 0}, {"ring_capacity": -4096}, {"ring_capacity": 1 << 62}),
        *({"uid": (1 << 32) - 1}, {"uid": -1}, {"gid": 1 << 32}, {"groups": [0, -1]}),
    ],
    ids=str,
)
def test_no_launch(collector: Daemon, engine: Engine, ended: None, changes: dict[str, object]) -> None:
    with Stranger(collector.directory / "control.sock") as stranger:
        assert not stranger.defective("Launch", launch(**changes))
    assert engine.leader("x") is None


def test_numbers_at_random(collector: Daemon, engine: Engine) -> None:
    """Well-formed datagrams, with numbers that may be far out of range: an answer or the end of the connection, and
    every time the next exit is told to the engine."""
    chance = random.Random(8)  # noqa: S311
    job = engine.run("sleep", "60")
    for _ in range(ROUNDS):

        def number() -> object:
            return chance.choice(NUMBERS)

        bodies: dict[str, dict[str, object]] = {
            "Hello": {"version": number()},
            "Launch": launch(uid=number(), gid=number(), groups=[number()], ring_capacity=number()),
            "Signal": {"job": "nothing", "signal": number()},
            "ListLeaders": {"after": number()},
            "Launched": {"pid": number()},
            "Finished": {"written": number(), "output_memory": number()},
            "FollowerCount": {"job": job, "count": number()},
        }
        name = chance.choice(list(bodies))
        with Stranger(collector.directory / "control.sock") as stranger:
            stranger.defective(name, bodies[name], chance.choice([1, 7, 1 << 52, 1 << 53, 1 << 60]))
        other = engine.run("true")
        assert engine.exit(other).code == 0
        engine.ask(wire.Finish(other))
        engine.ask(wire.Forget(other))
    leader = engine.leader(job)
    assert leader is not None
    assert leader.exit is None


def test_an_engine_that_is_gone_costs_no_exit(collector: Daemon, engine: Engine, ended: None) -> None:
    """Exits are told to every connection: one that broke off is in between."""
    strangers = [Peer(collector.directory / "control.sock") for _ in range(3)]
    for stranger in strangers:
        stranger.ask(wire.ListLeaders(0))
    job = engine.run("sh", "-c", "read x < /dev/null; exit 3")
    for stranger in strangers:
        stranger.__exit__()
    assert engine.exit(job).code == 3


@pytest.fixture
def loop() -> Iterator[Loop]:
    before = signal.getsignal(signal.SIGTERM)
    yield Loop()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("peer_is_gone", [True, False])
def test_sending_raises_nothing_and_calls_nobody_back(loop: Loop, peer_is_gone: bool) -> None:
    """It is done in the middle of other work, on behalf of another job. The connection ends when that is done."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ended: list[Connection] = []
    connection = Connection(ours, loop, lambda *_: None, ended.append)
    reading, writing = os.pipe()
    if peer_is_gone:
        theirs.close()
    connection.send(0, wire.FollowerCount("x", 1 if peer_is_gone else -1), [writing])
    connection.send(0, wire.Done())
    assert ended == []
    other, waker = socket.socketpair()
    loop.add(other.fileno(), READ, lambda _: loop._stop(0, None))
    waker.send(b"x")
    loop.run()
    assert ended == [connection]
    assert os.read(reading, 1) == b""  # the other end was closed, sent or not
    os.close(reading)
    for sock in (other, waker, theirs):
        sock.close()


def test_a_defect_closes_what_it_happened_on(loop: Loop) -> None:
    """And the loop goes on for the others."""
    ours, theirs = socket.socketpair()
    quiet, other = socket.socketpair()
    theirs.settimeout(DEADLINE)
    served: list[bytes] = []

    def defect(_events: int) -> None:
        raise OverflowError

    def serve(_events: int) -> None:
        served.append(quiet.recv(10))
        loop._stop(0, None)

    loop.add(ours.fileno(), READ, defect, ours.close)
    loop.add(quiet.fileno(), READ, serve)
    theirs.send(b"x")
    other.send(b"y")
    loop.run()
    assert served == [b"y"]
    with pytest.raises(ConnectionResetError):  # it was closed with something unread
        theirs.recv(1)
    for sock in (theirs, quiet, other):
        sock.close()
