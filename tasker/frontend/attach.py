"""One attach stream: a ring read from a position on, message by message.

    Attached ──▶ (Lost) Chunk … ──▶ Ended | Detached

Recall and live are the same loop. Each message is awaited until grpc has taken it, so a client that does not read
costs one chunk and nothing else; nothing is buffered here. The collector writes a byte into the wake pipe when there is
news; its end of file without a closed ring says that the collector, and with it the run, is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import time
from collections.abc import Awaitable, Callable, Iterator

from tasker import wire
from tasker.api.jobs import job_to
from tasker.api.transport import LARGEST_CHUNK
from tasker.api.v1 import tasker_pb2 as pb
from tasker.channel import close_all
from tasker.errors import Reason, TaskerError, invalid
from tasker.frontend.engine import Engine
from tasker.frontend.streams import Stream
from tasker.job import Job, Kind, Outcome
from tasker.lifecycle import State
from tasker.ring import RingError, RingReader

Send = Callable[[pb.AttachJobResponse], Awaitable[None]]


async def attach(request: pb.AttachJobRequest, stream: Stream, engine: Engine, send: Send) -> None:
    """Serve a stream to its end. Raises TaskerError where it cannot begin."""
    asked = wire.AttachJob(stream.caller.identity, request.job)
    reply, descriptors = await engine.request_with_descriptors(asked, wire.JobReply, 2)
    try:
        stream.job = reply.job.id
        with _mapped(descriptors[0]) as ring, _woken(descriptors[1], stream) as wake:
            position = await first_position(request, ring)
            follower = Follower(reply.job, ring, wake, stream, engine, send)
            await follower.run(position, None if request.follow else ring.written)
    finally:
        close_all(descriptors)


class Follower:
    """A position in a ring, and where its bytes go."""

    def __init__(self, job: Job, ring: RingReader, wake: Wake, stream: Stream, engine: Engine, send: Send) -> None:
        self._job = job
        self._ring = ring
        self._wake = wake
        self._stream = stream
        self._engine = engine
        self._send = send
        self._position = 0

    async def run(self, position: int, end: int | None) -> None:
        """Send everything from `position` on, as far as `end` (None: for as long as the job prints)."""
        self._position = position
        await self._send(
            pb.AttachJobResponse(attached=pb.Attached(job=job_to(self._job), offset=self._position))
        )
        while self._stream.reason is None:
            self._stream.news.clear()
            over = self._run_is_over()
            closed = self._ring.closed  # looked at before the read: what is then read to its end is all there is
            if await self._sent(end):
                continue
            if end is not None and self._position >= end:
                await self._end_of_recall()
                return
            if closed:
                await self._end()
                return
            if over:
                await self._ended(_with_the_run(self._job))
                return
            await self._stream.news.wait()
        await self._detached(self._stream.reason)

    async def _sent(self, end: int | None) -> bool:
        """Send the next bytes, or tell the next lost, if there are any."""
        most = LARGEST_CHUNK if end is None else min(LARGEST_CHUNK, end - self._position)
        if most <= 0:
            return False
        offset, chunk = self._ring.read(self._position, most)
        if end is not None and offset + len(chunk) > end:
            offset, chunk = min(offset, end), chunk[: max(0, end - offset)]
        if offset > self._position:
            begin, self._position = self._position, offset
            await self._send(pb.AttachJobResponse(lost=pb.Lost(begin=begin, end=offset)))
            if self._stream.reason is not None or not chunk:
                return True
        elif not chunk:
            return False
        await self._send(pb.AttachJobResponse(chunk=pb.Chunk(offset=offset, data=chunk)))
        self._position = offset + len(chunk)
        return True

    async def _end_of_recall(self) -> None:
        if self._job.state is State.ENDED:
            await self._ended(self._job)
        else:
            await self._detached(pb.Detached.REASON_END_OF_RECALL)

    async def _end(self) -> None:
        """The last byte is sent: wait until the engine knows how the job ended, and say it."""
        waiting = asyncio.create_task(
            self._engine.request(wire.WaitJob(self._stream.caller.identity, self._job.id), wire.JobReply)
        )
        waiting.add_done_callback(lambda _: self._stream.news.set())
        try:
            while not waiting.done() and self._stream.reason is None and not self._engine.run_ending.is_set():
                await self._stream.news.wait()
                self._stream.news.clear()
            if waiting.done():
                await self._ended(waiting.result().job)
            elif self._stream.reason is not None:
                await self._detached(self._stream.reason)
            else:
                await self._ended(_with_the_run(self._job))
        except TaskerError as error:
            if error.reason is not Reason.UNAVAILABLE:
                raise
            if self._run_is_over():
                await self._ended(_with_the_run(self._job))
            else:
                await self._detached(pb.Detached.REASON_UNAVAILABLE)
        finally:
            waiting.cancel()

    def _run_is_over(self) -> bool:
        return self._engine.run_ending.is_set() or self._wake.over

    async def _ended(self, job: Job) -> None:
        await self._send(pb.AttachJobResponse(ended=pb.Ended(job=job_to(job), offset=self._position)))

    async def _detached(self, reason: pb.Detached.Reason) -> None:
        await self._send(pb.AttachJobResponse(detached=pb.Detached(reason=reason, offset=self._position)))


class Wake:
    """The reading end of a wake pipe. `over` once its writer, the collector, is gone."""

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
        self._stream.news.set()

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


async def first_position(request: pb.AttachJobRequest, ring: RingReader) -> int:
    """The position that the stream begins at. Raises TaskerError(INVALID) beyond what was written."""
    written = ring.written
    match request.WhichOneof("position"):
        case "offset":
            if request.offset > written:
                raise invalid(
                    f"cannot attach at byte {request.offset}: the job has printed {written} so far; attach without it"
                )
            return request.offset
        case "last_bytes":
            return max(0, written - request.last_bytes)
        case "last_lines":
            return await _lines_back(ring, written, request.last_lines)
    return 0


async def _lines_back(ring: RingReader, end: int, lines: int) -> int:
    """Where the last `lines` lines before `end` begin; 0 where the ring holds fewer: what is lost of them is told."""
    if lines == 0:
        return end
    missing = lines + 1  # the newline before the first of them counts, and the one at the very end does not
    high = end
    while high > 0:
        low = max(0, high - LARGEST_CHUNK)
        offset, chunk = ring.read(low, high - low)
        chunk = chunk[: max(0, high - offset)]
        if high == end and not chunk.endswith(b"\n"):
            missing -= 1
        count = chunk.count(b"\n")
        if count >= missing:
            return offset + _nth_newline(chunk, count - missing) + 1
        if offset > low:
            return 0
        missing -= count
        high = low
        await asyncio.sleep(0)  # a large ring takes a while, and others want to go on
    return 0


def _nth_newline(chunk: bytes, nth: int) -> int:
    at = -1
    for _ in range(nth + 1):
        at = chunk.index(b"\n", at + 1)
    return at


def _with_the_run(job: Job) -> Job:
    return dataclasses.replace(job, state=State.ENDED, outcome=Outcome(Kind.RUN_ENDED), ended=time.time(), pid=0)
