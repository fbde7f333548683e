"""Runs blocking calls (file system, name service) in threads, with a timeout. Only the caller waits."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
from collections.abc import Callable
from typing import TypeVar

from tasker.errors import Reason, TaskerError

_T = TypeVar("_T")
_TIMEOUT = 5.0
"""Seconds for one call, including the wait for a free thread."""
_MOST_THREADS = 16
"""A thread whose call hangs counts until the call returns."""


class Blocking:
    def __init__(self, service: str, *, timeout: float = _TIMEOUT) -> None:
        """`service` names what the calls depend on, for errors."""
        self._service = service
        self.timeout = timeout
        self._threads = asyncio.Semaphore(_MOST_THREADS)

    async def run(self, call: Callable[[], _T], cannot: str, instead: str) -> _T:
        """Returns the result of `call`, run in a thread of its own.

        Raises what `call` raises, and TaskerError(UNAVAILABLE) if there is no result in time. `cannot` begins the
        sentence of that error, `instead` ends it with what to do.
        """
        loop = asyncio.get_running_loop()
        result: asyncio.Future[_T] = loop.create_future()

        def work() -> None:
            deliver: Callable[[], None]
            try:
                deliver = functools.partial(result.set_result, call())
            except Exception as error:
                deliver = functools.partial(result.set_exception, error)
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._finish, result, deliver)

        try:
            async with asyncio.timeout(self.timeout):
                await self._threads.acquire()
                # A daemon thread: unlike a thread of the loop's executor, it does not delay the exit of the engine.
                try:
                    threading.Thread(target=work, name=self._service, daemon=True).start()
                except RuntimeError as error:
                    self._threads.release()
                    text = f"{cannot}: no thread is free for a call to {self._service}; {instead}"
                    raise TaskerError(Reason.UNAVAILABLE, text) from error
                return await result
        except TimeoutError:
            text = f"{cannot}: {self._service} does not answer within {self.timeout:g} s; {instead}"
            raise TaskerError(Reason.UNAVAILABLE, text) from None

    def _finish(self, result: asyncio.Future[_T], deliver: Callable[[], None]) -> None:
        self._threads.release()
        if not result.done():  # else the caller has timed out or was cancelled
            deliver()
