"""The listening socket, and a connection of an engine: datagrams with descriptors, in both directions."""

from __future__ import annotations

import contextlib
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from tasker import wire
from tasker.collector.loop import READ, WRITE, Loop
from tasker.errors import Reason

MOST_QUEUED = 1 << 16
"""Datagrams. An engine with more unread datagrams is treated as dead."""


class Connection:
    """The connection of one engine. While the engine restarts, there may be two for a moment."""

    def __init__(
        self,
        sock: socket.socket,
        loop: Loop,
        received: Callable[[Connection, wire.Datagram], None],
        closed: Callable[[Connection], None],
    ) -> None:
        self._sock = sock
        self._loop = loop
        self._received = received
        self._closed = closed
        self._unsent: deque[tuple[bytes, Sequence[int]]] = deque()
        sock.setblocking(False)
        loop.add(sock.fileno(), READ, self._ready, self.close)

    def send(self, number: int, message: wire.Message, descriptors: Sequence[int] = ()) -> None:
        """Sends a message; closes `descriptors` once they are sent. Never raises and calls no callback: a broken
        connection is closed after the current events have been served."""
        if self._sock.fileno() < 0:
            _close_all(descriptors)
            return
        try:
            data = wire.encode(number, message)
        except wire.WireError as error:
            _close_all(descriptors)
            if number == 0:  # after it has reconnected, the engine requests the complete state
                self._break()
                return
            data, descriptors = wire.encode(number, wire.Failed(Reason.INTERNAL, f"cannot answer: {error}")), ()
        self._unsent.append((data, descriptors))
        if len(self._unsent) > MOST_QUEUED:
            self._break()
        else:
            self._flush()

    def close(self) -> None:
        if self._sock.fileno() < 0:
            return
        self._loop.remove(self._sock.fileno())
        self._sock.close()
        for _, descriptors in self._unsent:
            _close_all(descriptors)
        self._unsent.clear()
        self._closed(self)

    def _break(self) -> None:
        self._loop.afterwards(self.close)

    def _ready(self, events: int) -> None:
        if events & WRITE:
            self._flush()
        if events & ~WRITE:
            self._receive()

    def _receive(self) -> None:
        try:
            data = self._sock.recv(wire.LARGEST_DATAGRAM + 1)
            if not data or len(data) > wire.LARGEST_DATAGRAM:
                raise wire.WireError("the connection ended")
            datagram = wire.decode(data)
        except BlockingIOError:
            return
        except (OSError, wire.WireError):
            self.close()
            return
        self._received(self, datagram)

    def _flush(self) -> None:
        try:
            while self._unsent:
                data, descriptors = self._unsent[0]
                socket.send_fds(self._sock, [data], descriptors)
                self._unsent.popleft()
                _close_all(descriptors)
        except BlockingIOError:
            pass
        except OSError:
            self._break()
            return
        self._loop.change(self._sock.fileno(), READ | (WRITE if self._unsent else 0))


def listen(path: Path) -> socket.socket:
    """The collector's listening socket, which only its own user may connect to."""
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    before = os.umask(0o177)
    try:
        sock.bind(str(path))
    finally:
        os.umask(before)
    sock.listen(4)
    return sock


def _close_all(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)
