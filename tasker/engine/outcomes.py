"""How a job ended, told from what the kernel, systemd and people said; and why a command could not be executed."""

from __future__ import annotations

import dataclasses
import errno
import os
import signal
from collections.abc import Sequence
from typing import Any

from tasker import wire
from tasker.engine.table import Entry, Sent, Stop
from tasker.errors import Reason, TaskerError
from tasker.job import Job, Kind, Outcome
from tasker.limits import Limits
from tasker.usage import Usage
from tasker.verdict import opened_sessions, verdict


def outcome_of(exit: wire.Exit, result: str, stop: Stop | None, oom_kills: int, sent: tuple[Sent, ...]) -> Outcome:
    """`result` is the scope's Result, "" where systemd could not be asked; `oom_kills` as the cgroup counted them;
    `sent` has the signals that people had sent, the last one last.

    Out of memory goes before all: who was stopping it then did not end it. A timeout is also systemd's word for a slow
    stop, so a stop goes before that.
    """
    status: dict[str, Any] = {"exit_code": exit.code, "signal": exit.signal, "core_dumped": exit.core_dumped}
    killed = exit.signal == signal.SIGKILL
    if result == "oom-kill" or (not result and oom_kills and killed and not stop):
        return Outcome(Kind.OUT_OF_MEMORY, **status)
    if stop is not None:
        by = stop.by if stop.kind is Kind.STOPPED else ""
        return Outcome(stop.kind, stopped_by=by, killed=stop.killed, **status)
    if result == "timeout":
        return Outcome(Kind.TIMED_OUT, **status)
    if exit.signal is not None:
        by = next((one.by for one in reversed(sent) if one.signal == exit.signal), "")
        return Outcome(Kind.SIGNALLED, stopped_by=by, **status)
    if exit.code is not None:
        return Outcome(Kind.EXITED, **status)
    return Outcome(Kind.UNKNOWN)


def told(
    outcome: Outcome, entry: Entry, limits: Limits, usage: Usage | None, ended: float, ceilings: Sequence[str]
) -> Outcome:
    """The same with its verdict. `limits` are those it felt; `ceilings`: those on memory, besides its own, in words."""
    stop, started = entry.stop, entry.job.started
    line = verdict(
        outcome,
        limits,
        usage,
        None if started is None else max(0.0, ended - started),
        grace=stop.deadline - stop.asked if stop is not None and stop.asked else None,
        why=stop.why if stop is not None else "",
        whole=entry.meter.final,
        ceilings=ceilings,
    )
    if entry.sessions:
        line += f"; {opened_sessions(entry.sessions)}"
    return dataclasses.replace(outcome, verdict=line)


def exec_error(job: Job, launch: wire.Launch, released: wire.Released) -> TaskerError:
    """Why the command does not run, and whom it would have run as where that is the reason."""
    command, number = job.spec.argv[0], released.errno
    whom = f"as {job.user}" if job.user else f"as uid {job.uid}, {job.owner}'s own"
    if released.step == "directory":
        home = "" if job.spec.working_directory else f", the home of {job.user or job.owner}"
        text = f"cannot start in {launch.working_directory}{home}: {os.strerror(number)}"
        text += f"; the job runs {whom}" if number == errno.EACCES else ""
        return TaskerError(Reason.REFUSED, f"{text}; choose another with --cwd")
    if released.step != "execute":
        return TaskerError(Reason.REFUSED, f"cannot start {command}: its process ended before it began; try again")
    match number:
        case errno.ENOENT if "/" not in command:
            text = f"cannot execute {command}: it is not in PATH ({launch.environment['PATH']}); give its full path"
        case errno.ENOENT:
            text = f"cannot execute {command}: there is no such file, or its interpreter is missing"
        case errno.EACCES:
            text = f"cannot execute {command}: permission denied; the job runs {whom}"
        case errno.ENOEXEC:
            text = f"cannot execute {command}: it is no program; a script needs a first line like #!/bin/sh"
        case _:
            text = f"cannot execute {command}: {os.strerror(number)}"
    return TaskerError(_reason(number), text)


def _reason(number: int) -> Reason:
    return Reason.COMMAND_NOT_FOUND if number in (errno.ENOENT, errno.ENOTDIR) else Reason.NOT_EXECUTABLE
