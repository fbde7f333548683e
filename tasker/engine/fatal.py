"""Determines whether a signal terminates a process: if its default action does, and the process neither handles nor
ignores it.

Reads /proc/PID/status (proc(5)). A process that no longer exists has no signals.
"""

from __future__ import annotations

import signal
from pathlib import Path

ACTS_WITHIN = 1.0
"""Seconds within which a terminating process exits, unless a disk or a tracer delays it."""
_HARMLESS = frozenset(
    (
        *(signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH),
        *(signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU),
    )
)


def ends(pid: int, number: int) -> bool:
    """Whether `number` terminates the process, now or as soon as the process unblocks it."""
    return number not in _HARMLESS and not _sets(pid, "SigCgt", "SigIgn") >> (number - 1) & 1


def is_pending(pid: int) -> bool:
    """Whether a signal that terminates the process is pending."""
    pending = _sets(pid, "SigPnd", "ShdPnd")
    return any(pending >> (number - 1) & 1 and ends(pid, number) for number in range(1, 65))


def _sets(pid: int, *names: str) -> int:
    """The union of these signal sets; signal 1 is the lowest bit."""
    found = 0
    try:
        lines = Path(f"/proc/{pid}/status").read_bytes().decode(errors="replace").splitlines()
    except OSError:
        return 0
    for line in lines:
        name, _, value = line.partition(":")
        if name in names:
            found |= int(value, 16)
    return found
