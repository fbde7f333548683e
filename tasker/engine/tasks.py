"""Background work that is completed even if its caller has disconnected."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Tasks:
    """Keeps tasks until they are done; asyncio keeps only weak references."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    async def to_its_end(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Runs `work` to its end, even if the caller is cancelled."""
        task = self.begin(work)
        return await asyncio.shield(task)

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        """Runs `work` in the background and logs its exceptions."""
        self.begin(work).add_done_callback(_log_failure)

    def begin(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Starts `work` and returns its task, which raises the exceptions of `work` when awaited."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task


def _log_failure(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("a defect in the life of a job", exc_info=error)
