"""Drives a Course with grpc.aio: the asyncio counterpart of stream.py. Use a stream in one task only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, TypeVar

import grpc
import grpc.aio

from tasker.client.attachment import AttachCourse
from tasker.client.events import Event
from tasker.client.resuming import Course
from tasker.client.translation import Translation
from tasker.client.watching import News
from tasker.errors import TaskerError

E = TypeVar("E")


class AsyncStream(AsyncIterator[E]):
    """An asynchronous iterator. Raises TaskerError when the connection breaks and is not restored."""

    def __init__(self, course: Course[E], open: Callable[[Any], Any], translation: Translation) -> None:
        """`open` makes a call from a request. The first call is made at once."""
        self._course = course
        self._open = open
        self._translation = translation
        self._cancelled = asyncio.Event()
        course.asked(time.monotonic())
        self._call: Any = open(course.request())

    async def __anext__(self) -> E:
        while not (self._course.over or self._cancelled.is_set()):
            try:
                message = await self._read()
                if message is not None:
                    self._translation.heard = True
                    return self._course.received(message, time.monotonic())
                self._course.closed()
            except TaskerError as error:
                if self._cancelled.is_set():
                    break
                self._drop()
                if (event := await self._broke(error)) is not None:
                    return event
        await self._finish()
        raise StopAsyncIteration

    def cancel(self) -> None:
        """Ends the stream; the job keeps running. Received events may be discarded."""
        self._cancelled.set()
        self._drop()

    def _drop(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    async def _finish(self) -> None:
        """Reads the end of the call from grpc; a finished call must not be cancelled."""
        if self._call is not None:
            with suppress(TaskerError):
                await answered(self._call.read(), self._translation)
            self._drop()

    async def _read(self) -> Any:
        """Returns the next message; None at the end."""
        if self._call is None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._cancelled.wait(), self._course.pause)
                return None
            self._call = self._open(self._course.request())
        left = self._course.left(time.monotonic())
        message = await answered(self._call.read(), self._translation, left)
        return None if message is grpc.aio.EOF else message

    async def _broke(self, error: TaskerError) -> E | None:
        try:
            return self._course.broke(error, time.monotonic(), self._translation.heard)
        except TaskerError as last:
            raise await explained(last, self._translation) from error.__cause__


class AsyncAttachment(AsyncStream[Event]):
    """Iterate over it. Raises TaskerError when the connection is not restored; then attach again at `offset`."""

    _course: AttachCourse

    @property
    def offset(self) -> int | None:
        """The first byte that was not received yet; None before Attached."""
        return self._course.offset


class AsyncWatching(AsyncStream[News]):
    """Iterate over it; `cancel` ends it. Raises TaskerError when the connection is not restored."""


async def answered(reading: Any, translation: Translation, seconds: float | None = None) -> Any:
    """Awaits a result of grpc.aio, for at most `seconds`. Raises TaskerError instead of errors of grpc."""
    try:
        async with asyncio.timeout(None if seconds == float("inf") else seconds):
            return await reading
    except TimeoutError:
        raise translation.silent() from None
    except grpc.aio.AioRpcError as error:
        raise translation.light(error) from error
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise translation.silent() from None  # the call was cancelled by grpc, not this task


async def explained(error: TaskerError, translation: Translation) -> TaskerError:
    """Returns the error to show. Connects to the server in a thread to find the reason."""
    return await asyncio.to_thread(translation.explained, error)
