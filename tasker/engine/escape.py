"""A job that leaves its scope, as one that runs as root can: noticed, and ended.

noticed    when the cgroup has no process left although the leader lives: by inotify, of every job that runs as root
           at every look at a job: the leader is not in its cgroup
           when logind reports that the leader has opened a login session, into which it moves (loginsessions.py)
ended      SIGKILL to the leader's group, by the collector, and to what is left in the cgroup

A leader that has exited is a zombie, and in no cgroup.procs: that is the usual end, and none of this.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import signal
import time
from pathlib import Path

from tasker.engine import process
from tasker.engine.cgroup import Cgroup
from tasker.engine.collector import Collector
from tasker.engine.entry import Entry, StopRequest
from tasker.engine.audit import AuditTrail
from tasker.engine.tasks import Tasks
from tasker.errors import TaskerError
from tasker.lifecycle import Event, State
from tasker.verdict import opened_sessions

INSTEAD = "use runuser -u USER -- COMMAND, or setpriv --reuid USER --regid GROUP --init-groups"
"""How a root job runs a command as another user without opening a login session. --user of `tasker start` does the same
but is left out: [jobs] as_others may have become false since the job was started."""
_WHY = "it left its scope"
_SESSION = re.compile(r".*/session-([A-Za-z0-9]+)\.scope")
_BY = "tasker"


class Escape:
    def __init__(self, collector: Collector, audit: AuditTrail, tasks: Tasks, cgroups: Path) -> None:
        self._collector = collector
        self._audit = audit
        self._tasks = tasks
        self._cgroups = cgroups

    def cgroup_changed(self, entry: Entry) -> None:
        """Something happened in the job's cgroup, as cgroup.events says."""
        if self.escaped(entry):
            self._tasks.spawn(self.check(entry))

    async def check(self, entry: Entry, session: str = "") -> None:
        """End the job if it has left. `session`: the login session that it is known to have opened, "" for none."""
        if self.escaped(entry):
            found = _SESSION.fullmatch(process.cgroup(entry.job.pid))
            await self._end(entry, found[1] if found else session)

    async def _end(self, entry: Entry, session: str) -> None:
        """`session`: the login session that the leader is in, "" for none."""
        try:  # the collector knows whether the leader is still the one; a pid alone may be somebody else's by now
            await self._collector.signal(entry.job.id, signal.SIGKILL)
        except TaskerError:
            return
        if entry.job.state in (State.RUNNING, State.PAUSED, State.STOPPING):
            why = opened_sessions([session]) if session else _WHY
            if entry.stop is None:
                entry.stop = StopRequest(_BY, time.monotonic(), reason=f"{why}; {INSTEAD}" if session else why)
            elif not entry.stop.reason:  # somebody was stopping it
                entry.stop = dataclasses.replace(entry.stop, killed=True)
            entry.move(Event.STOP)
            self._audit.job(entry.job, "escape", f"{why}, so it is ended", actor=_BY, priority=4)
        if entry.cgroup is not None:
            entry.cgroup.kill()
        with contextlib.suppress(TaskerError):  # the job may be over and forgotten
            await self._collector.store_record(entry.job.id, entry.record())

    def escaped(self, entry: Entry) -> bool:
        """Whether the leader lives outside of its job's cgroup."""
        cgroup, pid = entry.cgroup, entry.job.pid
        if cgroup is None or entry.exited.done() or entry.job.state is State.STARTING:
            return False
        with contextlib.suppress(OSError):
            return not cgroup.holds(pid) and not self._below(pid, cgroup) and process.alive(pid)
        # The cgroup is gone, and systemd removes none that is in use.
        return process.alive(pid) and not self._below(pid, cgroup)

    def _below(self, pid: int, cgroup: Cgroup) -> bool:
        """Whether a process is in a cgroup, or in one that it has made there."""
        return (self._cgroups / process.cgroup(pid)).is_relative_to(cgroup.path)
