"""The table of the engine's requests, and the jobs of the run.

Life of a leader:   fork ──AT_GATE──▶ held ──Release──▶ exec (its report ends empty) ──▶ exited ──Finish──▶ finished
Ends early if:      setup fails · killed while held · exec fails (its report says why) · its engine has disconnected
"""

from __future__ import annotations

import contextlib
import errno
import functools
import itertools
import os
import signal
import socket
from collections.abc import Callable, Sequence
from typing import Any

from tasker import wire
from tasker.collector import launch, reaping, report
from tasker.collector.connection import Connection
from tasker.collector.launch import Child
from tasker.collector.loop import EDGE, READ, Loop
from tasker.collector.turns import Turns
from tasker.errors import Reason, TaskerError

Reply = tuple[wire.Message, Sequence[int]] | None
"""None: the reply follows later."""


class Control:
    def __init__(self, loop: Loop, listener: socket.socket) -> None:
        self._loop = loop
        self._turns = Turns(loop)
        self._listener = listener
        self._run = os.urandom(8).hex()
        self._jobs: dict[str, Child] = {}
        """In the order of their launch."""
        self._numbers = itertools.count(1)
        self._connections: set[Connection] = set()
        self._unanswered: dict[str, tuple[Connection, int]] = {}
        """By job: a Launch or Release that waits for the leader's report."""
        self._holders: dict[str, Connection] = {}
        """By job, while its leader is held: the engine that must release it. If that engine goes, the leader is
        dropped."""
        self._followers_changed: set[str] = set()
        """Jobs whose number of followers has changed since the last notice."""
        self._requests: dict[type[wire.Message], Callable[[Any], Reply]] = {
            wire.Hello: self._hello,
            wire.Release: self._release,
            wire.StoreRecord: self._store_record,
            wire.Signal: self._signal,
            wire.Follow: self._follow,
            wire.Finish: self._finish,
            wire.Forget: self._forget,
            wire.ListLeaders: self._list,
        }
        listener.setblocking(False)
        loop.add(listener.fileno(), READ, self._accept)

    def end_run(self) -> None:
        """Sends the rest of the output to followers."""
        for job in self._jobs.values():
            if not job.finished:
                job.output.finish()

    def _accept(self, _events: int) -> None:
        try:
            sock, _ = self._listener.accept()
            self._connections.add(Connection(sock, self._loop, self._received, self._closed))
        except OSError:  # the engine has disconnected, or no descriptor or memory is left; the engine tries again
            return

    def _closed(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._unanswered = {id: asker for id, asker in self._unanswered.items() if asker[0] is not connection}
        for id in [id for id, holder in self._holders.items() if holder is connection]:
            self._drop(self._jobs[id])

    def _received(self, connection: Connection, datagram: wire.Datagram) -> None:
        message = datagram.message
        try:
            if isinstance(message, wire.Launch):
                reply = self._launch(connection, message)
            elif type(message) in self._requests:
                reply = self._requests[type(message)](message)
            else:
                raise TaskerError(
                    Reason.INVALID, f"cannot serve {type(message).__name__}: it is not a request to the collector"
                )
        except TaskerError as error:
            reply = wire.Failed(error.reason, error.message), ()
        if isinstance(message, wire.Launch | wire.Release) and reply is None:
            self._unanswered[message.job] = connection, datagram.number
        elif reply is not None:
            connection.send(-datagram.number, *reply)

    def _answer(self, job: Child, message: wire.Message) -> None:
        waiting = self._unanswered.pop(job.id, None)
        if waiting is not None:
            connection, number = waiting
            connection.send(-number, message)

    # ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _hello(self, hello: wire.Hello) -> Reply:
        if hello.version != wire.COLLECTOR_VERSION:
            text = f"cannot serve an engine of version {hello.version}: this run speaks {wire.COLLECTOR_VERSION}"
            raise TaskerError(Reason.REFUSED, f"{text}; stop and start tasker to begin a new one")
        return wire.Welcome(wire.COLLECTOR_VERSION, self._run, wire.COLLECTOR_MINOR), ()

    def _launch(self, connection: Connection, request: wire.Launch) -> Reply:
        if request.job in self._jobs:
            raise TaskerError(Reason.REFUSED, f"cannot launch {request.job}: that id is taken")
        try:
            followed = functools.partial(self._followed, request.job)
            ended = functools.partial(self._output_ended, request.job)
            job = launch.fork(next(self._numbers), request, self._loop, self._turns, followed, ended)
        except OSError as error:
            raise TaskerError(Reason.REFUSED, f"cannot make a process for the job: {error.strerror}") from error
        self._jobs[job.id] = job
        self._holders[job.id] = connection
        self._loop.add(job.report, READ, lambda _events: self._report(job))
        return None

    def _release(self, request: wire.Release) -> Reply:
        job = self._job(request.job)
        if job.released or self._holders.pop(job.id, None) is None:
            raise TaskerError(Reason.REFUSED, f"cannot release {job.id}: it is not held")
        if job.report < 0:
            return wire.Released(errno.ESRCH, "setup"), ()
        job.open_gate()
        return None

    def _store_record(self, request: wire.StoreRecord) -> Reply:
        self._job(request.job).record = request.record
        return wire.Done(), ()

    def _signal(self, request: wire.Signal) -> Reply:
        job = self._job(request.job)
        if job.released and job.exit is None:  # not reaped yet, so its pid cannot have been reused
            try:
                os.killpg(job.pid, request.signal)
            except OSError as error:
                raise TaskerError(Reason.REFUSED, f"cannot send signal {request.signal}: {error.strerror}") from error
        return wire.Done(), ()

    def _follow(self, request: wire.Follow) -> Reply:
        try:
            ring, wake = self._job(request.job).output.follow()
            return wire.Done(), (os.dup(ring), wake)
        except OSError as error:
            raise TaskerError(Reason.EXHAUSTED, f"cannot follow {request.job}: {error.strerror}") from error

    def _finish(self, request: wire.Finish) -> Reply:
        job = self._job(request.job)
        if job.exit is None:
            raise TaskerError(Reason.REFUSED, f"cannot finish {job.id}: its leader is still running")
        if not job.finished:
            job.finished = True
            job.output.finish()
        return wire.Finished(job.output.written, job.output.held), ()

    def _forget(self, request: wire.Forget) -> Reply:
        job = self._job(request.job)
        if job.released and job.report < 0 and not job.finished and not job.report_text:
            raise TaskerError(Reason.REFUSED, f"cannot forget {job.id}: it is still running")
        self._drop(job)
        return wire.Done(), ()

    def _list(self, request: wire.ListLeaders) -> Reply:
        return launch.leaders(list(self._jobs.values()), request.after), ()

    def _job(self, id: str) -> Child:
        try:
            return self._jobs[id]
        except KeyError:
            raise TaskerError(Reason.NOT_FOUND, f"cannot find job {id} in this run") from None

    # ── events of leaders ────────────────────────────────────────────────────────────────────────────────────────────

    def _report(self, job: Child) -> None:
        """Handles a report: the leader is at the gate, or has failed and reports why, or has closed the pipe."""
        text = os.read(job.report, 4096)
        if text == report.AT_GATE:
            self._answer(job, wire.Launched(job.pid))
            return
        if text:
            job.report_text += text
            return
        self._loop.remove(job.report)
        os.close(job.report)
        job.report = -1
        if job.released:
            self._executed(job)
        elif job.id in self._unanswered:
            failed = report.read(job.report_text) if job.report_text else wire.Released(0, "setup")
            why = os.strerror(failed.errno) if failed.errno else "it was killed"
            self._answer(job, wire.Failed(Reason.REFUSED, f"cannot prepare the job's process ({failed.step}): {why}"))
            self._drop(job)

    def _executed(self, job: Child) -> None:
        if not job.report_text:
            self._answer(job, wire.Released(0, ""))
            self._loop.add(job.pidfd, READ | EDGE, lambda _events: self._exited(job))
            return
        if job.id not in self._unanswered:
            self._drop(job)
            return
        self._holders[job.id] = self._unanswered[job.id][0]  # the engine sends Forget or disconnects
        self._answer(job, report.read(job.report_text))

    def _exited(self, job: Child) -> None:
        """Reports the exit at once, and reaps the leader as soon as no tracer holds it."""
        exit = self._reap(job)
        if job.exit is None:
            job.exit = exit or reaping.peek(job.pid)
            self._broadcast(wire.Exited(job.id, job.exit, job.output.ended_at))

    def _reap(self, job: Child) -> wire.Exit | None:
        exit = reaping.reap(job.pidfd)
        if exit is not None:
            self._loop.remove(job.pidfd)
            os.close(job.pidfd)
        return exit

    def _output_ended(self, id: str) -> None:
        job = self._jobs.get(id)
        if job is not None and job.exit is not None and not job.finished:  # otherwise, Exited contains this
            self._broadcast(wire.OutputEnded(id, job.output.ended_at))

    def _followed(self, id: str) -> None:
        self._followers_changed.add(id)
        self._loop.afterwards(self._report_followers)  # one notice for all changes of a round

    def _report_followers(self) -> None:
        jobs = [self._jobs[id] for id in self._followers_changed & self._jobs.keys()]
        self._followers_changed.clear()
        for job in jobs:
            self._broadcast(wire.FollowerCount(job.id, job.output.followers))

    def _broadcast(self, notice: wire.Message) -> None:
        """Sends a notice to every connected engine."""
        for connection in list(self._connections):
            connection.send(0, notice)

    def _drop(self, job: Child) -> None:
        """Removes a job from the run. A leader that is held or about to execute is killed, and reaped once it is
        dead."""
        del self._jobs[job.id]
        self._holders.pop(job.id, None)
        self._unanswered.pop(job.id, None)
        job.close_gate()
        if job.exit is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(job.pidfd, signal.SIGKILL)  # it may be stopped, or hang in a file system
        if job.report >= 0:
            self._loop.remove(job.report)
            os.close(job.report)
        job.output.free()
        if job.exit is None:
            self._loop.add(job.pidfd, READ | EDGE, lambda _events: self._reap(job))
