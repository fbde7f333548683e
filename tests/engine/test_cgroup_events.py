"""What is told by inotify, and what it leaves out when it is too much."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from tasker.engine.cgroup import Cgroup
from tasker.engine.cgroup_events import CgroupEvents
from tests.support.waiting import DEADLINE

QUEUE = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())


def test_where_the_queue_overflowed_every_cgroup_is_looked_at(tmp_path: Path) -> None:
    """Jobs at their memory limit fill it while the engine is busy; the end of another one must not be lost in that."""

    async def main() -> None:
        events, emptied = CgroupEvents(), asyncio.Event()
        for name, text in (("memory.events", "max 0\n"), ("cgroup.events", "populated 1\n"), ("other", "max 0\n")):
            (tmp_path / name).write_text(text)
        cgroup = Cgroup(tmp_path)
        for name in ("memory.events", "other"):
            events.watch(cgroup, lambda: None, name)
        events.watch(cgroup, emptied.set)
        noisy = [os.open(tmp_path / name, os.O_WRONLY) for name in ("memory.events", "other")]
        for _ in range(QUEUE // 2 + 1):  # in turns: the same event twice in a row is told once
            for file in noisy:
                os.pwrite(file, b"max 1\n", 0)
        with (tmp_path / "cgroup.events").open("r+") as quiet:
            quiet.write("populated 0\n")
        await asyncio.wait_for(emptied.wait(), DEADLINE)
        events.forget(cgroup)
        for descriptor in noisy:
            os.close(descriptor)

    asyncio.run(main())
