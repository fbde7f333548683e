"""Work that is carried to its end, whoever asked for it and is gone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Tasks:
    """asyncio keeps only weak references to tasks; this keeps them until they are done."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    async def to_its_end(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do it, even if who waits for it is cancelled meanwhile."""
        task = self.begin(work)
        return await asyncio.shield(task)

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        """Do it in the background; what goes wrong there is logged, since nobody waits for it."""
        self.begin(work).add_done_callback(_log_failure)

    def begin(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Do it; what goes wrong is told to who awaits the task."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task


def _log_failure(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("a defect in the life of a job", exc_info=error)
