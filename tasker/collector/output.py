"""The output of one job: moves bytes from its pipe into its ring and wakes the followers. Never blocks."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable

from tasker.collector.loop import EDGE, READ, Loop
from tasker.collector.turns import TURN, Turns
from tasker.ring import RingWriter

PIPE = 1 << 20
"""Requested bytes of a pipe (the kernel's default limit for one). Its pages are charged to the job."""
_F_SETPIPE_SZ = fcntl.F_SETPIPE_SZ
_WAKE_PIPE = 4096
_WRITE_FOR_ALL = 0o622
"""Mode of a root job's pipe. A process that root's job has changed to another user may reopen `/dev/stderr`.

The mode alone grants nothing: a pipe has no path but /proc/PID/fd/N, which the kernel resolves only for PID itself and
for processes that may ptrace PID (proc_pid_fd(5)): root or the same uid. So only processes that share a uid with a
process of the job can write to the output, as with a job that started with that uid. Nobody gains read access, which
would take bytes away from the ring.
"""


class JobOutput:
    def __init__(
        self,
        capacity: int,
        owner: str,
        loop: Loop,
        turns: Turns,
        followers_changed: Callable[[], None],
        ended: Callable[[], None],
    ) -> None:
        """`owner`: the owner in whose turns the output is read. `ended` is called when the last process that holds the
        writing end has closed it."""
        self._owner = owner
        self._loop = loop
        self._turns = turns
        self._in_line = False
        self._followers_changed = followers_changed
        self._ended = ended
        self.ended_at = 0.0
        """When that happened (CLOCK_MONOTONIC); 0.0 before."""
        self._ring = RingWriter(capacity)
        self._pipe = -1
        self._followers: set[int] = set()

    @property
    def written(self) -> int:
        return self._ring.written

    @property
    def held(self) -> int:
        """The memory that the ring takes, in bytes."""
        return self._ring.held

    @property
    def followers(self) -> int:
        return len(self._followers)

    def open_pipe(self, uid: int) -> int:
        """Opens the pipe and returns its writing end, for the leader. Owner and mode let the job's processes reopen
        `/dev/stderr`.

        Only root's jobs can change their uid: all others have no_new_privs.
        """
        self._pipe, writer = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._pipe, False)
        with contextlib.suppress(OSError):  # quota for pipes reached: 64 KiB work, but more slowly
            fcntl.fcntl(self._pipe, _F_SETPIPE_SZ, PIPE)
        os.fchown(writer, uid, -1)
        if uid == 0:
            os.fchmod(writer, _WRITE_FOR_ALL)
        self._loop.add(self._pipe, READ | EDGE, self._readable)
        return writer

    def follow(self) -> tuple[int, int]:
        """Returns the descriptors of the ring and of a new wake pipe. The caller closes the latter after sending it."""
        wake, awake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        fcntl.fcntl(awake, _F_SETPIPE_SZ, _WAKE_PIPE)
        self._followers.add(awake)
        self._followers_changed()
        self._loop.add(awake, 0, lambda _events: self._drop(awake))
        return self._ring.fd, wake

    def finish(self) -> None:
        """Drains the pipe and closes the ring. The job's processes are dead, so the rest is finite. If a process
        outside the job still writes, this reads a bounded amount."""
        end = self.written + 2 * PIPE
        while self._pipe >= 0 and self.written < end and self._take(TURN):
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
        if not self._in_line:
            self._in_line = True
            self._turns.ready(self._owner, self._read)

    def _read(self, most: int) -> int:
        """Reads in the owner's turn; returns the number of bytes. After 0, the next event requests another turn."""
        count = self._take(most) if self._pipe >= 0 else 0
        if count:
            self._wake()
        else:
            self._in_line = False
        return count

    def _take(self, most: int) -> int:
        """Moves available bytes; returns their number, 0 if the pipe is empty or has ended."""
        try:
            count = self._ring.read_from(self._pipe, most)
        except BlockingIOError:
            return 0
        if count == 0:
            self._close_pipe()
            self.ended_at = time.monotonic()
            self._ended()
        return count

    def _wake(self) -> None:
        for awake in list(self._followers):
            try:
                os.write(awake, b"\n")
            except BlockingIOError:
                pass  # the pipe is full, so the follower has a wake-up pending
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
