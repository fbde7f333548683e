"""The typed interface to the collector: one method per request. Replies are checked here.

    connect ──▶ Hello → Welcome ──▶ requests … ──▶ `closed`: the connection has closed, and the engine exits

The collector keeps running when the engine is upgraded, so it may be older than this code. Welcome contains its minor
version (`minor`); a request that sets a newer field is refused and not sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from tasker import wire
from tasker.channel import Channel, Reply, close_all
from tasker.errors import Reason, TaskerError, invalid

_DEADLINE = 30.0
"""Seconds for each reply. The collector never blocks; if a reply takes longer, the engine exits, and the next engine
connects again."""
_TO_GATE = 30.0
"""Seconds for a leader to reach its gate, and as many from there to exec. If it takes longer, a file system hangs."""

_Answer = TypeVar("_Answer", bound=wire.Message)


class Listener(Protocol):
    """Receives the collector's notices."""

    def exited(self, notice: wire.Exited) -> None: ...

    def output_ended(self, notice: wire.OutputEnded) -> None: ...

    def followed(self, notice: wire.FollowerCount) -> None: ...


class Collector:
    def __init__(self, sock: socket.socket) -> None:
        """`sock` is connected; this object closes it. Use `connect`, which also sends Hello."""
        self._channel = Channel(sock, serve=_refuse, notice=self._notice, deadline=_DEADLINE)
        self._listener: Listener | None = None
        self._minor = 0
        self.run = ""
        """The id of the run."""
        self.closed = self._channel.closed
        """Done when the connection has closed."""

    @classmethod
    async def connect(cls, path: Path) -> Collector:
        """Connects to the collector at `path`. Raises TaskerError if there is none, or if it speaks another version."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        try:
            sock.connect(str(path))
        except OSError as error:
            sock.close()
            text = f"cannot reach the collector at {path}: {error.strerror}; systemctl status tasker-collector"
            raise TaskerError(Reason.UNAVAILABLE, text) from error
        collector = cls(sock)
        try:
            welcome = await collector._ask(wire.Hello(wire.COLLECTOR_VERSION), wire.Welcome)
        except TaskerError:
            collector.close()
            raise
        collector.run, collector._minor = welcome.run, welcome.minor
        return collector

    def listen(self, listener: Listener) -> None:
        """Passes notices to `listener` from now on. Earlier notices are dropped: `leaders` returns the current
        state."""
        self._listener = listener

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    async def launch(self, request: wire.Launch) -> int:
        """Forks a leader, which waits at its gate. Returns its pid. Raises TaskerError."""
        with _in_time(request.job):
            return (await asyncio.wait_for(self._ask(request, wire.Launched), _TO_GATE)).pid

    async def release(self, job: str) -> wire.Released:
        """Opens a leader's gate and waits until exec has succeeded or failed. Raises TaskerError."""
        with _in_time(job):
            return await asyncio.wait_for(self._ask(wire.Release(job), wire.Released), _TO_GATE)

    async def store_record(self, job: str, record: str) -> None:
        """Replaces the stored record of a job, which the next engine reads. Raises TaskerError."""
        await self._ask(wire.StoreRecord(job, record), wire.Done)

    async def signal(self, job: str, number: int) -> None:
        """Sends a signal to the leader's process group, unless the leader has exited. Raises TaskerError."""
        await self._ask(wire.Signal(job, number), wire.Done)

    async def follow(self, job: str) -> tuple[int, int]:
        """Returns two descriptors, which the caller closes: the job's ring, and the reading end of a wake pipe. The
        collector writes a byte into the pipe whenever the ring grows or is closed. Raises TaskerError."""
        _, (ring, wake) = await self._ask_for(wire.Follow(job), wire.Done, 2)
        return ring, wake

    async def finish(self, job: str) -> wire.Finished:
        """Drains the pipe of a job whose processes are dead, and closes its ring. Raises TaskerError."""
        return await self._ask(wire.Finish(job), wire.Finished)

    async def forget(self, job: str) -> None:
        """Removes a job that was never released (the collector kills its leader) or that is finished. Raises
        TaskerError."""
        await self._ask(wire.Forget(job), wire.Done)

    async def leaders(self) -> list[wire.Leader]:
        """Every job of the collector, in the order of launch. Raises TaskerError."""
        leaders: list[wire.Leader] = []
        more = True
        while more:
            page = await self._ask(wire.ListLeaders(leaders[-1].number if leaders else 0), wire.Leaders)
            leaders += page.leaders
            more = page.more
        return leaders

    async def _ask(self, message: wire.Message, answer: type[_Answer]) -> _Answer:
        return (await self._ask_for(message, answer, 0))[0]

    async def _ask_for(self, message: wire.Message, answer: type[_Answer], count: int) -> tuple[_Answer, Sequence[int]]:
        """Returns the reply, checked to be an `answer` with `count` descriptors."""
        if (what := wire.unknown_to(self._minor, message)) is not None:
            text = f"cannot {what}: the collector of this run is older"
            raise TaskerError(Reason.REFUSED, f"{text}; it works after systemctl stop tasker and start")
        reply, descriptors = await self._channel.request_with_descriptors(message)
        if isinstance(reply, answer) and len(descriptors) == count:
            return reply, descriptors
        close_all(descriptors)
        raise TaskerError(Reason.INTERNAL, f"cannot use the collector's answer to {type(message).__name__}")

    def _notice(self, _channel: Channel, message: wire.Message) -> None:
        if self._listener is None:
            return
        if isinstance(message, wire.Exited):
            self._listener.exited(message)
        elif isinstance(message, wire.OutputEnded):
            self._listener.output_ended(message)
        elif isinstance(message, wire.FollowerCount):
            self._listener.followed(message)


@contextlib.contextmanager
def _in_time(job: str) -> Iterator[None]:
    """Raises a TaskerError with an explanation if the leader misses its deadline."""
    try:
        yield
    except TimeoutError:
        text = f"cannot start job {job}: its process did not run within {_TO_GATE:g} s"
        raise TaskerError(Reason.REFUSED, f"{text}; check whether the disk of its command hangs") from None


async def _refuse(_channel: Channel, message: wire.Message) -> Reply:
    raise invalid(f"cannot serve {type(message).__name__}: the collector sends no requests")
