"""How a process ended, taken from the kernel exactly once."""

from __future__ import annotations

import os
import time

from tasker.wire import Exit


def reap(pidfd: int) -> Exit:
    """Wait for a process that has ended and close its pidfd. Raises ChildProcessError if somebody else reaped it."""
    result = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
    os.close(pidfd)
    if result is None:
        raise ChildProcessError("nothing to reap")
    if result.si_code == os.CLD_EXITED:
        return Exit(code=result.si_status, signal=None, core_dumped=False, time=time.time())
    return Exit(code=None, signal=result.si_status, core_dumped=result.si_code == os.CLD_DUMPED, time=time.time())
