"""One job's output: from its pipe into its ring, and a byte to whoever follows. Never waits, for nobody."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable

from tasker.collector.loop import READ, Loop
from tasker.ring import RingWriter

PIPE = 1 << 20
"""Bytes of pipe asked for (the kernel's default limit for one). Its pages are charged to the job."""
TURN = 1 << 20
"""Bytes taken from one job before the others have their turn."""
_F_SETPIPE_SZ = fcntl.F_SETPIPE_SZ
_WAKE_PIPE = 4096
_WRITE_FOR_ALL = 0o622
"""Mode of a root job's pipe. A process that root's job turned into another user may open `/dev/stderr` again.

The mode alone lets nobody in: a pipe has no path but /proc/PID/fd/N, and the kernel resolves that only for PID itself
and for a process that may read PID with ptrace (proc_pid_fd(5)), that is root or the same uid. So the output gains
those writers who share a uid with a process of the job, as with a job that started with that uid. Nobody gains read
access, which would take bytes away from the ring.
"""


class JobOutput:
    def __init__(
        self, capacity: int, loop: Loop, followers_changed: Callable[[], None], ended: Callable[[], None]
    ) -> None:
        """`ended` is called when the last process that holds the writing end has closed it."""
        self._loop = loop
        self._followers_changed = followers_changed
        self._ended = ended
        self.ended_at = 0.0
        """When that was (CLOCK_MONOTONIC); 0.0 before."""
        self._ring = RingWriter(capacity)
        self._pipe = -1
        self._followers: set[int] = set()

    @property
    def written(self) -> int:
        return self._ring.written

    @property
    def held(self) -> int:
        """Bytes of memory that the ring takes."""
        return self._ring.held

    @property
    def followers(self) -> int:
        return len(self._followers)

    def open_pipe(self, uid: int) -> int:
        """The writing end, for the leader. Its owner and mode let the job's processes open `/dev/stderr` again.

        Only root's jobs can change their uid: all others have no_new_privs.
        """
        self._pipe, writer = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._pipe, False)
        with contextlib.suppress(OSError):  # past the user's share of pipe memory: 64 KiB do, only slower
            fcntl.fcntl(self._pipe, _F_SETPIPE_SZ, PIPE)
        os.fchown(writer, uid, -1)
        if uid == 0:
            os.fchmod(writer, _WRITE_FOR_ALL)
        self._loop.add(self._pipe, READ, self._readable)
        return writer

    def follow(self) -> tuple[int, int]:
        """(ring, wake): to read, and to sleep on. The second is the caller's to close once it is sent."""
        wake, awake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        fcntl.fcntl(awake, _F_SETPIPE_SZ, _WAKE_PIPE)
        self._followers.add(awake)
        self._followers_changed()
        self._loop.add(awake, 0, lambda _events: self._drop(awake))
        return self._ring.fd, wake

    def finish(self) -> None:
        """Take what is left in the pipe and close the ring. The job's processes are dead, so what is left is finite;
        should a stranger still write, no more than a pipe holds is taken."""
        end = self.written + 2 * PIPE
        while self._pipe >= 0 and self.written < end and self._take():
            pass
        self._close_pipe()
        self._ring.close()
        self._wake()

    def free(self) -> None:
        self._close_pipe()
        for awake in list(self._followers):
            self._drop(awake)
        self._ring.free()

    def _readable(self, _events: int) -> None:
        end = self.written + TURN
        while self._pipe >= 0 and self.written < end and self._take():
            pass
        self._wake()

    def _take(self) -> bool:
        """Move what is there; False where there is nothing now, or ever again."""
        try:
            count = self._ring.read_from(self._pipe, TURN)
        except BlockingIOError:
            return False
        if count == 0:
            self._close_pipe()
            self.ended_at = time.monotonic()
            self._ended()
        return count > 0

    def _wake(self) -> None:
        for awake in list(self._followers):
            try:
                os.write(awake, b"\n")
            except BlockingIOError:
                pass  # full: it is awake already
            except OSError:
                self._drop(awake)

    def _drop(self, awake: int) -> None:
        self._followers.discard(awake)
        self._followers_changed()
        self._loop.remove(awake)
        os.close(awake)

    def _close_pipe(self) -> None:
        if self._pipe >= 0:
            self._loop.remove(self._pipe)
            os.close(self._pipe)
            self._pipe = -1
