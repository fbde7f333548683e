"""Decides which ended jobs are kept in memory, archived or deleted: [retention] of the configuration.

    in memory ──above `ended`, `age` or `memory`──▶ on disk ──above `archived` or `disk`──▶ deleted

If there are too many jobs, or they take too many bytes, the oldest job of the owner with the most (jobs or bytes) is
archived or deleted, so no owner loses a job while another owner has more. By age, the oldest of all jobs is archived.
Jobs are processed one at a time, in the background; running jobs are never removed. Retention is checked when a job
ends, when the oldest job reaches `age`, after a reload, and AGAIN seconds after the disk refused a job.
"""

from __future__ import annotations

import asyncio
import logging
import time

from tasker import config
from tasker.engine.archive import Archive
from tasker.engine.audit import AuditTrail
from tasker.engine.entry import Entry
from tasker.engine.jobtable import JobTable
from tasker.engine.kept import Kept
from tasker.engine.tasks import Tasks
from tasker.errors import Reason, TaskerError
from tasker.quantity import format_duration, format_size

log = logging.getLogger(__name__)

AGAIN = 60.0
"""Seconds until a job that the disk refused is tried again, unless a check is due earlier."""
SPARE = 1000
"""Ended jobs kept above `ended` while the disk refuses them, before starts are refused."""


class Retention:
    def __init__(
        self, limits: config.RetentionSection, table: JobTable, archive: Archive, audit: AuditTrail, tasks: Tasks
    ) -> None:
        self.limits = limits
        self._table = table
        self.archive = archive
        self._audit = audit
        self._tasks = tasks
        self._wanted = False
        self._at_work = False
        self._failed = False
        """The last job could not be archived, and that was logged."""
        self._timer: asyncio.TimerHandle | None = None

    def apply(self) -> None:
        """Archives and deletes, in the background, the jobs that exceed [retention]."""
        self._wanted = True
        if not self._at_work:
            self._at_work = True
            self._tasks.spawn(self._work())

    def demand_room(self) -> None:
        """Raises TaskerError(EXHAUSTED) if memory is full and the disk refuses jobs."""
        ended = self._table.ended
        if self._failed and (ended.size > self.limits.memory or len(ended) > self.limits.ended + SPARE):
            self.apply()  # there may be room by now
            text = f"cannot start a job: {len(ended)} ended jobs take {format_size(ended.size)} of memory"
            text += ", and cannot be written to the disk of /var/lib/tasker"
            raise TaskerError(Reason.EXHAUSTED, f"{text}; free space there, or ask an admin to, and try again")

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
        while (due := self._due()) is not None:
            entry, why = due
            if not self.limits.archived or not self.limits.disk:
                await self._forget(entry, why)
                continue
            try:
                await self.archive.keep(entry)
            except TaskerError as error:
                if not self._failed:
                    log.error("%s; it stays in memory, like all ended jobs, until there is space", error.message)
                self._failed = True
                return
            self._failed = False
            self._audit.job(
                entry.job, "archive", f"archived, {entry.archive_size} bytes on disk, {why}", actor="systemd"
            )

    def _due(self) -> tuple[Entry, str] | None:
        """The next job to leave memory, and why; None if all may stay."""
        ended = self._table.ended
        if (victim := _victim(ended, self.limits.ended, self.limits.memory, "in memory")) is not None:
            return victim
        if ended.oldest is not None and self._seconds_left(ended.oldest) <= 0:
            return ended.oldest, f"since it ended more than {format_duration(self.limits.age)} ago"
        return None

    def _seconds_left(self, entry: Entry) -> float:
        return (entry.job.clock.ended or 0.0) + self.limits.age - time.monotonic()

    async def _delete_what_is_too_much(self) -> None:
        limits = self.limits
        while (victim := _victim(self._table.archived, limits.archived, limits.disk, "on disk")) is not None:
            await self._forget(*victim)

    async def _forget(self, entry: Entry, why: str) -> None:
        self._audit.job(entry.job, "forget", f"forgotten, {why}", actor="systemd")
        await self.archive.delete(entry)

    def _arm(self) -> None:
        """Schedules the next check: when the oldest job reaches `age`."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        oldest = self._table.ended.oldest
        if oldest is not None:
            seconds = AGAIN if self._failed else max(0.0, self._seconds_left(oldest))
            self._timer = asyncio.get_running_loop().call_later(seconds, self.apply)


def _victim(kept: Kept, most: int, most_bytes: int, where: str) -> tuple[Entry, str] | None:
    """The oldest job of the owner with the most, if there are too many jobs or bytes, and why; else None."""
    if len(kept) > most:
        holding = kept.most_jobs()
        held = f"{len(holding)} of {len(kept)} ended jobs"
    elif kept.size > most_bytes:
        holding = kept.most_bytes()
        held = f"{format_size(holding.size)} of the {format_size(kept.size)} of ended jobs"
    else:
        return None
    return holding.oldest, f"to make room: {holding.owner} has most, {held} {where}"
