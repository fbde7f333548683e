"""A TCP connection between client and server that a test may break: the network, as far as a test can have one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tasker import issuing
from tasker.certs import Pair
from tasker.client import Attached, Client
from tasker.client.attachment import Attachment
from tasker.identity import Role
from tests.frontend.running import Frontend
from tests.support.port import Port
from tests.support.waiting import DEADLINE, join

_RESET = struct.pack("ii", 1, 0)
QUIET = 1.0
"""Seconds without a byte, after which nothing is on its way."""


class Forwarder:
    """Listens on `address`, and hands on to `target`. Its methods are for the test's thread."""

    def __init__(self, host: str, port: int, allowance: Callable[[], int | None]) -> None:
        """`allowance` is asked at every connection after how many bytes to the client it breaks; None is never."""
        self._target = (host, port)
        self._allowance = allowance
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._silent: set[asyncio.StreamWriter] = set()
        self._moved = asyncio.Event()
        self._port = Port()
        self._turning_away = False
        self.turned_away = 0
        self.cuts = 0
        self.connected = threading.Event()
        """Set by every connection."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="forwarder")
        self._thread.start()
        self.up()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port.number}"

    def up(self) -> None:
        """Listen, on the same port as ever."""
        self._turning_away = False
        if self._server is None:
            self._run(self._up())

    def down(self) -> None:
        """Break everything and take no more connections."""
        self._run(self._down())

    def turn_away(self) -> None:
        """Break everything and, until `up`, whatever connects: each counts in `turned_away`."""
        self._turning_away = True
        self.cut()

    def cut(self) -> None:
        """Break what is open."""
        self._run(self._cut())

    def swallow(self) -> None:
        """What is open stays open, and nothing comes through it any more; what comes later is as ever.

        Not before it is quiet: a ping of grpc's own that is under way would tell of it sooner than those of keepalive.
        """
        self._run(self._swallow())

    def close(self) -> None:
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        join(self._thread)
        self._loop.close()
        self._port.close()

    def _run(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(DEADLINE)  # type: ignore[arg-type]

    async def _up(self) -> None:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self._port.number)

    async def _down(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._cut()

    async def _cut(self) -> None:
        for writer in tuple(self._writers):
            self._break(writer)

    async def _swallow(self) -> None:
        with contextlib.suppress(TimeoutError):
            while True:
                self._moved.clear()
                await asyncio.wait_for(self._moved.wait(), QUIET)
        self._silent |= self._writers

    def _break(self, *writers: asyncio.StreamWriter) -> None:
        for writer in writers:
            sock: socket.socket = writer.get_extra_info("socket")
            if not writer.transport.is_closing():
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                writer.transport.abort()
            self._writers.discard(writer)
            self._silent.discard(writer)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._turning_away:
            self.turned_away += 1
            self._break(writer)
            return
        try:
            server_reader, server_writer = await asyncio.open_connection(*self._target)
        except OSError:  # the server is away
            self._break(writer)
            return
        self._writers |= {writer, server_writer}
        self.connected.set()
        there = asyncio.create_task(self._pump(reader, server_writer, None))
        back = asyncio.create_task(self._pump(server_reader, writer, self._allowance()))
        await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
        if writer in self._silent:  # that the server has given up does not come through either
            await there
        self._break(writer, server_writer)
        await asyncio.gather(there, back)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: int | None) -> None:
        try:
            while data := await reader.read(1 << 16):
                self._moved.set()
                if writer in self._silent:
                    continue
                writer.write(data if left is None else data[:left])
                await writer.drain()
                if left is not None and (left := left - len(data)) <= 0:
                    self.cuts += 1
                    return
        except OSError:
            return


@contextmanager
def forwarding(host: str, port: int, allowance: Callable[[], int | None] = lambda: None) -> Iterator[Forwarder]:
    forwarder = Forwarder(host, port, allowance)
    try:
        yield forwarder
    finally:
        forwarder.close()


def at(forwarder: Forwarder, frontend: Frontend, pair: Pair | None = None) -> Client:
    pair = pair or issuing.make_client(frontend.ca, "alice", Role.USER)
    return Client(forwarder.address, ca=frontend.ca.certificate, certificate=pair.certificate, key=pair.key)


def attached(client: Client, **options: float) -> Attachment:
    stream = client.attach("abc", **options)  # type: ignore[arg-type]
    assert isinstance(next(stream), Attached)
    return stream
