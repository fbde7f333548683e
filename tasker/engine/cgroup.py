"""A job's cgroup, read and killed directly: this works when the bus is dead, and is the truth where systemd is a hint.

The directory is held open by descriptor, so that a name used again can never be meant.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


class Cgroup:
    """Raises FileNotFoundError where there is no such directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._directory = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def read(self, name: str) -> str:
        """A file's text without its last newline. Raises OSError: ENODEV or ENOENT where the cgroup is gone."""
        descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._directory)
        with open(descriptor) as file:
            return file.read().rstrip("\n")

    def numbers(self, name: str) -> dict[str, int]:
        """A flat keyed file, like memory.events. Empty where the cgroup is gone."""
        with contextlib.suppress(OSError):
            return {key: int(value) for key, value in (line.split() for line in self.read(name).splitlines())}
        return {}

    def holds(self, pid: int) -> bool:
        return str(pid) in self.read("cgroup.procs").split()

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
        with contextlib.suppress(OSError):
            flags = os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK  # nothing here may ever wait
            descriptor = os.open("cgroup.kill", flags, dir_fd=self._directory)
            with open(descriptor, "w") as file:
                file.write("1")

    def close(self) -> None:
        os.close(self._directory)
