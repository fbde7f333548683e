"""AsyncClient: Client for asyncio. Requests, conversion of answers and time limits are shared with Client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from functools import cached_property
from os import PathLike
from types import TracebackType
from typing import Any, Self, TypeVar
from weakref import WeakSet

import grpc.aio

from tasker.api.v1.tasker_pb2_grpc import TaskerStub
from tasker.client import calls, starting
from tasker.client.aiostream import AsyncAttachment, AsyncStream, AsyncWatching, answered, explained
from tasker.client.attachment import AttachCourse
from tasker.client.endpoint import endpoint, pem
from tasker.client.renamed import accepts_patience
from tasker.client.resuming import RECONNECT_TIMEOUT, Asking, Stop, Wait
from tasker.client.watching import WatchCourse
from tasker.errors import TaskerError
from tasker.info import Info
from tasker.job import Job, JobSpec
from tasker.limits import Limits

T = TypeVar("T")
S = TypeVar("S", bound=AsyncStream[Any])


class AsyncClient:
    """A client for one event loop. Each method behaves like that of Client, which documents it.

    >>> async def hello():
    ...     async with AsyncClient.from_files(address, ca=ca, certificate=certificate, key=key) as client:
    ...         job = await client.start(JobSpec(("echo", "hello")))
    ...         async for event in client.attach(job.id):
    ...             if isinstance(event, Chunk):
    ...                 print(event.data)
    ...         return (await client.wait(job.id)).outcome.summary
    >>> asyncio.run(hello())
    b'hello\\n'
    'exited with code 0'
    """

    def __init__(self, address: str, *, ca: bytes, certificate: bytes, key: bytes) -> None:
        self._end = endpoint(address, ca, certificate, key)
        self._translation = self._end.translation
        self._streams: WeakSet[AsyncStream[Any]] = WeakSet()
        self._closed = False

    @classmethod
    def from_files(
        cls, address: str, *, ca: str | PathLike[str], certificate: str | PathLike[str], key: str | PathLike[str]
    ) -> Self:
        return cls(address, **pem(ca, certificate, key))

    @cached_property
    def _channel(self) -> grpc.aio.Channel:
        """The channel; created by the first call, for the loop that runs then."""
        return grpc.aio.secure_channel(self._end.target, self._end.credentials, self._end.options)

    @cached_property
    def _stub(self) -> Any:
        return TaskerStub(self._channel)  # type: ignore[no-untyped-call]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        self._closed = True
        for stream in tuple(self._streams):
            stream.cancel()
        await self._channel.close()

    async def start(
        self,
        spec: JobSpec,
        *,
        start_timeout: float = starting.START_TIMEOUT,
        postponed: starting.Postponed | None = None,
    ) -> Job:
        return await self._insist(starting.Start(spec, start_timeout, postponed))

    @accepts_patience
    async def stop(self, job: str, grace: float | None = None, *, reconnect_timeout: float = 0.0) -> Job:
        return await self._insist(Stop(job, grace, reconnect_timeout))

    async def get(self, job: str) -> Job:
        return await self._ask(calls.get(job))

    async def list(self, *, owner: str = "", running: bool = False, archived: bool = False) -> AsyncIterator[Job]:
        """Use it as `async for job in client.list()`."""
        token = ""
        while True:
            page = await self._ask(calls.page(owner, running, archived, token))
            for job in page.jobs:
                yield job
            token = page.next
            if not token:
                return

    @accepts_patience
    async def wait(self, job: str, *, reconnect_timeout: float = RECONNECT_TIMEOUT) -> Job:
        return await self._insist(Wait(job, reconnect_timeout))

    async def limit(self, job: str, limits: Limits, lift: tuple[str, ...] = ()) -> Job:
        return await self._ask(calls.limit(job, limits, lift))

    async def signal(self, job: str, number: int) -> Job:
        return await self._ask(calls.signal(job, number))

    async def pause(self, job: str) -> Job:
        return await self._ask(calls.pause(job))

    async def resume(self, job: str) -> Job:
        return await self._ask(calls.resume(job))

    async def archive(self, job: str) -> Job:
        return await self._ask(calls.archive(job))

    async def detach(self, job: str) -> int:
        return await self._ask(calls.detach(job))

    async def info(self) -> Info:
        return await self._ask(calls.info())

    @accepts_patience
    def attach(
        self,
        job: str,
        *,
        offset: int | None = None,
        last_bytes: int | None = None,
        last_lines: int | None = None,
        last_time: float | None = None,
        follow: bool = True,
        timestamps: bool = False,
        reconnect_timeout: float = RECONNECT_TIMEOUT,
    ) -> AsyncAttachment:
        """Call it inside the loop: the stream begins at once."""
        request = calls.attach(
            job,
            offset=offset,
            last_bytes=last_bytes,
            last_lines=last_lines,
            last_time=last_time,
            follow=follow,
            timestamps=timestamps,
        )
        return self._opened(
            AsyncAttachment(AttachCourse(request, reconnect_timeout), self._stub.AttachJob, self._translation)
        )

    @accepts_patience
    def watch(
        self, *, job: str = "", owner: str = "", usage: bool = False, reconnect_timeout: float = RECONNECT_TIMEOUT
    ) -> AsyncWatching:
        """Call it inside the loop: the stream begins at once."""
        course = WatchCourse(calls.watch(job, owner, usage), reconnect_timeout)
        return self._opened(AsyncWatching(course, self._stub.WatchJobs, self._translation))

    def _opened(self, stream: S) -> S:
        self._streams.add(stream)
        return stream

    async def _ask(self, call: calls.Call[T]) -> T:
        try:
            return await self._exchange(call)
        except TaskerError as error:
            raise await explained(error, self._translation) from error.__cause__

    async def _insist(self, asking: Asking) -> Job:
        while True:
            try:
                job = await self._exchange(asking.call(time.monotonic()))
                if asking.answered(job, time.monotonic()):
                    return job
            except TaskerError as error:
                try:
                    pause = asking.broke(error, time.monotonic(), self._translation.heard)
                except TaskerError as last:
                    raise await explained(last, self._translation) from error.__cause__
                await asyncio.sleep(pause)
                if self._closed:
                    raise

    async def _exchange(self, call: calls.Call[T]) -> T:
        asking = getattr(self._stub, call.method)(call.request, timeout=call.seconds)
        answer = await answered(asking, self._translation)
        self._translation.heard = True
        return call.read(answer)
