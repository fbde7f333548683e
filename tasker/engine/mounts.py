"""The mount table, and the mount that a path is on, computed from text alone: no file system is accessed, so nothing
can hang, and the answer does not reveal whether a file exists.

    path ─▶ the root mount ─▶ the first mount on the way ─▶ the first mount on the way from there ─▶ …

Symbolic links are not followed. Format: proc_pid_mountinfo(5).
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

_OF_THE_HOST = Path("/proc/1/mountinfo")
"""The mount namespace of jobs. The engine's own namespace hides some mounts and has others read-only."""
_OWN = Path("/proc/self/mountinfo")
"""Used if /proc hides other processes (hidepid=)."""
_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class Mount:
    """A line of the mount table."""

    id: int
    parent: int
    device: str
    """"MAJOR:MINOR"; major 0 means no block device, as with tmpfs, btrfs and network file systems."""
    point: str
    kind: str
    """The type of the file system, e.g. "ext4"."""
    source: str
    """A block device, or another name that the file system uses for its source."""


class Mounts:
    """A mount table."""

    def __init__(self, text: str) -> None:
        mounts = [_parsed(line) for line in text.splitlines()]
        ids = {mount.id for mount in mounts}
        self._roots = [mount for mount in mounts if mount.parent not in ids or mount.parent == mount.id]
        self._on: defaultdict[int, list[Mount]] = defaultdict(list)
        for mount in mounts:
            if mount.parent != mount.id:
                self._on[mount.parent].append(mount)

    @classmethod
    def read(cls) -> Mounts:
        """The mount table that jobs see."""
        try:
            data = _OF_THE_HOST.read_bytes()
        except OSError:
            data = _OWN.read_bytes()
        return cls(os.fsdecode(data))

    def under(self, path: str) -> Mount | None:
        """The mount that an absolute path is on; None if the table has no root."""
        path = normal(path)
        found, mounts = None, self._roots
        while on_the_way := [mount for mount in mounts if _is_below(path, mount.point)]:
            found = min(reversed(on_the_way), key=lambda mount: len(mount.point))  # a later mount covers an earlier one
            mounts = self._on[found.id]
        return found


def normal(path: str) -> str:
    """An absolute path without `.`, `..` and repeated slashes."""
    return os.path.normpath("/" + path.lstrip("/"))


def _is_below(path: str, point: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")


def _parsed(line: str) -> Mount:
    """ "36 35 98:0 / /mnt rw,noatime master:1 - ext3 /dev/root rw": optional fields end with the dash."""
    fields = [_ESCAPE.sub(lambda match: chr(int(match[1], 8)), field) for field in line.split(" ")]
    dash = fields.index("-", 6)
    return Mount(int(fields[0]), int(fields[1]), fields[2], fields[4], fields[dash + 1], fields[dash + 2])
