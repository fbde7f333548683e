"""Reads the state of a process from /proc. A process that no longer exists is dead, with no parent and no cgroup."""

from __future__ import annotations

import os
from pathlib import Path


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    return _stat(pid)[0] not in (b"", b"Z", b"X")


def parent(pid: int) -> int:
    """The pid of the process's parent; 0 for none."""
    return int(_stat(pid)[1])


def cgroup(pid: int) -> str:
    """The path of the process's cgroup below the root of the cgroup v2 hierarchy, without the first slash; "" for
    none."""
    try:
        data = Path(f"/proc/{pid}/cgroup").read_bytes()
    except OSError:
        return ""
    return os.fsdecode(data).partition("::")[2].split("\n")[0].lstrip("/")


def _stat(pid: int) -> tuple[bytes, bytes]:
    """State and parent, as in proc(5). The name before them is in parentheses and may contain any bytes."""
    try:
        state, parent, *_ = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except (OSError, ValueError):
        return b"", b"0"
    return state, parent
