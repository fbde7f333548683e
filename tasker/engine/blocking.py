"""Questions to what may hang, as a network file system or a name service can: each is asked in a thread of its own, for
a while, and holds nobody up but who asked."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
from collections.abc import Callable
from typing import TypeVar

from tasker.errors import Reason, TaskerError

_T = TypeVar("_T")
_PATIENCE = 5.0
"""Seconds for one question, with the wait for its turn."""
_MOST = 16
"""Threads; those that hang are among them until they have their answer."""


class Blocking:
    """Questions to one of those, which `whom` names in a sentence."""

    def __init__(self, whom: str, *, timeout: float = _PATIENCE) -> None:
        self._whom = whom
        self.timeout = timeout
        self._turns = asyncio.Semaphore(_MOST)

    async def ask(self, question: Callable[[], _T], cannot: str, instead: str) -> _T:
        """The answer. Raises what `question` raises; and TaskerError(UNAVAILABLE) where there is none, which says what
        one `cannot`, and what to do `instead`."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[_T] = loop.create_future()

        def ask() -> None:
            tell: Callable[[], None]
            try:
                tell = functools.partial(answer.set_result, question())
            except Exception as error:
                tell = functools.partial(answer.set_exception, error)
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(self._answered, answer, tell)

        try:
            async with asyncio.timeout(self.timeout):
                await self._turns.acquire()
                # A daemon: a thread that hangs must not hold up the engine's end, as one of the loop's own would.
                try:
                    threading.Thread(target=ask, name=self._whom, daemon=True).start()
                except RuntimeError as error:
                    self._turns.release()
                    text = f"{cannot}: there is no thread left to ask {self._whom} with; {instead}"
                    raise TaskerError(Reason.UNAVAILABLE, text) from error
                return await answer
        except TimeoutError:
            text = f"{cannot}: {self._whom} does not answer within {self.timeout:g} s; {instead}"
            raise TaskerError(Reason.UNAVAILABLE, text) from None

    def _answered(self, answer: asyncio.Future[_T], tell: Callable[[], None]) -> None:
        self._turns.release()
        if not answer.done():  # nobody waits any more
            tell()
