"""A job's cgroup, read and killed directly: this works when the bus is dead, and is the truth where systemd is a hint.

The directory is held open by descriptor, so that a name used again can never be meant.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import struct
from collections.abc import Callable
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
_IN_MODIFY = 0x2  # linux/inotify.h
_EVENT = struct.Struct("iIII")


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

    def kill(self) -> None:
        """SIGKILL to everything in it, faster than it can fork. One that is gone is no error."""
        with contextlib.suppress(OSError):
            flags = os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK  # nothing here may ever wait
            descriptor = os.open("cgroup.kill", flags, dir_fd=self._directory)
            with open(descriptor, "w") as file:
                file.write("1")

    def close(self) -> None:
        os.close(self._directory)


class Emptiness:
    """Tells when cgroups have no process left, by inotify on their cgroup.events: one descriptor for all of them."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._fd = _libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self._calls: dict[int, Callable[[], None]] = {}
        self._loop.add_reader(self._fd, self._readable)

    async def wait(self, cgroup: Cgroup) -> None:
        """Until nothing lives in it, or it is gone."""
        changed = asyncio.Event()
        path = os.fsencode(cgroup.path / "cgroup.events")
        watch = _libc.inotify_add_watch(self._fd, path, _IN_MODIFY)
        if watch < 0:
            return  # the directory is gone, which needs every process to be
        self._calls[watch] = changed.set
        try:
            while cgroup.populated:
                await changed.wait()
                changed.clear()
        finally:
            self._calls.pop(watch, None)
            _libc.inotify_rm_watch(self._fd, watch)

    def _readable(self) -> None:
        data = os.read(self._fd, 1 << 16)
        at = 0
        while at < len(data):
            watch, _, _, length = _EVENT.unpack_from(data, at)
            at += _EVENT.size + length
            call = self._calls.get(watch)
            if call is not None:
                call()
