"""Archived output for followers: unpacked into an unnamed file as a ring that all followers of the job share.

A follower gets a ring and a wake pipe, as from the collector. Nothing is written to the pipe; when the follower closes
it, the engine is notified through the other end. The file is deleted with the last follower.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass

from tasker.engine.archive_files import ArchiveFiles, Cancelled
from tasker.engine.entry import Entry
from tasker.engine.tasks import Tasks
from tasker.errors import Reason, TaskerError
from tasker.job import Job

AT_ONCE = 2
"""Outputs that are unpacked at the same time."""
MOST, MOST_OF_ONE = 64, 16
"""Outputs, of all owners and of one, that are unpacked on disk at the same time."""
_F_SETPIPE_SZ = fcntl.F_SETPIPE_SZ
_WAKE_PIPE = 4096


@dataclass
class _UnpackedOutput:
    owner: str
    ring: asyncio.Task[int]
    """The result is the descriptor."""
    users: int = 0
    """Followers, including those that wait for the ring."""


class Unpacked:
    def __init__(self, files: ArchiveFiles, tasks: Tasks) -> None:
        self._files = files
        self._tasks = tasks
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._outputs: dict[str, _UnpackedOutput] = {}

    async def follow(self, entry: Entry) -> tuple[int, int]:
        """Returns the ring and the wake pipe, which the caller closes. Raises TaskerError."""
        id = entry.job.id
        output = self._outputs.get(id)
        if output is None:
            self._demand_room(entry.job)
            output = self._outputs[id] = _UnpackedOutput(entry.job.owner, self._tasks.begin(self._unpack(id)))
        output.users += 1
        try:
            ring = await asyncio.shield(output.ring)
            return self._joined(id, output, ring, lambda: entry.change(followers=output.users))
        except BaseException:
            self._leave(id, output)
            raise

    def _demand_room(self, job: Job) -> None:
        owners = [output.owner for output in self._outputs.values()]
        for whose, count, most in (("", len(owners), MOST), (f" of {job.owner}", owners.count(job.owner), MOST_OF_ONE)):
            if count >= most:
                text = f"cannot attach to job {job.id}: {most} other archived jobs{whose} are being read already"
                raise TaskerError(Reason.EXHAUSTED, f"{text}; try again when one of them has been read")

    async def _unpack(self, id: str) -> int:
        async with self._turns:
            try:
                return await asyncio.to_thread(self._files.unpack, id)
            except FileNotFoundError as error:
                text = f"cannot attach to job {id}: its archive was deleted; tasker list shows all jobs"
                raise TaskerError(Reason.NOT_FOUND, text) from error
            except OSError as error:
                text = f"cannot unpack the output of job {id} to /var/lib/tasker: {error.strerror}"
                raise TaskerError(Reason.EXHAUSTED, f"{text}; free space there, or ask an admin to") from error
            except Cancelled as error:
                text = f"cannot unpack the output of job {id}: the engine is restarting; try again in a moment"
                raise TaskerError(Reason.UNAVAILABLE, text) from error
            except ValueError as error:
                text = f"cannot unpack the output of job {id}: its archive is damaged ({error})"
                raise TaskerError(Reason.INTERNAL, text) from error

    def _joined(self, id: str, output: _UnpackedOutput, ring: int, counted: Callable[[], None]) -> tuple[int, int]:
        try:
            ring = os.dup(ring)
        except OSError as error:
            raise TaskerError(Reason.EXHAUSTED, f"cannot attach to job {id}: {error.strerror}") from error
        try:
            wake, awake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            os.close(ring)
            raise TaskerError(Reason.EXHAUSTED, f"cannot attach to job {id}: {error.strerror}") from error
        fcntl.fcntl(awake, _F_SETPIPE_SZ, _WAKE_PIPE)

        def gone() -> None:
            asyncio.get_running_loop().remove_reader(awake)
            os.close(awake)
            self._leave(id, output)
            counted()

        asyncio.get_running_loop().add_reader(awake, gone)  # never readable before the follower closes its end
        counted()
        return ring, wake

    def _leave(self, id: str, output: _UnpackedOutput) -> None:
        output.users -= 1
        if output.users == 0:
            del self._outputs[id]
            output.ring.add_done_callback(_close)


def _close(ring: asyncio.Task[int]) -> None:
    if not ring.cancelled() and ring.exception() is None:
        os.close(ring.result())
