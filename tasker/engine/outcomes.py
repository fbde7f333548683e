"""How a job ended, told from what the kernel, systemd and people said."""

from __future__ import annotations

import dataclasses
import signal
from typing import Any

from tasker import wire
from tasker.engine.entry import Entry, SentSignal, StopRequest
from tasker.engine.slices import Slices
from tasker.job import Job, Kind, Outcome
from tasker.limits import Limits
from tasker.usage import Usage
from tasker.verdict import left_behind_clause, opened_sessions, verdict


def outcome_of(exit: wire.Exit, result: str, stop: StopRequest | None, oom_kills: int, signals: tuple[SentSignal, ...]) -> Outcome:
    """`result` is the scope's Result, "" where systemd could not be asked; `oom_kills` as the cgroup counted them;
    `signals` are the signals that people had sent, the last one last.

    Out of memory goes before all, since a stop did not end the job then; but for a leader that had exited before memory
    ran out. A timeout is also systemd's word for a slow stop, so a stop goes before that.
    """
    status: dict[str, Any] = {"exit_code": exit.code, "signal": exit.signal, "core_dumped": exit.core_dumped}
    killed = exit.signal == signal.SIGKILL
    if (result == "oom-kill" and exit.code is None) or (not result and oom_kills and killed and not stop):
        return Outcome(Kind.OUT_OF_MEMORY, **status)
    if stop is not None:
        by = stop.by if stop.kind is Kind.STOPPED else ""
        return Outcome(stop.kind, stopped_by=by, killed=stop.killed, **status)
    if result == "timeout":
        return Outcome(Kind.TIMED_OUT, **status)
    if exit.signal is not None:
        by = next((one.by for one in reversed(signals) if one.signal == exit.signal), "")
        return Outcome(Kind.SIGNALLED, stopped_by=by, **status)
    if exit.code is not None:
        return Outcome(Kind.EXITED, **status)
    return Outcome(Kind.UNKNOWN)


def with_verdict(
    outcome: Outcome, entry: Entry, limits: Limits, usage: Usage | None, result: str, slices: Slices
) -> Outcome:
    """The same with its verdict. `limits` are those it felt; `result` is the scope's."""
    stop, owner = entry.stop, entry.job.owner
    line = verdict(
        outcome,
        limits,
        usage,
        ran(entry.job),
        grace=stop.deadline - stop.requested if stop is not None and stop.requested else None,
        why=stop.reason if stop is not None else "",
        whole=entry.meter.final,
        quotas=slices.of_memory(owner),
        refusing=slices.refusing(owner, limits.tasks),
        left_behind=_left_behind(outcome, entry, result),
    )
    if entry.sessions:
        line += f"; {opened_sessions(entry.sessions)}"
    return dataclasses.replace(outcome, verdict=line)


def ran(job: Job) -> float | None:
    """Seconds from the start of its leader to the leader's exit."""
    clock = job.clock
    return None if clock.started is None or clock.exited is None else max(0.0, clock.exited - clock.started)


def _left_behind(outcome: Outcome, entry: Entry, result: str) -> str:
    """What became of processes that the leader left behind, where they did not finish by themselves."""
    if result == "oom-kill" and outcome.kind is not Kind.OUT_OF_MEMORY:
        return left_behind_clause(entry.job.left_behind, "out of memory", None, killed=True)
    sweep = entry.sweep
    if sweep is None or not (sweep.killed or sweep.reason) or (entry.stop is not None and entry.stop.killed):
        return ""
    return left_behind_clause(sweep.processes, sweep.reason, sweep.deadline - sweep.requested, killed=sweep.killed)
