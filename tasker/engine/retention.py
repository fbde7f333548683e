"""What is kept of jobs that have ended, and for how long: [retention] of the configuration.

    in memory ──past `ended`, `age` or `memory`──▶ on disk ──past `archived` or `disk`──▶ gone

The one that ended first goes first, one at a time, in the background. Nothing here touches a job that runs. Looked at
when a job ends, when the oldest comes of age, when another configuration holds; where the disk refuses, after a while.
"""

from __future__ import annotations

import asyncio
import logging
import time

from tasker import config
from tasker.engine.archive import Archive
from tasker.engine.entry import Entry
from tasker.engine.journal import Journal
from tasker.engine.table import Table
from tasker.engine.tasks import Tasks
from tasker.errors import Reason, TaskerError
from tasker.quantity import format_size

log = logging.getLogger(__name__)

AGAIN = 60.0
"""Seconds until what the disk refused is tried again, unless something else happens before."""
SPARE = 1000
"""Ended jobs past `ended` that are kept where the disk refuses, and more are started all the same."""


class Retention:
    def __init__(
        self, limits: config.Retention, table: Table, archive: Archive, journal: Journal, tasks: Tasks
    ) -> None:
        self.limits = limits
        self._table = table
        self._archive = archive
        self._journal = journal
        self._tasks = tasks
        self._wanted = False
        self._at_work = False
        self._failed = False
        """The last job could not be archived, and that was said."""
        self._timer: asyncio.TimerHandle | None = None

    def apply(self) -> None:
        """There may be too much of something now."""
        self._wanted = True
        if not self._at_work:
            self._at_work = True
            self._tasks.spawn(self._work())

    def demand_room(self) -> None:
        """Raise TaskerError(EXHAUSTED) where memory is full and the disk refuses: one more would take what is left."""
        kept = self._table.memory
        if self._failed and (kept > self.limits.memory or len(self._table.ended) > self.limits.ended + SPARE):
            self.apply()  # there may be room by now
            text = f"cannot start a job: {len(self._table.ended)} ended ones take {format_size(kept)} of memory"
            text += ", and the disk of /var/lib/tasker refuses them"
            raise TaskerError(Reason.EXHAUSTED, f"{text}; make room there, or ask an admin to, and try again")

    async def _work(self) -> None:
        try:
            while self._wanted:
                self._wanted = False
                await self._archive_what_is_due()
                await self._delete_what_is_too_much()
        finally:
            self._at_work = False
            self._arm()

    async def _archive_what_is_due(self) -> None:
        while (entry := self._table.first_ended) is not None and self._is_due(entry):
            if not self.limits.archived or not self.limits.disk:
                await self._forget(entry)
                continue
            try:
                await self._archive.keep(entry)
            except TaskerError as error:
                if not self._failed:
                    log.error("%s; it stays in memory, and so do those that ended after it", error.message)
                self._failed = True
                return
            self._failed = False
            text = f"archived, {entry.stored} bytes on disk, to make room for newer ones"
            self._journal.job(entry.job, "archive", text, actor="systemd")

    def _is_due(self, entry: Entry) -> bool:
        too_many = len(self._table.ended) > self.limits.ended or self._table.memory > self.limits.memory
        return too_many or self._seconds_left(entry) <= 0

    def _seconds_left(self, entry: Entry) -> float:
        return (entry.job.clock.ended or 0.0) + self.limits.age - time.monotonic()

    async def _delete_what_is_too_much(self) -> None:
        while (entry := self._table.first_archived) is not None:
            if len(self._table.archived) <= self.limits.archived and self._table.disk <= self.limits.disk:
                break
            await self._forget(entry)

    async def _forget(self, entry: Entry) -> None:
        self._journal.job(entry.job, "forget", "forgotten, to make room for newer ones", actor="systemd")
        await self._archive.delete(entry)

    def _arm(self) -> None:
        """Look again when the oldest comes of age."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        oldest = self._table.first_ended
        if oldest is not None:
            seconds = AGAIN if self._failed else max(0.0, self._seconds_left(oldest))
            self._timer = asyncio.get_running_loop().call_later(seconds, self.apply)
