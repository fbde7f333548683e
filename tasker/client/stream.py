"""Drives a Course with blocking calls of grpc: an iterator that any thread can cancel."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import grpc

from tasker.client.resuming import Course
from tasker.client.translation import Translation
from tasker.errors import TaskerError

E = TypeVar("E")


class Stream(Iterator[E]):
    """An iterator. Raises TaskerError when the connection breaks and is not restored."""

    def __init__(self, course: Course[E], open: Callable[[Any], Any], translation: Translation) -> None:
        """`open` makes a call from a request. The first call is made at once."""
        self._course = course
        self._open = open
        self._translation = translation
        self._cancelled = threading.Event()
        course.asked(time.monotonic())
        self._call: Any = open(course.request())

    def __next__(self) -> E:
        while not (self._course.over or self._cancelled.is_set()):
            try:
                message = self._read()
                if message is not None:
                    self._translation.heard = True
                    return self._course.received(message, time.monotonic())
                self._course.closed()
            except TaskerError as error:
                if self._cancelled.is_set():
                    break
                if self._call is not None:
                    self._call.cancel()
                self._finish()
                if (event := self._broke(error)) is not None:
                    return event
        self._finish()
        raise StopIteration

    def cancel(self) -> None:
        """Ends the stream; the job keeps running. Received events may be discarded. For any thread."""
        self._cancelled.set()
        if (call := self._call) is not None:
            call.cancel()

    def _finish(self) -> None:
        """Reads the end of the call from grpc: otherwise, grpc's thread may abort a process that exits."""
        if (call := self._call) is not None:
            with suppress(grpc.RpcError):
                next(call, None)
            self._call = None

    def _read(self) -> Any:
        """Returns the next message; None at the end."""
        if self._call is None:
            if self._cancelled.wait(self._course.pause):
                return None
            self._call = self._open(self._course.request())
            if self._cancelled.is_set():  # cancel() saw no call
                self._call.cancel()
        try:
            with self._within(self._course.left(time.monotonic())):
                return next(self._call, None)
        except grpc.RpcError as error:
            raise self._translation.light(error) from error

    @contextmanager
    def _within(self, seconds: float | None) -> Iterator[None]:
        """Cancels the call after `seconds`. A timeout of grpc would apply to the whole stream."""
        if seconds is None or seconds > threading.TIMEOUT_MAX:
            yield
            return
        call, given_up = self._call, threading.Event()

        def give_up() -> None:
            given_up.set()
            call.cancel()

        timer = threading.Timer(seconds, give_up)
        timer.daemon = True
        timer.start()
        try:
            yield
        except grpc.RpcError as error:
            if given_up.is_set():  # grpc only reports the cancellation
                raise self._translation.silent() from error
            raise
        finally:
            timer.cancel()

    def _broke(self, error: TaskerError) -> E | None:
        try:
            return self._course.broke(error, time.monotonic(), self._translation.heard)
        except TaskerError as last:
            raise self._translation.explained(last) from error.__cause__
