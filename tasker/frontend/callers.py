"""The open calls and the certificate of each connection. grpc shows the certificate only to calls, so a connection is
known after its first call. A connection is identified by its peer. connections.py closes the connections in `due`.

    call admitted ──▶ open calls, certificate       call refused for its certificate ──▶ due, PAUSE later
    reload ──▶ each certificate judged again ──▶ invalid, no open call: due now     with open calls: after LAST_WORD
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Container, Iterator

from tasker.errors import TaskerError
from tasker.frontend.sockets import Peer
from tasker.frontend.streams import LAST_WORD
from tasker.frontend.tls import Material

PAUSE = 1.0
"""Seconds from the first refused call until the connection is closed. One refused call is enough, because a connection
never changes its certificate. The pause lets the client receive that reply and those to other calls."""


class Callers:
    """The known connections, including some that have closed in the meantime."""

    def __init__(self, material: Material, end: Callable[[], None]) -> None:
        """`end` is called when `due` is not empty."""
        self._material = material
        self._end = end
        self._certificates: dict[Peer, bytes] = {}
        self._calls: Counter[Peer] = Counter()
        self._ending: dict[Peer, asyncio.TimerHandle] = {}
        self._due: set[Peer] = set()

    def __len__(self) -> int:
        """The number of known peers."""
        return len(self._certificates)

    @contextlib.contextmanager
    def calling(self, peer: Peer | None, certificate: bytes) -> Iterator[None]:
        """Counts an open call while the block runs; `certificate` (PEM) was accepted."""
        if peer is None:
            yield
            return
        self._spare(peer)
        self._certificates[peer] = certificate
        self._calls[peer] += 1
        try:
            yield
        finally:
            self._calls[peer] -= 1
            if not self._calls[peer]:
                del self._calls[peer]

    def has_call(self, peer: Peer) -> bool:
        return peer in self._calls

    def refused(self, peer: Peer | None) -> None:
        """Schedules the closing of a connection whose certificate was refused in a call."""
        if peer is not None:
            self._end_later(peer, PAUSE)

    def judge_all(self) -> None:
        """Schedules the closing of connections with invalid certificates, after a change of CA or deny list."""
        for peer, certificate in self._certificates.items():
            try:
                self._material.judge(certificate, time.time())
            except TaskerError:
                if self.has_call(peer):
                    self._end_later(peer, LAST_WORD + PAUSE)
                else:
                    self._due.add(peer)
        self._end()

    def take_due(self) -> set[Peer]:
        """Returns the peers whose connections are to be closed now, each once."""
        due, self._due = self._due, set()
        return due

    def forget_others(self, connected: Container[Peer]) -> None:
        """Forgets peers that are no longer connected."""
        for peer in [peer for peer in self._certificates if peer not in connected and peer not in self._calls]:
            del self._certificates[peer]

    def _end_later(self, peer: Peer, seconds: float) -> None:
        if peer not in self._ending:
            self._ending[peer] = asyncio.get_running_loop().call_later(seconds, self._end_now, peer)

    def _end_now(self, peer: Peer) -> None:
        del self._ending[peer]
        self._due.add(peer)
        self._end()

    def _spare(self, peer: Peer) -> None:
        """Cancels the closing of a connection: its certificate is valid (again), or another client has its port."""
        self._due.discard(peer)
        if (timer := self._ending.pop(peer, None)) is not None:
            timer.cancel()
