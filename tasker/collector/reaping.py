"""How a process ended, taken from the kernel.

Others of its uid may trace it, and it is theirs first: until they have reaped it or are gone, waitid shows it to nobody
else. So nothing here waits. Its status is in /proc meanwhile, where our own child keeps its number until we reap it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from tasker.wire import Exit

_EXIT_CODE = 49
"""Where it stands in /proc/PID/stat behind the name (proc(5)); of the whole process, as waitpid has it."""


def reap(pidfd: int) -> Exit | None:
    """Of one that has ended; None while a tracer has it, after which its pidfd is readable anew.

    Raises ChildProcessError if somebody else reaped it.
    """
    result = os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG)
    if result is None:
        return None
    if result.si_code == os.CLD_EXITED:
        return _now(code=result.si_status)
    return _now(signal=result.si_status, core_dumped=result.si_code == os.CLD_DUMPED)


def peek(pid: int) -> Exit:
    """Of one that has ended and is not reaped."""
    status = int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[_EXIT_CODE])
    if status == 0 and not _may_see(pid):
        return _now()
    if os.WIFEXITED(status):
        return _now(code=os.WEXITSTATUS(status))
    return _now(signal=os.WTERMSIG(status), core_dumped=os.WCOREDUMP(status))


def _now(*, code: int | None = None, signal: int | None = None, core_dumped: bool = False) -> Exit:
    return Exit(code, signal, core_dumped, time=time.time(), monotonic=time.monotonic())


def _may_see(pid: int) -> bool:
    """Whether 0 is its status: without CAP_SYS_PTRACE, as in some containers, that of another uid always reads as 0."""
    try:
        os.readlink(f"/proc/{pid}/exe")  # refused by the same rule
    except OSError as error:  # a zombie has none
        return not isinstance(error, PermissionError)
    return True
