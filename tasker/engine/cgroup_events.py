"""Tells when something happened in a job's cgroup: by inotify on its cgroup.events, which says populated and frozen.

One descriptor for all jobs, one watch for each, from its start to its end.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
from collections import defaultdict
from collections.abc import Callable

from tasker.engine.cgroup import Cgroup

_libc = ctypes.CDLL(None, use_errno=True)
_IN_MODIFY = 0x2  # linux/inotify.h
_EVENT = struct.Struct("iIII")


class CgroupEvents:
    def __init__(self) -> None:
        self._fd = _libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self._watches: dict[Cgroup, int] = {}
        self._calls: defaultdict[int, dict[Callable[[], object], None]] = defaultdict(dict)
        asyncio.get_running_loop().add_reader(self._fd, self._readable)

    def watch(self, cgroup: Cgroup, call: Callable[[], object]) -> bool:
        """Call whenever something happened, until `forget`. False where it is gone, which needs every process to be."""
        if cgroup not in self._watches:
            path = os.fsencode(cgroup.path / "cgroup.events")
            watch = _libc.inotify_add_watch(self._fd, path, _IN_MODIFY)
            if watch < 0:
                return False
            self._watches[cgroup] = watch
        self._calls[self._watches[cgroup]][call] = None
        return True

    def forget(self, cgroup: Cgroup) -> None:
        watch = self._watches.pop(cgroup, None)
        if watch is not None:
            self._calls.pop(watch, None)
            _libc.inotify_rm_watch(self._fd, watch)

    async def emptied(self, cgroup: Cgroup) -> None:
        """Wait until nothing lives in it, or it is gone; and forget it."""
        changed = asyncio.Event()
        try:
            if self.watch(cgroup, changed.set):
                while cgroup.populated:
                    await changed.wait()
                    changed.clear()
        finally:
            self.forget(cgroup)

    def _readable(self) -> None:
        data = os.read(self._fd, 1 << 16)
        at = 0
        while at < len(data):
            watch, _, _, length = _EVENT.unpack_from(data, at)
            at += _EVENT.size + length
            for call in tuple(self._calls.get(watch, ())):
                call()
