"""Ended jobs whose output is on disk instead of in memory: archiving, reading and deleting them.

    files complete (archive_files.py) ─▶ the table marks the job archived ─▶ the collector frees the ring

Followers read from memory until the second step and from disk after it. If the engine dies between the steps, its
successor finds the files and tells the collector to forget the job (reconcile.py). Disk access runs in threads, so it
never blocks the event loop.
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
        """The archived jobs of this run, read from disk."""
        try:
            found = await asyncio.to_thread(self._files.load)
        except OSError as error:
            log.error("cannot read the archives: %s", error)
            return []
        return [Entry.of_archive(job, archive_size) for job, archive_size in found]

    async def keep(self, entry: Entry) -> Job:
        """Archives an ended job; returns at once if it is archived already. Raises TaskerError and changes nothing on
        failure."""
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
                text = f"cannot archive job {id}: {error.strerror}; check the disk of /var/lib/tasker"
                raise TaskerError(Reason.EXHAUSTED, text) from error
            except Cancelled as error:
                text = f"cannot archive job {id}: the engine is restarting; try again in a moment"
                raise TaskerError(Reason.UNAVAILABLE, text) from error
            finally:
                os.close(ring)
            if id not in self._table:
                await asyncio.to_thread(self._files.delete, id)
                text = f"cannot archive job {id}: it was deleted meanwhile; tasker list shows all jobs"
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
        """Returns the ring and the wake pipe of an archived job, like Collector.follow; the caller closes both. Raises
        TaskerError."""
        return await self._unpacked.follow(entry)

    async def delete(self, entry: Entry) -> None:
        """Deletes an ended job and its output, from memory or from disk."""
        self._table.remove(entry)
        if entry.job.archived:
            try:
                await asyncio.to_thread(self._files.delete, entry.job.id)
            except OSError as error:
                log.error("cannot delete the archive of job %s: %s", entry.job.id, error)
        else:
            await self._collector.forget(entry.job.id)

    async def close(self, *, run_is_over: bool) -> None:
        """Cancels archiving in progress; the affected jobs stay in memory. At the end of the run, deletes all
        archives."""
        self._files.stop.set()
        if self._under_way:
            await asyncio.wait(list(self._under_way.values()))
        if run_is_over:
            await asyncio.to_thread(self._files.delete_all)
