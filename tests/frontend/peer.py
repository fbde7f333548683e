"""What a frontend talks to in these tests: the engine's side of the wire, and jobs that are a real ring each."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import queue
import socket
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from tasker import wire
from tasker.channel import Channel, Reply
from tasker.errors import Reason, TaskerError
from tasker.job import Job, JobSpec, Kind, Outcome
from tasker.lifecycle import State
from tasker.ring import RingWriter
from tests.support.waiting import DEADLINE, join

PAGE = 100
"""Jobs in one answer to ListJobs."""

_T = TypeVar("_T")


class PeerJob:
    """A job without a process: the test is what prints."""

    def __init__(self, id: str, owner: str = "alice", capacity: int = 1 << 20) -> None:
        self.job = Job(
            id=id,
            owner=owner,
            spec=JobSpec(("true",)),
            unit=f"tasker-{id}.scope",
            slice=f"tasker-{owner}.slice",
            user="",
            uid=1879048192,
            state=State.RUNNING,
            created=1700000000.0,
        )
        self.ring = RingWriter(capacity)
        self.wakes: list[int] = []
        self.exited = asyncio.Event()
        self.ended = asyncio.Event()

    def print(self, data: bytes) -> None:
        """From the test's thread: into the ring, and wake who follows."""
        source = os.memfd_create("source")
        os.write(source, data)
        os.lseek(source, 0, os.SEEK_SET)
        while self.ring.read_from(source, 1 << 16):
            pass
        os.close(source)
        self.wake()

    def wake(self) -> None:
        for pipe in self.wakes:
            with contextlib.suppress(BlockingIOError, BrokenPipeError):
                os.write(pipe, b"!")

    def follow(self) -> tuple[int, int]:
        reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.wakes.append(writing)
        return os.dup(self.ring.fd), reading


class Peer:
    """An engine of which every answer can be set. Runs in a thread of its own; its methods are for the test's."""

    def __init__(self, path: Path, setup: wire.Setup) -> None:
        self.path = path
        self.setup = setup
        self.jobs: dict[str, PeerJob] = {}
        self.asked: queue.Queue[wire.Message] = queue.Queue()
        """Every request there was, in order."""
        self.connected: queue.Queue[None] = queue.Queue()
        """An item for every Connect."""
        self.answers: dict[type[wire.Message], Callable[[Any], wire.Message]] = {}
        """What to answer instead of the usual."""
        self.held: dict[type[wire.Message], asyncio.Event] = {}
        """Kinds of request that wait for their event first."""
        self.channels: set[Channel] = set()
        self._loop = asyncio.new_event_loop()
        self._listener: socket.socket | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="peer")
        self._thread.start()

    def start(self) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(self.path))
        self._listener.listen(16)
        self._listener.setblocking(False)
        self.call(self._accepting)

    def stop_listening(self) -> None:
        assert self._listener is not None
        self.call(lambda: self._loop.remove_reader(self._listener))  # type: ignore[arg-type]
        self._listener.close()
        self.path.unlink()

    def close(self) -> None:
        self.drop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        join(self._thread)
        self._loop.close()
        if self._listener is not None:
            self._listener.close()
        for job in self.jobs.values():
            for descriptor in job.wakes:
                os.close(descriptor)
            job.ring.free()

    def call(self, function: Callable[[], _T]) -> _T:
        """Run a function in the peer's thread."""

        async def within() -> _T:
            return function()

        return self.wait_for(within())

    def wait_for(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(DEADLINE)

    def add(self, job: PeerJob) -> PeerJob:
        self.jobs[job.job.id] = job
        return job

    def end(self, job: PeerJob, outcome: Outcome | None = None) -> None:
        """The job has ended: its ring is closed, and WaitJob is answered."""
        outcome = outcome or Outcome(Kind.EXITED, exit_code=0)
        job.ring.close()
        job.wake()
        job.job = dataclasses.replace(job.job, state=State.ENDED, outcome=outcome, ended=1700000001.0)
        self.call(job.exited.set)
        self.call(job.ended.set)

    def linger(self, job: PeerJob, left_behind: int) -> None:
        """The job's command has exited and left processes behind."""
        job.job = dataclasses.replace(job.job, state=State.ENDING, left_behind=left_behind, lingering=True)
        self.call(job.exited.set)

    def lose_collector(self) -> None:
        """Every wake pipe loses its writer."""
        for job in self.jobs.values():
            while job.wakes:
                os.close(job.wakes.pop())

    def drop(self) -> None:
        """Break every connection; the socket goes on listening."""

        def close_all() -> None:
            for channel in tuple(self.channels):
                channel.close()

        self.call(close_all)

    def notify(self, message: wire.Message) -> None:
        """As the engine does it: never more than the frontend has room for."""

        async def notify_all() -> None:
            for channel in tuple(self.channels):
                channel.notify(message)
                await channel.drained()

        self.wait_for(notify_all())

    def end_streams(self, job: str, user: str) -> int:
        async def ask() -> int:
            replies = [await channel.request(wire.EndStreams(job, user)) for channel in tuple(self.channels)]
            return sum(reply.count for reply in replies if isinstance(reply, wire.StreamCount))

        return self.wait_for(ask())

    def unanswered(self) -> int:
        """Requests that nobody answered or abandoned, after a while."""

        async def left() -> int:
            for channel in tuple(self.channels):
                await channel.answered(DEADLINE)
            return sum(len(channel._tasks) for channel in self.channels)

        return self.wait_for(left())

    def next_asked(self, kind: type[_T]) -> _T:
        """The next request of a kind; those before it are dropped."""
        while True:
            message = self.asked.get(timeout=DEADLINE)
            if isinstance(message, kind):
                return message

    def _accepting(self) -> None:
        assert self._listener is not None
        self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        assert self._listener is not None
        sock, _ = self._listener.accept()
        channel = Channel(sock, serve=self._serve, notice=lambda *_: None)
        self.channels.add(channel)
        channel.closed.add_done_callback(lambda _: self.channels.discard(channel))

    async def _serve(self, channel: Channel, message: wire.Message) -> Reply:
        self.asked.put(message)
        if type(message) in self.held:
            await self.held[type(message)].wait()
        if type(message) in self.answers:
            return self.answers[type(message)](message), ()
        match message:
            case wire.Connect():
                self.connected.put(None)
                return self.setup, ()
            case wire.Watch():
                return wire.Done(), ()
            case wire.ListJobs():
                jobs = [job.job for job in self.jobs.values()]
                begin = int(message.page or 0)
                page = jobs[begin : begin + PAGE]
                return wire.JobsReply(tuple(page), str(begin + PAGE) if begin + PAGE < len(jobs) else ""), ()
            case wire.GetJob():
                return wire.JobReply(self._find(message.job).job), ()
            case wire.AttachJob():
                job = self._find(message.job)
                return wire.JobReply(job.job), job.follow()
            case wire.WaitJob():
                job = self._find(message.job)
                await (job.exited if message.exit else job.ended).wait()
                return wire.JobReply(job.job), ()
            case wire.DetachJob():
                asked = wire.EndStreams(message.job, message.caller.name)
                replies = [await each.request(asked) for each in tuple(self.channels)]
                return wire.StreamCount(sum(r.count for r in replies if isinstance(r, wire.StreamCount))), ()
        raise TaskerError(Reason.REFUSED, f"cannot serve {type(message).__name__} in a test")

    def _find(self, id: str) -> PeerJob:
        for name, job in self.jobs.items():
            if name.startswith(id):
                return job
        raise TaskerError(Reason.NOT_FOUND, f"cannot find job {id}; `tasker list` shows all jobs")
