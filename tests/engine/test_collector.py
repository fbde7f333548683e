"""How the engine asks a collector: typed replies, and what a collector that is older or defective makes of it."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tasker import wire
from tasker.channel import Channel, Reply
from tasker.engine.collector import Collector
from tasker.errors import Reason, TaskerError
from tests.support.waiting import limit

Serve = Callable[[wire.Message], Reply]


def with_peer(answers: Serve, test: Callable[[Collector, Channel], Awaitable[None]], directory: Path) -> None:
    """Run `test` with a Collector whose peer answers as told."""
    path = directory / "control.sock"

    async def run() -> None:
        peers: list[Channel] = []

        async def serve(_channel: Channel, message: wire.Message) -> Reply:
            return answers(message)

        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(str(path))
            listener.listen(1)
            listener.setblocking(False)
            loop = asyncio.get_running_loop()
            loop.add_reader(
                listener,
                lambda: peers.append(Channel(listener.accept()[0], serve=serve, notice=lambda *_: None)),
            )
            collector = await Collector.connect(path)
            try:
                await test(collector, peers[0])
            finally:
                loop.remove_reader(listener)
                collector.close()
                peers[0].close()

    with limit("the end of this conversation"):
        asyncio.run(run())


def welcome(message: wire.Message) -> Reply:
    """As a collector of the first minor."""
    if isinstance(message, wire.Hello):
        return wire.Welcome(wire.COLLECTOR_VERSION, "4f"), ()
    return wire.Done(), ()


def test_a_reply_of_another_type_is_an_error(tmp_path: Path) -> None:
    async def test(collector: Collector, _peer: Channel) -> None:
        assert collector.run == "4f"
        await collector.store_record("k", "{}")
        with pytest.raises(TaskerError, match=r"^cannot use the collector's answer to Finish$"):
            await collector.finish("k")
        with pytest.raises(TaskerError, match=r"^cannot use the collector's answer to Follow$") as caught:
            await collector.follow("k")  # without the two descriptors
        assert caught.value.reason is Reason.INTERNAL

    with_peer(welcome, test, tmp_path)


def test_descriptors_that_nobody_asked_for_are_closed(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()

    def answers(message: wire.Message) -> Reply:
        return (wire.Done(), (theirs.detach(),)) if isinstance(message, wire.StoreRecord) else welcome(message)

    async def test(collector: Collector, _peer: Channel) -> None:
        with pytest.raises(TaskerError, match="StoreRecord"):
            await collector.store_record("k", "{}")
        assert ours.recv(1) == b""  # the last copy is gone

    with ours:
        with_peer(answers, test, tmp_path)


def test_a_collector_of_another_version(tmp_path: Path) -> None:
    def answers(_message: wire.Message) -> Reply:
        raise TaskerError(Reason.REFUSED, "cannot serve an engine of version 4: this run speaks 9")

    async def test(_collector: Collector, _peer: Channel) -> None:
        raise AssertionError("it did not say welcome")

    with pytest.raises(TaskerError, match="this run speaks 9"):
        with_peer(answers, test, tmp_path)


def test_an_older_collector_is_asked_only_what_it_knows(tmp_path: Path) -> None:
    launched: list[wire.Launch] = []

    def answers(message: wire.Message) -> Reply:
        if isinstance(message, wire.Launch):
            launched.append(message)
            return wire.Launched(7), ()
        return welcome(message)

    launch = wire.Launch("k", ("true",), {}, "/", 0, 0, (), 4096, "{}")

    async def test(collector: Collector, _peer: Channel) -> None:
        assert await collector.launch(launch) == 7
        with pytest.raises(TaskerError) as caught:
            await collector.launch(dataclasses.replace(launch, nice=5))
        text = "cannot start a job at another nice value than 0: the collector of this run is older"
        assert caught.value.message == f"{text}; it works after systemctl stop tasker and start"
        assert launched == [launch]

    with_peer(answers, test, tmp_path)


def test_no_collector(tmp_path: Path) -> None:
    with pytest.raises(TaskerError, match=r"^cannot reach the collector at .*/none: No such file or directory; "):
        asyncio.run(Collector.connect(tmp_path / "none"))


def test_notices_reach_the_listener_from_then_on(tmp_path: Path) -> None:
    class Listener:
        def __init__(self) -> None:
            self.counts: asyncio.Queue[int] = asyncio.Queue()

        def exited(self, notice: wire.Exited) -> None:
            raise AssertionError(notice)

        def output_ended(self, notice: wire.OutputEnded) -> None:
            raise AssertionError(notice)

        def followed(self, notice: wire.FollowerCount) -> None:
            self.counts.put_nowait(notice.count)

    async def test(collector: Collector, peer: Channel) -> None:
        peer.notify(wire.FollowerCount("k", 1))
        await collector.store_record("k", "{}")  # answered after the notice
        listener = Listener()
        collector.listen(listener)
        peer.notify(wire.FollowerCount("k", 2))
        assert await listener.counts.get() == 2

    with_peer(welcome, test, tmp_path)
