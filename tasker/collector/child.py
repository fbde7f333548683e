"""The code of the leader between fork and exec. Read this first when auditing.

The leader undoes what Python, the unit and the collector set up, becomes the job's user, reports that it is at the
gate, waits there, and executes the command. If the gate is closed instead of opened, it exits: no job runs without a
scope. After the fork, nothing is imported, no lock is taken, and control never returns to the collector's code.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import resource
import signal
from typing import NoReturn

from tasker.collector import whynot
from tasker.collector.report import AT_GATE, failure
from tasker.wire import ExecFailure, Launch

_PR_SET_NO_NEW_PRIVS = 38  # linux/prctl.h
_SYS_KEYCTL = 250  # on x86-64
_KEYCTL_JOIN_SESSION_KEYRING = 1  # linux/keyctl.h
OOM_SCORE_ADJ = 300
"""If the machine runs out of memory, the kernel kills a job before any service. That includes root's jobs."""
_OPEN_FILES = 1024  # the most descriptors that select(2) supports; a job may raise this soft limit to the hard limit
_LOWEST_KEPT = 16
_HIGHEST = (1 << 31) - 1
_libc = ctypes.CDLL(None, use_errno=True)


def run(launch: Launch, gate: int, output: int, report: int) -> NoReturn:
    """Becomes the job; never returns. Reads `gate`, writes `output` and `report`, closes all other descriptors."""
    step = "setup"
    try:
        os.setpgid(0, 0)
        gate, output, report = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _LOWEST_KEPT) for fd in (gate, output, report))
        _set_descriptors(gate, output, report)
        _set_signals()
        _set_limits()
        os.setpriority(os.PRIO_PROCESS, 0, launch.nice)
        _leave_keyring()
        _become(launch.uid, launch.gid, launch.groups)
        os.write(report, AT_GATE)
        if not os.read(gate, 1):
            os._exit(0)
        step = "directory"
        os.chdir(launch.working_directory)
        step = "execute"
        os.execvpe(launch.argv[0], launch.argv, launch.environment)  # noqa: S606 - no shell, on purpose
    except BaseException as error:
        number = (error.errno if isinstance(error, OSError) else None) or errno.EINVAL
        os.write(report, failure(step, number, _diagnose(step, launch, error)))
    finally:
        os._exit(127)


def _diagnose(step: str, launch: Launch, error: BaseException) -> ExecFailure | None:
    """Returns why `step` failed, as the job's user sees it; None if the cause cannot be found."""
    with contextlib.suppress(Exception):
        if step == "directory":
            return whynot.not_entered(launch.working_directory)
        if step == "execute" and isinstance(error, OSError):
            return whynot.not_executed(launch.argv[0], launch.environment, launch.working_directory, error)
    return None


def _set_descriptors(gate: int, output: int, report: int) -> None:
    os.dup2(os.open("/dev/null", os.O_RDWR), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    at = 3
    for kept in sorted((gate, report)):
        os.closerange(at, kept)
        at = kept + 1
    os.closerange(at, _HIGHEST)


def _set_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)  # Python ignores SIGPIPE, and ignored signals survive exec
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _set_limits() -> None:
    os.umask(0o022)
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(_OPEN_FILES, files), files))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with open("/proc/self/oom_score_adj", "r+") as score:
        # Without CAP_SYS_RESOURCE, a process cannot go below the value that root set; only root's jobs can.
        score.write(str(max(OOM_SCORE_ADJ, int(score.read()))))


def _leave_keyring() -> None:
    """Joins a new session keyring: systemd gives a service one, and all processes in it share its secrets."""
    if _libc.syscall(_SYS_KEYCTL, _KEYCTL_JOIN_SESSION_KEYRING, None) == -1 and ctypes.get_errno() != errno.ENOSYS:
        raise OSError(ctypes.get_errno(), "keyctl")


def _become(uid: int, gid: int, groups: tuple[int, ...]) -> None:
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)  # from here on, no process of that uid may trace or read this process
    if uid != 0 and _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")
