"""How a process ended, as the kernel reports it.

Another process of the same uid may trace the leader. Then waitid does not report the leader's exit to its parent until
the tracer has reaped the leader or exited. So no function here waits. In the meantime, the status is read from /proc;
the pid cannot be reused before the leader is reaped.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from tasker.wire import Exit

_EXIT_CODE = 49
"""Position in /proc/PID/stat after the name (proc(5)): the status of the whole process, as waitpid returns it."""


def reap(pidfd: int) -> Exit | None:
    """Reaps a process that has exited. Returns None while a tracer holds it; after that, its pidfd is readable again.

    Raises ChildProcessError if it was reaped already.
    """
    result = os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG)
    if result is None:
        return None
    if result.si_code == os.CLD_EXITED:
        return _now(code=result.si_status)
    return _now(signal=result.si_status, core_dumped=result.si_code == os.CLD_DUMPED)


def peek(pid: int) -> Exit:
    """Reads the exit status of a process that is not reaped yet."""
    status = int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[_EXIT_CODE])
    if status == 0 and not _may_see(pid):
        return _now()
    if os.WIFEXITED(status):
        return _now(code=os.WEXITSTATUS(status))
    return _now(signal=os.WTERMSIG(status), core_dumped=os.WCOREDUMP(status))


def _now(*, code: int | None = None, signal: int | None = None, core_dumped: bool = False) -> Exit:
    return Exit(code, signal, core_dumped, time=time.time(), monotonic=time.monotonic())


def _may_see(pid: int) -> bool:
    """Whether a status of 0 is real. Without CAP_SYS_PTRACE, as in some containers, the status of a process of another
    uid is shown as 0."""
    try:
        os.readlink(f"/proc/{pid}/exe")  # subject to the same check
    except OSError as error:  # a zombie has no exe
        return not isinstance(error, PermissionError)
    return True
