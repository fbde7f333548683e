"""A connection between two processes, in asyncio: requests and replies in both directions, notices, descriptors.

Handles the datagrams of `wire` without knowing their meaning. Every request gets exactly one reply: a message, a
TaskerError that the peer raised, or UNAVAILABLE if the connection closed first or the deadline passed. After a defect,
the connection is closed, and both sides start over from their own state.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from tasker import wire
from tasker.errors import Reason, TaskerError

log = logging.getLogger(__name__)

MOST_DESCRIPTORS = 2
MOST_QUEUED = 4096
"""Datagrams. A peer with more unread ones counts as dead."""

Reply = tuple[wire.Message, Sequence[int]]
"""A message, and descriptors sent with it; the channel closes its copies after sending."""
Serve = Callable[["Channel", wire.Message], Awaitable[Reply]]
Notice = Callable[["Channel", wire.Message], None]


class Channel:
    """Owns a connected SEQPACKET socket. Use within a running event loop."""

    def __init__(self, sock: socket.socket, *, serve: Serve, notice: Notice, deadline: float | None = None) -> None:
        """`serve` answers the peer's requests, each in a task; `notice` takes its notices.

        `deadline`: seconds for the peer's reply to every request that does not depend on something else (`waits` of the
        message). If the peer misses it, the peer hangs and its state is unknown: the connection is closed.
        """
        sock.setblocking(False)
        self._sock = sock
        self._serve = serve
        self._notice = notice
        self._deadline = deadline
        self._loop = asyncio.get_running_loop()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._unsent: deque[tuple[bytes, Sequence[int]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._abandonable: dict[int, asyncio.Task[None]] = {}
        self._taken = asyncio.Event()
        self._taken.set()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        """Done when the connection has closed, from either side."""
        self._loop.add_reader(sock, self._readable)

    async def request(self, message: wire.Message) -> wire.Message:
        """Sends a request and returns its reply, closing any descriptors with it. Raises TaskerError."""
        reply, descriptors = await self.request_with_descriptors(message)
        close_all(descriptors)
        return reply

    async def request_with_descriptors(self, message: wire.Message) -> Reply:
        """Like `request`, but returns the descriptors, too; the caller closes them."""
        if self.closed.done():
            raise unavailable()
        number = next(self._numbers)
        future: asyncio.Future[Reply] = self._loop.create_future()
        self._waiting[number] = future
        timer = None
        if self._deadline is not None and not message.waits:
            timer = self._loop.call_later(self._deadline, self._late, future, message)
        try:
            self._send(number, message)
            reply, descriptors = await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                close_all(future.result()[1])  # the reply and the cancellation came in the same turn of the loop
            elif message.abandonable and not self.closed.done():
                self._send(number, wire.Abandoned())
            raise
        finally:
            del self._waiting[number]
            if timer is not None:
                timer.cancel()
        if isinstance(reply, wire.Failed):
            close_all(descriptors)
            raise TaskerError(reply.reason, reply.message, reply.retry_after)
        return reply, descriptors

    def notify(self, message: wire.Message) -> None:
        """Sends a notice if the connection is open. Never raises: the sender is not responsible for the connection.

        If a notice cannot be sent, the connection is closed, because the peer would go on without it.
        """
        if self.closed.done():
            return
        try:
            self._send(0, message)
        except TaskerError as error:
            log.error("%s; closing the connection", error.message)
            self.close()

    @property
    def has_room(self) -> bool:
        """Whether everything was sent to the peer."""
        return self._taken.is_set()

    async def drained(self) -> None:
        """Waits until everything was sent, or the connection has closed. A sender that waits here between messages
        never reaches MOST_QUEUED."""
        await self._taken.wait()

    async def answered(self, seconds: float) -> None:
        """Waits until every received request has its reply, at most `seconds`."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def close(self) -> None:
        """Closes the connection; pending requests raise UNAVAILABLE, tasks that serve the peer are cancelled."""
        if self.closed.done():
            return
        self.closed.set_result(None)
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()
        for _, descriptors in self._unsent:
            close_all(descriptors)
        self._unsent.clear()
        self._taken.set()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(unavailable())
        for task in self._tasks:
            task.cancel()

    def _send(self, number: int, message: wire.Message, descriptors: Sequence[int] = ()) -> None:
        try:
            data = wire.encode(number, message)
        except wire.WireError as error:
            close_all(descriptors)
            raise TaskerError(Reason.INVALID, f"cannot send the message: {error}") from error
        self._unsent.append((data, descriptors))
        if len(self._unsent) > MOST_QUEUED:
            log.warning("cannot send to the peer: it does not read; closing the connection")
            self.close()
        elif len(self._unsent) == 1:
            self._writable()

    def _writable(self) -> None:
        while self._unsent:
            data, descriptors = self._unsent[0]
            try:
                if descriptors:
                    socket.send_fds(self._sock, [data], descriptors)
                else:
                    self._sock.send(data)
            except BlockingIOError:
                self._taken.clear()
                self._loop.add_writer(self._sock, self._writable)
                return
            except OSError:
                self.close()
                return
            self._unsent.popleft()
            close_all(descriptors)
        self._taken.set()
        self._loop.remove_writer(self._sock)

    def _readable(self) -> None:
        try:
            data, descriptors, flags, _ = socket.recv_fds(self._sock, wire.LARGEST_DATAGRAM, MOST_DESCRIPTORS)
        except BlockingIOError:
            return
        except OSError:
            data, descriptors, flags = b"", [], 0
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        if not data:
            self.close()
            return
        try:
            if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
                raise wire.WireError("it exceeds the maximum size of a datagram")
            datagram = wire.decode(data)
        except wire.WireError as error:
            log.error("cannot read a message: %s; closing the connection", error)
            close_all(descriptors)
            self.close()
            return
        self._dispatch(datagram, descriptors)

    def _dispatch(self, datagram: wire.Datagram, descriptors: list[int]) -> None:
        if datagram.number < 0:
            future = self._waiting.get(-datagram.number)
            if future is not None and not future.done():
                future.set_result((datagram.message, descriptors))
                return
        close_all(descriptors)
        if datagram.number == 0:
            self._take_notice(datagram.message)
        elif isinstance(datagram.message, wire.Abandoned):
            if (task := self._abandonable.get(datagram.number)) is not None:
                task.cancel()
        elif datagram.number > 0:
            self._begin(datagram.number, datagram.message)

    def _take_notice(self, message: wire.Message) -> None:
        try:
            self._notice(self, message)
        except Exception:
            log.exception("a defect while handling the notice %s; closing the connection", type(message).__name__)
            self.close()

    def _late(self, future: asyncio.Future[Reply], message: wire.Message) -> None:
        if future.done():
            return
        asked, seconds = type(message).__name__, f"{self._deadline:g} s"
        text = f"cannot continue: a process of Tasker hangs: no answer to {asked} within {seconds}"
        log.error("%s; closing the connection", text)
        future.set_exception(TaskerError(Reason.UNAVAILABLE, f"{text}; try again in a moment"))
        self.close()

    def _begin(self, number: int, message: wire.Message) -> None:
        task = self._loop.create_task(self._answer(number, message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if message.abandonable:
            self._abandonable[number] = task
            task.add_done_callback(lambda _: self._abandonable.pop(number, None))

    async def _answer(self, number: int, message: wire.Message) -> None:
        descriptors: Sequence[int] = ()
        try:
            reply, descriptors = await self._serve(self, message)
        except TaskerError as error:
            reply = wire.Failed(error.reason, error.message, error.retry_after)
        except Exception:
            incident = os.urandom(4).hex()
            log.exception("incident %s while serving %s", incident, type(message).__name__)
            reply = wire.Failed(
                Reason.INTERNAL, f"cannot serve the request: a defect of Tasker; see incident {incident} in the journal"
            )
        if self.closed.done():
            close_all(descriptors)
            return
        try:
            self._send(-number, reply, descriptors)
        except TaskerError as error:
            self._send(-number, wire.Failed(error.reason, error.message))


def unavailable() -> TaskerError:
    """The error of a request whose connection is closed."""
    return TaskerError(Reason.UNAVAILABLE, "cannot reach the engine: it is restarting; try again in a moment")


def close_all(descriptors: Sequence[int]) -> None:
    """Closes descriptors that came with a reply, or that could not be sent."""
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)
