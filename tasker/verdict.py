"""The verdict: one line for people that says how a job ended and why. Pure: everything it needs is an argument.

What is not known is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence

from tasker.job import Kind, Outcome, signal_name
from tasker.limits import Limits
from tasker.quantity import format_duration, format_share, format_size
from tasker.usage import Usage

HELD_BACK = 0.05
"""Share of its time from which on a CPU limit is worth a word."""

MOST_SESSIONS = 16
"""Login sessions of one job that are reported."""
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
    ceilings: Sequence[str] = (),
) -> str:
    """`seconds` it ran; `grace`: those that a stop gave it; `why` it was stopped, where nobody asked for that.

    `whole` is whether `usage` holds all to the end; `ceilings` are those besides its own limit that it may have met,
    in words like "the ceiling of 2G on all of alice's jobs".
    """
    after = f" after {format_duration(seconds)}" if seconds is not None else ""
    match outcome.kind:
        case Kind.OUT_OF_MEMORY:
            return f"{outcome.summary}, {_memory(limits, usage, whole, ceilings)}{_peak(usage, whole)}"
        case Kind.STOPPED:
            line = _stopped(outcome, after, grace, why)
        case Kind.TIMED_OUT if limits.run_time is not None:
            line = f"ended: its run time of {format_duration(limits.run_time)} was over"
        case Kind.EXITED | Kind.SIGNALLED | Kind.TIMED_OUT:
            line = outcome.summary + after
        case Kind.RUN_ENDED | Kind.UNKNOWN:
            line = outcome.summary
    if spoken_of(outcome, usage) == "cpu" and usage is not None and limits.cpu is not None:
        held_back = format_share(usage.throttled)
        line += f"; the CPU limit of {limits.cpu:g} held it back {held_back} of the time"
    return line


def spoken_of(outcome: Outcome, usage: Usage | None) -> str:
    """The limit that the line speaks of, where there is one: "memory", "cpu", or "" for none."""
    match outcome.kind:
        case Kind.OUT_OF_MEMORY:
            return "memory"
        case Kind.RUN_ENDED | Kind.UNKNOWN:
            return ""
    return "cpu" if usage is not None and usage.throttled >= HELD_BACK else ""


def opened_sessions(ids: Sequence[str]) -> str:
    """What processes of a job did that opened login sessions, of which there is one at least."""
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


def _memory(limits: Limits, usage: Usage | None, whole: bool, ceilings: Sequence[str]) -> str:
    """Which limit it met: its own where its cgroup says so; all that it may have met where that went unread."""
    hits = usage.memory_limit_hits if usage is not None else 0
    own = None if limits.memory is None else f"limit {format_size(limits.memory)}"
    if own and hits:
        times = "once" if hits == 1 else f"{hits} times"
        return f"{own} reached {'' if whole else 'at least '}{times}"
    likely = [own, *ceilings] if own and (usage is None or not whole) else ceilings
    if likely:
        return f"{' or '.join(likely)} reached"
    return "the machine had none left"


def _peak(usage: Usage | None, whole: bool) -> str:
    if usage is None or usage.memory_peak is None:
        return ""
    return f" (peak {'' if whole else 'at least '}{format_size(usage.memory_peak)})"
