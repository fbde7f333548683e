"""The connection to the engine, restored whenever it breaks. systemd holds the socket, so requests wait while the
engine restarts.

    connect ──▶ Connect → Setup ──▶ requests …  ──▶ broken ──▶ connect …
                                          └─ RunEnding: the run is over; connecting again would start a new one

After a broken connection, an idempotent request is repeated once, an abandonable request (which may take for ever)
every time, and StartJob never.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tasker import wire
from tasker.channel import Channel, Reply, close_all, unavailable
from tasker.errors import Reason, TaskerError

log = logging.getLogger(__name__)

DEFAULT_PATH = Path("/run/tasker.sock")
REQUEST_TIMEOUT = 60.0
"""Seconds that a request waits for an engine that restarts."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds between two attempts to connect if the connection fails (no socket unit, or its queue is full) or the engine
refuses it."""

EngineNotice = wire.Changed | wire.Forgotten | wire.Used
_Message = TypeVar("_Message", bound=wire.Message)


class Engine:
    """Requests to the engine, and its notices."""

    def __init__(
        self,
        path: Path,
        *,
        reloaded: Callable[[wire.Setup], None],
        end_streams: Callable[[str, str], int],
        connected: Callable[[], None],
        received: Callable[[EngineNotice], None],
    ) -> None:
        """`reloaded` is called with every Setup except the first; `end_streams` with the id of a job and a user, and
        returns the number of streams that it ended; `connected` after every new connection; `received` with the notices
        that wire.Watch requests."""
        self._path = path
        self._reloaded = reloaded
        self._end_streams = end_streams
        self._connected_anew = connected
        self._received = received
        self._channel: Channel | None = None
        self._settled = asyncio.Event()
        """Set while there is a channel, and once there will be none any more."""
        self.run_ending = asyncio.Event()
        """Set once the engine has announced that the service is being stopped."""
        self._keeper: asyncio.Task[None] | None = None

    async def open(self) -> wire.Setup:
        """Connects, waits for the first Setup, and stays connected until `close`."""
        first: asyncio.Future[wire.Setup] = asyncio.get_running_loop().create_future()
        self._keeper = asyncio.create_task(self._keep(first))
        waits: list[asyncio.Future[Any]] = [first, self._keeper]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if not first.done():
            self._keeper.result()
            raise ending()
        return first.result()

    async def close(self) -> None:
        """Closes the connection for good."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])

    async def request(self, message: wire.Message, answer: type[_Message]) -> _Message:
        """Sends a request and returns its reply, checked to be an `answer`. Raises TaskerError."""
        reply, descriptors = await self.request_with_descriptors(message, answer, 0)
        assert not descriptors
        return reply

    async def request_with_descriptors(
        self, message: wire.Message, answer: type[_Message], count: int
    ) -> tuple[_Message, Sequence[int]]:
        """Like `request`, with exactly `count` descriptors, which the caller closes."""
        reply, descriptors = await self._ask(message)
        if isinstance(reply, answer) and len(descriptors) == count:
            return reply, descriptors
        close_all(descriptors)
        raise TaskerError(Reason.INTERNAL, f"cannot use the engine's answer to {type(message).__name__}")

    async def _ask(self, message: wire.Message) -> Reply:
        last = False
        while True:
            channel = await self._connected()
            while not channel.has_room:  # after a restart, all streams send at once
                await channel.drained()
            try:
                return await channel.request_with_descriptors(message)
            except TaskerError as error:
                if error.reason is not Reason.UNAVAILABLE or not channel.closed.done():
                    raise  # the engine's own error
                if isinstance(message, wire.StartJob):
                    raise TaskerError(
                        Reason.UNAVAILABLE,
                        "cannot confirm that the job started: the engine restarted; check with `tasker list`",
                    ) from error
                if last:
                    raise
                last = not message.abandonable

    async def _connected(self) -> Channel:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT):
                while self._channel is None or self._channel.closed.done():
                    if self.run_ending.is_set() or self._keeper is None or self._keeper.done():
                        raise ending()
                    await self._settled.wait()
                    await asyncio.sleep(0)  # _keep learns of a broken connection in the next turn of the loop
        except TimeoutError:
            raise unavailable() from None
        return self._channel

    async def _keep(self, first: asyncio.Future[wire.Setup]) -> None:
        pause = FIRST_PAUSE
        try:
            while not self.run_ending.is_set():
                if await self._served_well(first):
                    pause = FIRST_PAUSE
                else:
                    await asyncio.sleep(pause)  # nothing signals when the engine accepts connections again
                    pause = min(pause * 2, LONGEST_PAUSE)
        finally:
            self._settled.set()

    async def _served_well(self, first: asyncio.Future[wire.Setup]) -> bool:
        """Like _stay_connected, but logs an unexpected exception and reconnects; before the first Setup, raises it."""
        try:
            return await self._stay_connected(first)
        except Exception:
            if not first.done():
                raise
            log.exception("a defect on the connection to the engine; connecting again")
            return False

    async def _stay_connected(self, first: asyncio.Future[wire.Setup]) -> bool:
        """Keeps one connection until it closes; returns whether the engine accepted it."""
        channel = await self._connect()
        if channel is None:
            return False
        try:
            if not await self._introduce(channel, first):
                return False
            await asyncio.wait([channel.closed])
            return True
        finally:
            self._channel = None
            if not self.run_ending.is_set():
                self._settled.clear()
            channel.close()

    async def _connect(self) -> Channel | None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        try:
            sock.connect(str(self._path))
        except OSError as error:
            log.debug("cannot connect to %s: %s", self._path, error)
            sock.close()
            return None
        return Channel(sock, serve=self._serve, notice=self._notice)

    async def _introduce(self, channel: Channel, first: asyncio.Future[wire.Setup]) -> bool:
        try:
            setup = await channel.request(wire.Connect())
        except TaskerError as error:
            log.debug("the engine refused the connection: %s", error.message)
            return False
        if not isinstance(setup, wire.Setup):
            log.error("cannot use the engine's answer to Connect: %s", type(setup).__name__)
            return False
        if first.done():
            self._reloaded(setup)
        else:
            first.set_result(setup)
        self._channel = channel
        self._settled.set()
        self._connected_anew()
        return True

    async def _serve(self, channel: Channel, message: wire.Message) -> Reply:
        if isinstance(message, wire.EndStreams):
            return wire.StreamCount(self._end_streams(message.job, message.user)), ()
        raise TaskerError(Reason.INVALID, f"cannot serve {type(message).__name__}: it is not a request to the frontend")

    def _notice(self, channel: Channel, message: wire.Message) -> None:
        if isinstance(message, wire.Setup):
            self._reloaded(message)
        elif isinstance(message, EngineNotice):
            self._received(message)
        elif isinstance(message, wire.RunEnding):
            log.info("the service is being stopped, and every job with it")
            self.run_ending.set()
        else:
            log.warning("cannot handle the message %s from the engine", type(message).__name__)


def ending() -> TaskerError:
    """The error of requests after the end of the run."""
    return TaskerError(
        Reason.UNAVAILABLE, "cannot reach the engine: the service is being stopped, and every job with it"
    )
