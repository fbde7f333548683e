"""Login sessions that processes of jobs open, as reported by logind.

    su, runuser -l, sudo -i ─▶ pam_systemd ─▶ logind ─▶ session-N.scope in user.slice, and the signal SessionNew

The process that opens a session, its leader, is moved to the session's scope and so out of the limits of its job. Only
root can open a session. If the process is the leader of the job, the job and the session are ended (escape.py). A
session opened by another process is only reported, in the journal and in the verdict: a job that runs as root is not
contained, and processes that have left the job keep running after its end.

A session belongs to a job if its leader, or an ancestor of its leader, is in the job's cgroup or is the leader of the
job. logind sends the signal before it moves the process; the process waits for the move. Two cases are not detected: a
session that ends before it is examined, and a session whose leader has lost its parent and has been moved before that.
A session that a service opens (sshd, cron) belongs to no job, even if a job caused it.
"""

from __future__ import annotations

import asyncio
import logging
import re
import signal

from tasker.engine import names, process
from tasker.engine.bus import PROPERTIES, Bus, BusSignal
from tasker.engine.entry import Entry
from tasker.engine.jobs import Jobs
from tasker.errors import TaskerError
from tasker.verdict import MOST_SESSIONS, opened_sessions

log = logging.getLogger(__name__)

NAME = "org.freedesktop.login1"
PATH = "/org/freedesktop/login1"
MANAGER = f"{NAME}.Manager"
SESSION = f"{NAME}.Session"
_MATCHES = (f"path='{PATH}',interface='{MANAGER}',member='SessionNew'",)
_ID = re.compile("[A-Za-z0-9]{1,64}")
_AT_ONCE = 4
"""Concurrent calls to logind. Most of the bus's concurrent calls are left to systemd."""
_GENERATIONS = 64
"""Ancestors of a session's leader that are examined."""


class LoginSessions:
    def __init__(self, bus: Bus, jobs: Jobs) -> None:
        self._bus = bus
        self._jobs = jobs
        self._systemd = jobs.backends.systemd
        self._audit = jobs.backends.audit
        self._tasks = jobs.backends.tasks
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def open(self) -> None:
        """Listens from now on, also to a logind that starts later, and examines existing sessions. Raises
        TaskerError."""
        self._owned(await self._bus.follow(NAME, _MATCHES, self._signal, self._owned))

    def _owned(self, logind: str) -> None:
        """`logind` is the unique name of its connection, "" if it is not on the bus."""
        if logind:
            self._tasks.spawn(self._check_all(logind))

    def _signal(self, received: BusSignal) -> None:
        if received.member == "SessionNew":
            session, path = received.body
            self._tasks.spawn(self._check(received.sender, session, path))

    async def _check_all(self, logind: str) -> None:
        try:
            sessions = (await self._bus.call(logind, PATH, MANAGER, "ListSessions"))[0]
        except TaskerError as error:
            log.warning("cannot list the login sessions of jobs: %s", error.message)
            return
        for session, _, _, _, path in sessions:
            await self._check(logind, session, path)

    async def _check(self, logind: str, session: str, path: str) -> None:
        if not _ID.fullmatch(session):
            return
        try:
            async with self._turns:
                leader = (await self._bus.call(logind, path, PROPERTIES, "Get", "ss", SESSION, "Leader"))[0].value
        except TaskerError as error:
            log.debug("cannot find the leader of login session %s, which may have ended: %s", session, error.message)
            return
        entry = self._job_of(leader)
        if entry is None:
            return
        if leader == entry.job.pid:
            await self._end(entry, logind, session)
        elif session not in entry.sessions and len(entry.sessions) < MOST_SESSIONS:
            await self._report(entry, session)

    async def _end(self, entry: Entry, logind: str, session: str) -> None:
        """Ends a job whose leader has opened a session, and the processes in the session."""
        try:
            # A scope made around a process that dies meanwhile never ends, nor does its session.
            await self._systemd.started(f"session-{session}.scope")
        except TaskerError as error:
            log.warning("cannot read the state of login session %s: %s", session, error.message)
        await self._jobs.escape.check(entry, session)
        try:  # TerminateSession does nothing once the session's leader has died
            await self._bus.call(logind, PATH, MANAGER, "KillSession", "ssi", session, "all", signal.SIGKILL)
        except TaskerError as error:
            log.debug("cannot kill login session %s, which may have ended: %s", session, error.message)

    async def _report(self, entry: Entry, session: str) -> None:
        entry.sessions += (session,)
        words = opened_sessions([session])
        if len(entry.sessions) == MOST_SESSIONS:
            words += "; further login sessions of this job are not reported"
        self._audit.job(entry.job, "session", words, actor="logind", priority=4)
        try:
            await self._jobs.store_record(entry)
        except TaskerError as error:  # the job may have ended and been forgotten
            log.info("cannot record login session %s of job %s: %s", session, entry.job.id, error.message)

    def _job_of(self, pid: int) -> Entry | None:
        """The job that a process or one of its ancestors belongs to."""
        leaders = {entry.job.pid: entry for entry in self._jobs.table if _runs(entry) and not entry.exited.done()}
        for _ in range(_GENERATIONS):
            if pid <= 1:
                break
            entry = leaders.get(pid) or self._holding(pid)
            if entry is not None:
                return entry
            pid = process.parent(pid)
        return None

    def _holding(self, pid: int) -> Entry | None:
        """The job whose cgroup, or a cgroup below it, holds a process."""
        path = self._jobs.backends.cgroups / process.cgroup(pid)
        ids = filter(None, map(names.id_of, path.parts))
        entries = filter(None, map(self._jobs.table.get, ids))
        return next((e for e in entries if e.cgroup is not None and path.is_relative_to(e.cgroup.path)), None)


def _runs(entry: Entry) -> bool:
    return entry.cgroup is not None and entry.job.outcome is None
