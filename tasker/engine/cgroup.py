"""A job's cgroup, read and killed directly: this works when the bus is dead, and is the truth where systemd is a hint.

The directory is held open by descriptor, so that a name used again can never be meant.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

_GONE = (errno.ENOENT, errno.ENODEV, errno.EBADF)
"""What writing says where the cgroup is gone; EBADF: it was closed."""
_MOST = 16 << 10
"""Bytes of a file that are read at once; most have a few hundred."""
_SHORT = 2 << 10
"""Bytes. The kernel ends a read where a page is full: less than this was all."""


class Cgroup:
    """Raises FileNotFoundError where there is no such directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._directory = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._kept: dict[str, int] = {}

    def read(self, name: str) -> str:
        """A file's text without its last newline. Raises OSError: ENODEV or ENOENT where the cgroup is gone."""
        kept = self._kept.get(name)
        descriptor = self._open(name) if kept is None else kept
        try:
            data = part = os.pread(descriptor, _MOST, 0)  # Python's own file objects cost three times as much
            while len(part) >= _SHORT:
                part = os.pread(descriptor, _MOST, len(data))
                data += part
            return data.decode().rstrip("\n")
        finally:
            if kept is None:
                os.close(descriptor)

    def keep_open(self, *names: str) -> None:
        """Files that must be read fast when the time comes; one that is not there is left out."""
        for name in names:
            with contextlib.suppress(OSError):
                self._kept[name] = self._open(name)

    def _open(self, name: str) -> int:
        return os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._directory)

    def text(self, name: str) -> str:
        """The same, "" where there is no such file or the cgroup is gone."""
        try:
            return self.read(name)
        except OSError:
            return ""

    def number(self, name: str) -> int | None:
        """A file of one number, like memory.current; None where there is none."""
        text = self.text(name)
        return int(text) if text.isdigit() else None

    def numbers(self, name: str) -> dict[str, int]:
        """A flat keyed file, like memory.events. Empty where the cgroup is gone."""
        return {key: int(value) for key, value in (line.split() for line in self.text(name).splitlines())}

    def holds(self, pid: int) -> bool:
        return str(pid) in self.read("cgroup.procs").split()

    @property
    def processes(self) -> int:
        """How many processes live in it; below it, where a job has made cgroups there, they count as one."""
        return max(len(self.text("cgroup.procs").split()), int(self.populated))

    def has_other_groups(self, group: int) -> bool:
        """Whether a process lives in it that is not of that process group."""
        return any(_group_of(pid) not in (group, None) for pid in self.text("cgroup.procs").split())

    @property
    def populated(self) -> bool:
        """Whether a process lives in it. A zombie does not."""
        return self.numbers("cgroup.events").get("populated") == 1

    @property
    def frozen(self) -> bool:
        """Whether every process in it stands still."""
        return self.numbers("cgroup.events").get("frozen") == 1

    def kill(self) -> None:
        """SIGKILL to everything in it, faster than it can fork. One that is gone is no error."""
        self._write("cgroup.kill", "1")

    def thaw(self) -> None:
        """Let everything in it go on. One that is gone is no error."""
        self._write("cgroup.freeze", "0")

    def _write(self, name: str, text: str) -> None:
        try:
            flags = os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK  # nothing here may ever wait
            descriptor = os.open(name, flags, dir_fd=self._directory)
            with open(descriptor, "w") as file:
                file.write(text)
        except OSError as error:
            if error.errno not in _GONE:
                log.error("cannot write %s/%s: %s; look at tasker.service", self.path, name, error.strerror)

    def close(self) -> None:
        """What is asked after this reads as gone."""
        kept, self._kept = [self._directory, *self._kept.values()], {}
        self._directory = -1
        for descriptor in kept:
            os.close(descriptor)


def _group_of(pid: str) -> int | None:
    """A process's group; None where it is gone."""
    try:
        return os.getpgid(int(pid))
    except ProcessLookupError:
        return None
