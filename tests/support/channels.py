"""Two ends of a connection for tests of it: both a Channel, or one of them a bare socket."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable

import pytest

from tasker import wire
from tasker.channel import Channel, Reply
from tasker.errors import TaskerError
from tests.support.waiting import DEADLINE, limit

DONE = wire.Done()
HUGE = "x" * wire.LARGEST_DATAGRAM


def sockets() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def answer_done(_channel: Channel, _message: wire.Message) -> Reply:
    return DONE, ()


async def never(_channel: Channel, _message: wire.Message) -> Reply:
    raise AssertionError("nobody asks this side")


class Side:
    """A channel that keeps the notices it gets."""

    def __init__(self, sock: socket.socket, serve: Callable[[Channel, wire.Message], Awaitable[Reply]]) -> None:
        self.notices: asyncio.Queue[wire.Message] = asyncio.Queue()
        self.channel = Channel(sock, serve=serve, notice=lambda _, message: self.notices.put_nowait(message))

    async def ask(self, message: wire.Message = DONE) -> wire.Message:
        return await asyncio.wait_for(self.channel.request(message), DEADLINE)

    async def refused(self, message: wire.Message = DONE) -> TaskerError:
        with pytest.raises(TaskerError) as caught:
            await self.ask(message)
        return caught.value

    async def ended(self) -> None:
        await asyncio.wait_for(asyncio.shield(self.channel.closed), DEADLINE)


def with_two(
    test: Callable[[Side, Side], Awaitable[None]],
    serve: Callable[[Channel, wire.Message], Awaitable[Reply]] = answer_done,
) -> None:
    """Run `test` with the asking side and the one that answers by `serve`; no descriptor may be left over."""

    async def run() -> None:
        before = descriptors()
        one, other = sockets()
        asking, serving = Side(one, never), Side(other, serve)
        await test(asking, serving)
        asking.channel.close()
        serving.channel.close()
        assert descriptors() == before

    with limit("the end of this conversation"):
        asyncio.run(run())


def with_raw(test: Callable[[Side, socket.socket], Awaitable[None]]) -> None:
    """Run `test` with a channel and a bare socket at its other end."""

    async def run() -> None:
        before = descriptors()
        one, raw = sockets()
        side = Side(one, answer_done)
        await test(side, raw)
        side.channel.close()
        raw.close()
        assert descriptors() == before

    with limit("the end of this conversation"):
        asyncio.run(run())
