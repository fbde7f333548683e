"""What the stub systemd reads of a process in /proc: its state, its group, its age and the job that it belongs to."""

from __future__ import annotations

import os
import select
from pathlib import Path

KERNEL_THREAD = 0x00200000
"""PF_KTHREAD in the flags of proc_pid_stat(5)."""
EXEC_TRIES = 1000
"""Milliseconds that a process may take for an execve()."""


def _fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on: number 3 of proc_pid_stat(5) is the first. Raises OSError."""
    # Any process's name, which stands before, may be any bytes.
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].decode().split()


def status(pid: int) -> tuple[str, int, int]:
    """(state, process group, start time in ticks). Raises OSError."""
    fields = _fields(pid)
    return fields[0], int(fields[2]), int(fields[19])


def job_of(pid: int) -> str | None:
    """The TASKER_JOB of a process. Raises OSError."""
    for _ in range(EXEC_TRIES):
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        if environment or not _has_environment(pid):
            break
        select.select([], [], [], 0.001)  # the end of an execve() is no event for anybody else
    for entry in environment.split(b"\0"):
        if entry.startswith(b"TASKER_JOB="):
            return os.fsdecode(entry[11:])
    return None


def _has_environment(pid: int) -> bool:
    """Whether a process has one, or will have: within execve() there is a new address space without one at first."""
    fields = _fields(pid)
    flags, begin, end = int(fields[6]), int(fields[47]), int(fields[48])
    return not flags & KERNEL_THREAD and fields[0] not in "ZX" and (end == 0 or begin != end)
