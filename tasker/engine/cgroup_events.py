"""Reports events of jobs' cgroups: inotify on cgroup.events (populated, frozen) and memory.events. The kernel reports
memory events at most every 10 ms.

One descriptor for all jobs, one watch per file, from the start to the end of a job.
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
        self._watches: defaultdict[Cgroup, dict[str, int]] = defaultdict(dict)
        self._calls: defaultdict[int, dict[Callable[[], object], None]] = defaultdict(dict)
        asyncio.get_running_loop().add_reader(self._fd, self._readable)

    def watch(self, cgroup: Cgroup, call: Callable[[], object], file: str = "cgroup.events") -> bool:
        """Calls `call` at every event until `forget`. Returns False if there is no such file; cgroup.events, which
        every cgroup has, is missing only after the last process has exited."""
        watches = self._watches[cgroup]
        if file not in watches:
            watch = _libc.inotify_add_watch(self._fd, os.fsencode(cgroup.path / file), _IN_MODIFY)
            if watch < 0:
                return False
            watches[file] = watch
        self._calls[watches[file]][call] = None
        return True

    def forget(self, cgroup: Cgroup) -> None:
        for watch in self._watches.pop(cgroup, {}).values():
            self._calls.pop(watch, None)
            _libc.inotify_rm_watch(self._fd, watch)

    async def emptied(self, cgroup: Cgroup) -> None:
        """Waits until the cgroup holds no process or is gone, then forgets it."""
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
            # -1: the queue overflowed, and events of any watch may be lost
            watches = [watch] if watch >= 0 else list(self._calls)
            for call in [call for watch in watches for call in self._calls.get(watch, ())]:
                call()
