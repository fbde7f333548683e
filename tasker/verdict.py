"""The verdict: one line for people that says how and why a job ended. Pure: everything it needs is an argument.

Unknown facts are left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence

from tasker import acting
from tasker.job import Kind, Outcome, signal_name
from tasker.limits import Limits
from tasker.quantity import format_duration, format_size
from tasker.usage import Usage

MOST_SESSIONS = 16
"""The most login sessions that are reported of one job."""
_MOST_NAMED = 3


def verdict(
    outcome: Outcome,
    limits: Limits,
    usage: Usage | None,
    seconds: float | None,
    *,
    grace: float | None = None,
    why: str = "",
    whole: bool = True,
    quotas: Sequence[str] = (),
    refusing: Sequence[str] = (),
    left_behind: str = "",
) -> str:
    """`seconds`: the run time; `grace`: the grace period of a stop; `why`: the reason of a stop that no user requested.

    `whole`: whether `usage` covers the job to its end; `quotas`: the quotas that it may have reached, in words like
    "the quota of 2G on all of alice's jobs"; `refusing`: the limits that may have refused the job a process;
    `left_behind`: from left_behind_clause().
    """
    after = f" after {format_duration(seconds)}" if seconds is not None else ""
    match outcome.kind:
        case Kind.OUT_OF_MEMORY:
            line = f"{outcome.summary}, {_memory(limits, usage, whole, quotas)}{_peak(usage, whole)}"
        case Kind.STOPPED:
            line = _stopped(outcome, after, grace, why)
        case Kind.TIMED_OUT if limits.run_time is not None:
            line = f"ended: its run time of {format_duration(limits.run_time)} was over"
        case Kind.EXITED | Kind.SIGNALLED | Kind.TIMED_OUT:
            line = outcome.summary + after
        case Kind.RUN_ENDED | Kind.UNKNOWN:
            line = outcome.summary
    clauses = [] if usage is None else _limits(outcome, limits, usage, seconds, refusing)
    return "; ".join([line, *clauses, *([left_behind] if left_behind else [])])


def left_behind_clause(processes: int, why: str, grace: float | None, *, killed: bool) -> str:
    """A clause about processes that the leader left behind and that had to be ended.

    `why` completes "they were asked to end …", e.g. "after 5.0s", "by alice"; "" adds nothing. `killed`: after `grace`
    seconds; if `grace` is None, `why` says what killed them.
    """
    what, were = ("1 process", "was") if processes == 1 else (f"{processes} processes", "were")
    if grace is None:
        return f"{what} left behind {were} killed: {why}"
    if not killed:
        return f"{what} left behind {were} ended {why}"
    asked = f", asked to end {why}," if why else ""
    return f"{what} left behind{asked} {were} killed after the grace period of {format_duration(grace)}"


def _limits(
    outcome: Outcome, limits: Limits, usage: Usage, seconds: float | None, refusing: Sequence[str]
) -> list[str]:
    """A clause for each limit that acted, except the one that the line begins with."""
    fields = [field for field in limits_mentioned(outcome, usage, seconds) if field not in _first_limit(outcome)]
    return acting.words(fields, limits, usage, seconds, refusing)


def limits_mentioned(outcome: Outcome, usage: Usage | None, seconds: float | None) -> tuple[str, ...]:
    """The fields of Limits that the line mentions: those that acted on the job in its `seconds` of run time."""
    if outcome.kind in (Kind.RUN_ENDED, Kind.UNKNOWN):
        return ()
    acted = () if usage is None else acting.acting(usage, seconds)
    return tuple(dict.fromkeys((*_first_limit(outcome), *acted)))


def _first_limit(outcome: Outcome) -> tuple[str, ...]:
    """The limit that the line begins with."""
    return ("memory",) if outcome.kind is Kind.OUT_OF_MEMORY else ()


def opened_sessions(ids: Sequence[str]) -> str:
    """A clause about processes of a job that opened these login sessions, at least one."""
    if len(ids) == 1:
        return f"a process opened login session {ids[0]} and left the job's limits"
    more = len(ids) - _MOST_NAMED
    least = "at least " if len(ids) >= MOST_SESSIONS else ""
    named = ", ".join(ids[:_MOST_NAMED]) + (f" and {least}{more} more" if more > 0 else "")
    return f"processes opened login sessions {named} and left the job's limits"


def _stopped(outcome: Outcome, after: str, grace: float | None, why: str) -> str:
    if why:
        return f"stopped by {outcome.stopped_by}: {why}"
    if outcome.killed:
        if grace is None:
            return outcome.summary
        late = f"after the grace period of {format_duration(grace)}" if grace >= 0.05 else "at once"
        return f"stopped by {outcome.stopped_by}: killed {late}"
    how = f"code {outcome.exit_code}" if outcome.signal is None else signal_name(outcome.signal)
    return f"stopped by {outcome.stopped_by}{after} ({how})"


def _memory(limits: Limits, usage: Usage | None, whole: bool, quotas: Sequence[str]) -> str:
    """The memory limit that was reached: the job's own if its cgroup says so; else every one that may have been
    reached."""
    hits = usage.memory_limit_hits if usage is not None else 0
    own = None if limits.memory is None else f"limit {format_size(limits.memory)}"
    if own and hits:
        times = "once" if hits == 1 else f"{hits} times"
        return f"{own} reached {'' if whole else 'at least '}{times}"
    likely = [own, *quotas] if own and (usage is None or not whole) else quotas
    if likely:
        return f"{' or '.join(likely)} reached"
    return "the machine had none left"


def _peak(usage: Usage | None, whole: bool) -> str:
    if usage is None or usage.memory_peak is None:
        return ""
    return f" (peak {'' if whole else 'at least '}{format_size(usage.memory_peak)})"
