"""A job that leaves its scope, as one that runs as root can: noticed, and ended.

noticed    when the cgroup has no process left although the leader lives: by inotify, of every job that runs as root
           at every look at a job: the leader is not in its cgroup
ended      SIGKILL to the leader's group, by the collector, and to what is left in the cgroup

A leader that has exited is a zombie, and in no cgroup.procs: that is the usual end, and none of this.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import time
from pathlib import Path

from tasker import wire
from tasker.channel import Channel
from tasker.engine.cgroup import Cgroup
from tasker.engine.journal import Journal
from tasker.engine.table import Entry, Stop
from tasker.engine.tasks import Tasks
from tasker.errors import TaskerError
from tasker.lifecycle import Event, State

WHY = "it left its scope"
_BY = "tasker"


class Escape:
    def __init__(self, collector: Channel, journal: Journal, tasks: Tasks, cgroups: Path) -> None:
        self._collector = collector
        self._journal = journal
        self._tasks = tasks
        self._cgroups = cgroups

    def news(self, entry: Entry) -> None:
        """Something happened in the job's cgroup, as cgroup.events says."""
        if self.escaped(entry):
            self._tasks.spawn(self.look(entry))

    async def look(self, entry: Entry) -> None:
        """End the job if it has left."""
        if not self.escaped(entry):
            return
        try:  # the collector knows whether the leader is still the one; a pid alone may be somebody else's by now
            await self._collector.request(wire.Signal(entry.job.id, signal.SIGKILL))
        except TaskerError:
            return
        if entry.job.state in (State.RUNNING, State.PAUSED, State.STOPPING):
            if entry.stop is None:
                entry.stop = Stop(_BY, time.monotonic(), why=WHY)
            elif not entry.stop.why:  # somebody was stopping it
                entry.stop = dataclasses.replace(entry.stop, killed=True)
            entry.move(Event.STOP)
            self._journal.job(entry.job, "escape", f"{WHY}, so it is ended", actor=_BY, priority=4)
        if entry.cgroup is not None:
            entry.cgroup.kill()
        with contextlib.suppress(TaskerError):  # the job may be over and forgotten
            await self._collector.request(wire.Note(entry.job.id, entry.record()))

    def escaped(self, entry: Entry) -> bool:
        """Whether the leader lives outside of its job's cgroup."""
        cgroup, pid = entry.cgroup, entry.job.pid
        if cgroup is None or entry.exited.done() or entry.job.state is State.STARTING:
            return False
        with contextlib.suppress(OSError):
            return not cgroup.holds(pid) and not self._below(pid, cgroup) and _alive(pid)
        # The cgroup is gone, and systemd removes none that is in use.
        return _alive(pid) and not self._below(pid, cgroup)

    def _below(self, pid: int, cgroup: Cgroup) -> bool:
        """Whether a process is in a cgroup, or in one that it has made there."""
        try:
            path = os.fsdecode(Path(f"/proc/{pid}/cgroup").read_bytes()).partition("::")[2].split("\n")[0]
        except OSError:
            return False
        return (self._cgroups / path.lstrip("/")).is_relative_to(cgroup.path)


def _alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]  # its name may be no text
    except OSError:
        return False
    return state not in (b"Z", b"X")
