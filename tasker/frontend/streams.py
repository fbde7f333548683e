"""The open streams, attach and watch, and ending them: for DetachJob, an invalid certificate, a restart.

A stream gets the reason for its end and sends it to its client in a last message. If the client does not read, the
stream is aborted after LAST_WORD seconds.
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
"""Seconds for a client to read pending output and the last message."""
LONGEST_WAIT = 3600.0
"""Seconds between two checks of the clock: a timer does not notice when the clock is set."""

_BROKEN_OFF = {
    pb.Detached.REASON_REQUESTED: TaskerError(
        Reason.REFUSED, "cannot continue sending: the stream was detached, and its client read nothing"
    ),
    pb.Detached.REASON_CERTIFICATE: TaskerError(
        Reason.DENIED, "cannot continue sending: the client's certificate expired or was revoked"
    ),
    pb.Detached.REASON_UNAVAILABLE: TaskerError(
        Reason.UNAVAILABLE, "cannot continue sending: the server is restarting; resume after the last message received"
    ),
}


class Stream:
    """One open stream, with the methods that end it."""

    def __init__(self, caller: Caller, limit: asyncio.Timeout) -> None:
        self.caller = caller
        self.job = ""
        """The job's id, once the engine has resolved it."""
        self.activity = asyncio.Event()
        """Set when there may be something to send, or a reason to end."""
        self.reason: pb.Detached.Reason | None = None
        self.timer: asyncio.TimerHandle | None = None
        self._limit = limit

    def end(self, reason: pb.Detached.Reason) -> None:
        """Ends the stream; the first reason counts."""
        if self.reason is None:
            self.reason = reason
        self.hurry()

    def close(self) -> None:
        if self.timer is not None:
            self.timer.cancel()

    def hurry(self) -> None:
        """Wakes the stream, which must end within LAST_WORD seconds."""
        self.activity.set()
        if self._limit.when() is None:
            self._limit.reschedule(asyncio.get_running_loop().time() + LAST_WORD)


class Streams:
    """All streams of this process."""

    def __init__(self, material: Material, *, total: int, per_user: int) -> None:
        self._material = material
        self._slots = Slots("attach streams", total=total, per_user=per_user)
        self._open: set[Stream] = set()
        self._none_open = asyncio.Event()
        self._none_open.set()

    def resize(self, *, total: int, per_user: int) -> None:
        """Changes the limits for streams opened from now on."""
        self._slots.total, self._slots.per_user = total, per_user

    @contextlib.asynccontextmanager
    async def opened(self, caller: Caller) -> AsyncIterator[Stream]:
        """Yields an attach stream while the block runs. Raises TaskerError(EXHAUSTED), and like `watching`."""
        with self._slots.taken(caller.identity.name):
            async with self.watching(caller) as stream:
                yield stream

    @contextlib.asynccontextmanager
    async def watching(self, caller: Caller) -> AsyncIterator[Stream]:
        """Yields a watch stream, which guard.py counts. Raises TaskerError if it had to be aborted."""
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
        """Schedules the next check: when the certificate expires, or after a while."""
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
        """Ends every stream whose certificate is no longer valid, after a change of CA or deny list."""
        for stream in tuple(self._open):
            self._judge(stream)

    def end(self, job: str, user: str) -> int:
        """Ends the streams of `user` on the job with the id `job`; returns their number."""
        found = [s for s in self._open if s.job == job and s.caller.identity.name == user and s.reason is None]
        for stream in found:
            stream.end(pb.Detached.REASON_REQUESTED)
        return len(found)

    def end_all(self) -> None:
        """Ends every stream because the server stops; each says where to continue."""
        for stream in tuple(self._open):
            stream.end(pb.Detached.REASON_UNAVAILABLE)

    def hurry_all(self) -> None:
        """Ends every stream because the run ends; each sends pending output and the job's outcome."""
        for stream in tuple(self._open):
            stream.hurry()

    async def none_open(self) -> None:
        """Waits until the last stream has ended: at most LAST_WORD seconds after end_all or hurry_all."""
        await self._none_open.wait()
