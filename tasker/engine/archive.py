"""Ended jobs whose output is on disk instead of in memory: how they come there, how they are read, how they go.

    the files stand (archive_files.py) ─▶ the table says archived ─▶ the collector forgets its ring

Whoever attaches is served from memory up to the second step and from disk after it. An engine that dies in between
finds the files and lets the collector forget the job (reconcile.py). The loop never waits for a disk: threads do.
"""

from __future__ import annotations

import asyncio
import logging
import os

from tasker.engine.archive_files import ArchiveFiles, Cancelled
from tasker.engine.collector import Collector
from tasker.engine.entry import Entry
from tasker.engine.jobtable import JobTable
from tasker.engine.tasks import Tasks
from tasker.engine.unpacked import Unpacked
from tasker.errors import Reason, TaskerError
from tasker.job import Job
from tasker.lifecycle import State
from tasker.ring import RingReader

log = logging.getLogger(__name__)

AT_ONCE = 2
"""Jobs that are archived at the same time."""


class Archive:
    def __init__(self, files: ArchiveFiles, table: JobTable, collector: Collector, tasks: Tasks) -> None:
        self._files = files
        self._table = table
        self._collector = collector
        self._tasks = tasks
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[str, asyncio.Task[Job]] = {}
        self._unpacked = Unpacked(files, tasks)

    async def load(self) -> list[Entry]:
        """The archived jobs of this run, as an earlier engine left them."""
        try:
            found = await asyncio.to_thread(self._files.load)
        except OSError as error:
            log.error("cannot look at the archives: %s", error)
            return []
        return [Entry.of_archive(job, archive_size) for job, archive_size in found]

    async def keep(self, entry: Entry) -> Job:
        """Archive a job that has ended; one that is archived is no error. Raises TaskerError, with nothing changed."""
        job = entry.job
        if job.state is not State.ENDED:
            text = f"cannot archive job {job.id}: it is {job.state}"
            raise TaskerError(Reason.REFUSED, f"{text}; wait for its end, or stop it with tasker stop {job.id}")
        await entry.over.wait()
        if entry.job.archived:
            return entry.job
        work = self._under_way.get(job.id)
        if work is None:
            work = self._under_way[job.id] = self._tasks.begin(self._keep(entry))
            work.add_done_callback(lambda _: self._under_way.pop(job.id))
        return await asyncio.shield(work)

    async def _keep(self, entry: Entry) -> Job:
        id = entry.job.id
        async with self._turns:
            ring, wake = await self._collector.follow(id)
            os.close(wake)
            try:
                entry.archive_size = await asyncio.to_thread(self._write, entry.job, ring)
            except OSError as error:
                text = f"cannot archive job {id}: {error.strerror}; look at the disk of /var/lib/tasker"
                raise TaskerError(Reason.EXHAUSTED, text) from error
            except Cancelled as error:
                text = f"cannot archive job {id}: the engine is restarting; try again in a moment"
                raise TaskerError(Reason.UNAVAILABLE, text) from error
            finally:
                os.close(ring)
            if id not in self._table:
                await asyncio.to_thread(self._files.delete, id)
                text = f"cannot archive job {id}: it was forgotten meanwhile; tasker list shows what there is"
                raise TaskerError(Reason.NOT_FOUND, text)
            self._table.archive(entry)
            await self._collector.forget(id)
            return entry.job

    def _write(self, job: Job, descriptor: int) -> int:
        ring = RingReader(descriptor)
        try:
            return self._files.write(job, ring)
        finally:
            ring.free()

    async def follow(self, entry: Entry) -> tuple[int, int]:
        """As the collector's Follow: the ring and what to sleep on, the caller's to close. Raises TaskerError."""
        return await self._unpacked.follow(entry)

    async def delete(self, entry: Entry) -> None:
        """Forget an ended job, wherever its output is."""
        self._table.remove(entry)
        if entry.job.archived:
            try:
                await asyncio.to_thread(self._files.delete, entry.job.id)
            except OSError as error:
                log.error("cannot delete the archive of job %s: %s", entry.job.id, error)
        else:
            await self._collector.forget(entry.job.id)

    async def close(self, *, run_is_over: bool) -> None:
        """Leave what is under way, as it was before; with the run, everything goes."""
        self._files.stop.set()
        if self._under_way:
            await asyncio.wait(list(self._under_way.values()))
        if run_is_over:
            await asyncio.to_thread(self._files.delete_all)
