"""Detects and ends jobs that leave their scope, which a job that runs as root can do.

detected   when the cgroup is empty although the leader lives: by inotify, for every job that runs as root
           when a client reads the job: the leader is not in the job's cgroup
           when logind reports that the leader opened a login session, which moves it (loginsessions.py)
ended      SIGKILL to the leader's process group (by the collector) and to the processes left in the cgroup

A leader that has exited is a zombie and listed in no cgroup.procs: that is a normal end, not an escape.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import signal
import time
from pathlib import Path

from tasker.engine import process
from tasker.engine.audit import AuditTrail
from tasker.engine.cgroup import Cgroup
from tasker.engine.collector import Collector
from tasker.engine.entry import Entry, StopRequest
from tasker.engine.tasks import Tasks
from tasker.errors import TaskerError
from tasker.lifecycle import Event, State
from tasker.verdict import opened_sessions

INSTEAD = "use runuser -u USER -- COMMAND, or setpriv --reuid USER --regid GROUP --init-groups"
"""How a root job runs a command as another user without opening a login session. `tasker start --user` would do the
same, but [jobs] as_others may have become false since the job started."""
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
        """Called at every event of the job's cgroup.events."""
        if self.escaped(entry):
            self._tasks.spawn(self.check(entry))

    async def check(self, entry: Entry, session: str = "") -> None:
        """Ends the job if it has left its scope. `session`: the login session that it is known to have opened, or
        ""."""
        if self.escaped(entry):
            found = _SESSION.fullmatch(process.cgroup(entry.job.pid))
            await self._end(entry, found[1] if found else session)

    async def _end(self, entry: Entry, session: str) -> None:
        """`session`: the login session that the leader is in, or ""."""
        try:  # the collector knows whether the pid is still the leader's; it may have been reused
            await self._collector.signal(entry.job.id, signal.SIGKILL)
        except TaskerError:
            return
        if entry.job.state in (State.RUNNING, State.PAUSED, State.STOPPING):
            why = opened_sessions([session]) if session else _WHY
            if entry.stop is None:
                entry.stop = StopRequest(_BY, time.monotonic(), reason=f"{why}; {INSTEAD}" if session else why)
            elif not entry.stop.reason:  # a user was stopping the job
                entry.stop = dataclasses.replace(entry.stop, killed=True)
            entry.move(Event.STOP)
            self._audit.job(entry.job, "escape", f"{why}, so it is ended", actor=_BY, priority=4)
        if entry.cgroup is not None:
            entry.cgroup.kill()
        with contextlib.suppress(TaskerError):  # the job may have ended and been forgotten
            await self._collector.store_record(entry.job.id, entry.record())

    def escaped(self, entry: Entry) -> bool:
        """Whether the leader lives outside of the job's cgroup."""
        cgroup, pid = entry.cgroup, entry.job.pid
        if cgroup is None or entry.exited.done() or entry.job.state is State.STARTING:
            return False
        with contextlib.suppress(OSError):
            return not cgroup.holds(pid) and not self._below(pid, cgroup) and process.alive(pid)
        # The cgroup is gone, and systemd does not remove a cgroup in use.
        return process.alive(pid) and not self._below(pid, cgroup)

    def _below(self, pid: int, cgroup: Cgroup) -> bool:
        """Whether a process is in a cgroup or below it."""
        return (self._cgroups / process.cgroup(pid)).is_relative_to(cgroup.path)
