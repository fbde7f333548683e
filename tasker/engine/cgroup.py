"""A job's cgroup, read and killed without systemd: this works when the bus is down, and shows the kernel's view.

The directory is kept open by descriptor, so a new cgroup of the same name is never mistaken for it.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

_GONE = (errno.ENOENT, errno.ENODEV, errno.EBADF)
"""Errors of writing to a cgroup that was removed; EBADF: `close` was called."""
_MOST = 16 << 10
"""Bytes read at once; most files have a few hundred."""
_SHORT = 2 << 10
"""Bytes. The kernel ends a read at a page boundary: a shorter read than this was the whole file."""


class Cgroup:
    """Raises FileNotFoundError if there is no such directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._directory = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._kept: dict[str, int] = {}

    def read(self, name: str) -> str:
        """Returns the text of a file without its last newline. Raises OSError: ENODEV or ENOENT if the cgroup is
        gone."""
        kept = self._kept.get(name)
        descriptor = self._open(name) if kept is None else kept
        try:
            data = part = os.pread(descriptor, _MOST, 0)  # Python's file objects take three times as long
            while len(part) >= _SHORT:
                part = os.pread(descriptor, _MOST, len(data))
                data += part
            return data.decode().rstrip("\n")
        finally:
            if kept is None:
                os.close(descriptor)

    def keep_open(self, *names: str) -> None:
        """Keeps files open that must be read without delay later; missing files are skipped."""
        for name in names:
            with contextlib.suppress(OSError):
                self._kept[name] = self._open(name)

    def _open(self, name: str) -> int:
        return os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._directory)

    def text(self, name: str) -> str:
        """Like `read`, but "" if the file or the cgroup is missing."""
        try:
            return self.read(name)
        except OSError:
            return ""

    def number(self, name: str) -> int | None:
        """Returns the number in a file like memory.current; None if there is none."""
        text = self.text(name)
        return int(text) if text.isdigit() else None

    def numbers(self, name: str) -> dict[str, int]:
        """Parses a flat keyed file like memory.events. Empty if the cgroup is gone."""
        return {key: int(value) for key, value in (line.split() for line in self.text(name).splitlines())}

    def holds(self, pid: int) -> bool:
        return str(pid) in self.read("cgroup.procs").split()

    @property
    def processes(self) -> int:
        """The number of processes in the cgroup; processes in cgroups that the job made below it count as one."""
        return max(len(self.text("cgroup.procs").split()), int(self.populated))

    def has_other_groups(self, group: int) -> bool:
        """Whether the cgroup holds a process of another process group."""
        return any(_group_of(pid) not in (group, None) for pid in self.text("cgroup.procs").split())

    @property
    def populated(self) -> bool:
        """Whether the cgroup holds a process that is not a zombie."""
        return self.numbers("cgroup.events").get("populated") == 1

    @property
    def frozen(self) -> bool:
        """Whether every process in the cgroup is frozen."""
        return self.numbers("cgroup.events").get("frozen") == 1

    def kill(self) -> None:
        """Sends SIGKILL to every process in the cgroup at once, so none can fork in between. No error if the cgroup is
        gone."""
        self._write("cgroup.kill", "1")

    def thaw(self) -> None:
        """Thaws every process in the cgroup. No error if the cgroup is gone."""
        self._write("cgroup.freeze", "0")

    def _write(self, name: str, text: str) -> None:
        try:
            flags = os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK  # never block
            descriptor = os.open(name, flags, dir_fd=self._directory)
            with open(descriptor, "w") as file:
                file.write(text)
        except OSError as error:
            if error.errno not in _GONE:
                log.error("cannot write %s/%s: %s; check tasker.service", self.path, name, error.strerror)

    def close(self) -> None:
        """Closes the descriptors; later reads behave as if the cgroup were gone."""
        kept, self._kept = [self._directory, *self._kept.values()], {}
        self._directory = -1
        for descriptor in kept:
            os.close(descriptor)


def _group_of(pid: str) -> int | None:
    """The process group of a process; None if the process is gone."""
    try:
        return os.getpgid(int(pid))
    except ProcessLookupError:
        return None
