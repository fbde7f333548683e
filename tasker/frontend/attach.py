"""One attach stream: reads a ring from a position on and sends its bytes in messages.

    Attached ──▶ (Lost) Chunk … (Exited) ──▶ Ended | Detached      where it begins: positions.py

One loop sends both the output so far and the live output. It waits until grpc has accepted each message, so for a
client that does not read, one chunk waits and nothing else is buffered here. The collector writes a byte to the wake
pipe when the ring changes. End of file on the pipe while the ring is not closed means that the collector has exited and
the run has ended.

The outcome of the job is requested when the stream begins: a slow reader may reach the last byte long after the job has
ended, when retention may have deleted the job or the service may have stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import time
from collections.abc import Awaitable, Callable, Iterator

from tasker import wire
from tasker.api import values
from tasker.api.jobs import job_to
from tasker.api.transport import LARGEST_CHUNK
from tasker.api.v1 import tasker_pb2 as pb
from tasker.channel import close_all
from tasker.errors import Reason, TaskerError
from tasker.frontend.engine import Engine
from tasker.frontend.positions import first_position
from tasker.frontend.streams import Stream
from tasker.job import Job, Kind, Outcome
from tasker.lifecycle import State
from tasker.ring import RingError, RingReader
from tasker.verdict import verdict

Send = Callable[[pb.AttachJobResponse], Awaitable[None]]


async def attach(request: pb.AttachJobRequest, stream: Stream, engine: Engine, send: Send) -> None:
    """Serves a stream until it ends. Raises TaskerError if it cannot begin."""
    asked = wire.AttachJob(stream.caller.identity, request.job)
    reply, descriptors = await engine.request_with_descriptors(asked, wire.JobReply, 2)
    try:
        stream.job = reply.job.id
        with _mapped(descriptors[0]) as ring, _woken(descriptors[1], stream) as wake:
            follower = Follower(reply.job, (ring, wake), stream, engine, send, timestamps=request.timestamps)
            with contextlib.closing(follower):
                if request.follow and reply.job.state is not State.ENDED:
                    follower.request_outcome()
                position = await first_position(request, ring)
                await follower.run(position, None if request.follow else ring.written)
    finally:
        close_all(descriptors)


class Follower:
    """Sends the bytes of a ring from a position on."""

    def __init__(
        self,
        job: Job,
        output: tuple[RingReader, Wake],
        stream: Stream,
        engine: Engine,
        send: Send,
        *,
        timestamps: bool,
    ) -> None:
        """`output`: the ring, and its wake pipe. With `timestamps`, all bytes of a chunk were received at the same
        time, which the chunk contains."""
        self._job = job
        self._ring, self._wake = output
        self._stream = stream
        self._engine = engine
        self._send = send
        self._timestamps = timestamps
        self._position = 0
        self._asking: asyncio.Task[Job] | None = None
        self._exited: Job | None = None
        """The job whose command has exited and left processes behind, until that has been sent."""

    def request_outcome(self) -> None:
        """Requests the outcome from the engine, in the background."""
        self._asking = asyncio.create_task(self._ask())
        self._asking.add_done_callback(self._answered)

    async def _ask(self) -> Job:
        caller, id = self._stream.caller.identity, self._job.id
        job = (await self._engine.request(wire.WaitJob(caller, id, True), wire.JobReply)).job
        if job.state is not State.ENDED:
            self._exited = job
            self._stream.activity.set()
            job = (await self._engine.request(wire.WaitJob(caller, id, False), wire.JobReply)).job
        return job

    def _answered(self, asking: asyncio.Task[Job]) -> None:
        if not asking.cancelled():
            asking.exception()  # retrieves the exception, so that asyncio does not log it
        self._stream.activity.set()

    def close(self) -> None:
        """Cancels the pending request."""
        if self._asking is not None:
            self._asking.cancel()

    async def run(self, position: int, end: int | None) -> None:
        """Sends everything from `position` to `end`; None: until the job ends."""
        self._position = position
        await self._send(pb.AttachJobResponse(attached=pb.Attached(job=job_to(self._job), offset=self._position)))
        while self._stream.reason is None:
            self._stream.activity.clear()
            over = self._run_is_over()
            closed = self._ring.closed  # read before the data: if it is set, the data read next is complete
            if await self._sent(end):
                continue
            if self._exited is not None:
                job, self._exited = self._exited, None
                await self._send(pb.AttachJobResponse(exited=pb.Exited(job=job_to(job), offset=self._position)))
            if end is not None and self._position >= end:
                await self._end_of_recall()
                return
            if closed:
                await self._end()
                return
            if over:
                await self._ended(self._known or _ended_with_run(self._job))
                return
            await self._stream.activity.wait()
        await self._detached(self._stream.reason)

    async def _sent(self, end: int | None) -> bool:
        """Sends the next bytes, or the next Lost; returns whether it sent a message."""
        most = LARGEST_CHUNK if end is None else min(LARGEST_CHUNK, end - self._position)
        if most <= 0:
            return False
        offset, data, when = self._next(most)
        if end is not None and offset + len(data) > end:
            offset, data = min(offset, end), data[: max(0, end - offset)]
        if offset > self._position:
            begin, self._position = self._position, offset
            await self._send(pb.AttachJobResponse(lost=pb.Lost(begin=begin, end=offset)))
            if self._stream.reason is not None or not data:
                return True
        elif not data:
            return False
        chunk = pb.Chunk(offset=offset, data=data, time=None if when is None else values.timestamp(when))
        await self._send(pb.AttachJobResponse(chunk=chunk))
        self._position = offset + len(data)
        return True

    def _next(self, most: int) -> tuple[int, bytes, float | None]:
        """Returns (offset, bytes, time received) from the position on, or from the first later byte that is still
        held."""
        if not self._timestamps or self._position >= self._ring.written:
            return *self._ring.read(self._position, most), None
        stamp = self._ring.received(max(self._position, self._ring.oldest))
        offset, data = self._ring.read(self._position, min(most, max(1, stamp.end - self._position)))
        if offset >= stamp.end:  # overwritten in the meantime: the bytes read have a later time
            stamp = self._ring.received(offset)
        return offset, data[: stamp.end - offset], stamp.time + self._ring.epoch / 1000

    async def _end_of_recall(self) -> None:
        if self._job.state is State.ENDED:
            await self._ended(self._job)
        else:
            await self._detached(pb.Detached.REASON_END_OF_RECALL)

    async def _end(self) -> None:
        """Called after the last byte: waits until the engine knows the outcome, and sends it."""
        if self._job.state is State.ENDED:
            await self._ended(self._job)
            return
        if self._asking is None or (self._asking.done() and self._known is None):  # the engine was unavailable for long
            self.request_outcome()
        assert self._asking is not None
        while not self._asking.done() and self._stream.reason is None and not self._engine.run_ending.is_set():
            await self._stream.activity.wait()
            self._stream.activity.clear()
        try:
            if self._asking.done():
                await self._ended(self._asking.result())
            elif self._stream.reason is not None:
                await self._detached(self._stream.reason)
            else:
                await self._ended(_ended_with_run(self._job))
        except TaskerError as error:
            if error.reason is not Reason.UNAVAILABLE:
                raise
            if self._run_is_over():
                await self._ended(_ended_with_run(self._job))
            else:
                await self._detached(pb.Detached.REASON_UNAVAILABLE)

    @property
    def _known(self) -> Job | None:
        """The ended job, if the engine has replied; else None."""
        asking = self._asking
        return asking.result() if asking is not None and asking.done() and asking.exception() is None else None

    def _run_is_over(self) -> bool:
        return self._engine.run_ending.is_set() or self._wake.over

    async def _ended(self, job: Job) -> None:
        await self._send(pb.AttachJobResponse(ended=pb.Ended(job=job_to(job), offset=self._position)))

    async def _detached(self, reason: pb.Detached.Reason) -> None:
        await self._send(pb.AttachJobResponse(detached=pb.Detached(reason=reason, offset=self._position)))


class Wake:
    """The reading end of a wake pipe. `over` is set once its writer, the collector, has exited."""

    def __init__(self, descriptor: int, stream: Stream) -> None:
        self.over = False
        self._descriptor = descriptor
        self._stream = stream
        self._loop = asyncio.get_running_loop()
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._readable)

    def _readable(self) -> None:
        with contextlib.suppress(BlockingIOError):
            if not os.read(self._descriptor, 4096):
                self.over = True
                self.close()
        self._stream.activity.set()

    def close(self) -> None:
        self._loop.remove_reader(self._descriptor)


@contextlib.contextmanager
def _woken(descriptor: int, stream: Stream) -> Iterator[Wake]:
    wake = Wake(descriptor, stream)
    try:
        yield wake
    finally:
        wake.close()


@contextlib.contextmanager
def _mapped(descriptor: int) -> Iterator[RingReader]:
    try:
        ring = RingReader(descriptor)
    except (RingError, OSError, ValueError) as error:
        raise TaskerError(Reason.INTERNAL, f"cannot read the job's output: {error}") from error
    try:
        yield ring
    finally:
        ring.free()


def _ended_with_run(job: Job) -> Job:
    outcome = Outcome(Kind.RUN_ENDED)
    outcome = dataclasses.replace(outcome, verdict=verdict(outcome, job.limits, None, None))
    clock = dataclasses.replace(job.clock, lingers_until=None, ended=time.monotonic())
    return dataclasses.replace(job, state=State.ENDED, outcome=outcome, ended=time.time(), clock=clock, pid=0)
