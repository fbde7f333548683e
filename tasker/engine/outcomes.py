"""How a job ended, told from what the kernel, systemd and people said."""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Sequence
from typing import Any

from tasker import wire
from tasker.engine.table import Entry, Sent, Stop
from tasker.job import Kind, Outcome
from tasker.limits import Limits
from tasker.usage import Usage
from tasker.verdict import verdict


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
    return dataclasses.replace(outcome, verdict=line)
