"""The streams that are open here, attach and watch, and ending them: for DetachJob, a certificate, a restart.

A stream is told why it has to end, and says so to its client in a last message. A client that reads nothing gets no
message; then the stream is broken off after LAST_WORD seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from tasker.api.v1 import tasker_pb2 as pb
from tasker.errors import Reason, TaskerError
from tasker.frontend.slots import Slots
from tasker.frontend.tls import Caller, Material

LAST_WORD = 5.0
"""Seconds that a client has for reading what is on its way, and the last message."""
LONGEST_WAIT = 3600.0
"""Seconds between two looks at the clock: it may be set, and a timer does not notice."""

_BROKEN_OFF = {
    pb.Detached.REASON_REQUESTED: TaskerError(
        Reason.REFUSED, "cannot go on sending: the stream was detached, and its client read nothing"
    ),
    pb.Detached.REASON_CERTIFICATE: TaskerError(
        Reason.DENIED, "cannot go on sending: the client's certificate expired or was revoked"
    ),
    pb.Detached.REASON_UNAVAILABLE: TaskerError(
        Reason.UNAVAILABLE, "cannot go on sending: the server is restarting; go on after the last message received"
    ),
}


class Stream:
    """One open stream, as those see it who may end it."""

    def __init__(self, caller: Caller, limit: asyncio.Timeout) -> None:
        self.caller = caller
        self.job = ""
        """The id, once the engine has said which job it is."""
        self.activity = asyncio.Event()
        """There may be something to send, or a reason to end."""
        self.reason: pb.Detached.Reason | None = None
        self.timer: asyncio.TimerHandle | None = None
        self._limit = limit

    def end(self, reason: pb.Detached.Reason) -> None:
        """Have it end; the first reason stays."""
        if self.reason is None:
            self.reason = reason
        self.hurry()

    def close(self) -> None:
        if self.timer is not None:
            self.timer.cancel()

    def hurry(self) -> None:
        """Have it look up, and be done in LAST_WORD seconds."""
        self.activity.set()
        if self._limit.when() is None:
            self._limit.reschedule(asyncio.get_running_loop().time() + LAST_WORD)


class Streams:
    """All of this process."""

    def __init__(self, material: Material, *, total: int, per_user: int) -> None:
        self._material = material
        self._slots = Slots("attach streams", total=total, per_user=per_user)
        self._open: set[Stream] = set()
        self._none_open = asyncio.Event()
        self._none_open.set()

    def resize(self, *, total: int, per_user: int) -> None:
        """Other quotas for what is opened from now on."""
        self._slots.total, self._slots.per_user = total, per_user

    @contextlib.asynccontextmanager
    async def opened(self, caller: Caller) -> AsyncIterator[Stream]:
        """An attach stream for as long as the block runs. Raises TaskerError(EXHAUSTED), and as `watching` does."""
        with self._slots.taken(caller.identity.name):
            async with self.watching(caller) as stream:
                yield stream

    @contextlib.asynccontextmanager
    async def watching(self, caller: Caller) -> AsyncIterator[Stream]:
        """A watch stream; guard.py counts those. Raises TaskerError where it had to be broken off."""
        limit = asyncio.timeout(None)
        stream = Stream(caller, limit)
        try:
            async with limit:
                self._open.add(stream)
                self._none_open.clear()
                self._watch(stream)
                yield stream
        except TimeoutError:
            raise _BROKEN_OFF[stream.reason or pb.Detached.REASON_UNAVAILABLE] from None
        finally:
            stream.close()
            self._open.discard(stream)
            if not self._open:
                self._none_open.set()

    def _watch(self, stream: Stream) -> None:
        """Look again when the certificate ends, or after a while."""
        self._judge(stream)
        if stream.reason is not None:
            return
        seconds = min(max(stream.caller.not_after - time.time(), 0.0) + 0.01, LONGEST_WAIT)
        stream.timer = asyncio.get_running_loop().call_later(seconds, self._watch, stream)

    def _judge(self, stream: Stream) -> None:
        try:
            self._material.judge(stream.caller.pem, time.time())
        except TaskerError:
            stream.end(pb.Detached.REASON_CERTIFICATE)

    def judge_all(self) -> None:
        """End every stream whose certificate holds no more: after another CA or deny list."""
        for stream in tuple(self._open):
            self._judge(stream)

    def end(self, job: str, user: str) -> int:
        """End what `user` has open on the job with the id `job`; how many that are."""
        found = [s for s in self._open if s.job == job and s.caller.identity.name == user and s.reason is None]
        for stream in found:
            stream.end(pb.Detached.REASON_REQUESTED)
        return len(found)

    def end_all(self) -> None:
        """The server stops: every stream says where to go on."""
        for stream in tuple(self._open):
            stream.end(pb.Detached.REASON_UNAVAILABLE)

    def hurry_all(self) -> None:
        """The run ends: every stream sends what there is, and how its job ended."""
        for stream in tuple(self._open):
            stream.hurry()

    async def none_open(self) -> None:
        """Wait until the last one has ended: at most LAST_WORD seconds after end_all or hurry_all."""
        await self._none_open.wait()
