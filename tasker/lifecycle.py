"""Where a job can be and what may happen to it there: one table. Whatever is not in it is refused.

STARTING ──STARTED──▶ RUNNING ──STOP──▶ STOPPING
    │                 │  ▲ └──EXITED──▶ ENDING ◀──EXITED──┘
    └──FAILED──▶ GONE │  │                 └──SWEPT──▶ ENDED
                PAUSED┴──┴RESUMED         (PAUSED takes STOP and EXITED like RUNNING)

An ENDING job may be paused, resumed and stopped: that concerns the processes which the command left behind.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a job is. The values are shown to people."""

    STARTING = "starting"
    """Its leader waits at the gate; the command does not run yet."""
    RUNNING = "running"
    PAUSED = "paused"
    """Its cgroup is frozen."""
    STOPPING = "stopping"
    """Somebody asked for its end; it is within its grace period."""
    ENDING = "ending"
    """Its leader has exited; processes that it left behind finish by themselves, or are being ended."""
    ENDED = "ended"
    GONE = "gone"
    """It never ran, and no longer stands in the table."""


class Event(StrEnum):
    """What can happen to a job."""

    STARTED = "started"
    """The scope stands, every limit was read back, the command was executed."""
    FAILED = "failed"
    """Something on the way there was refused."""
    PAUSED = "paused"
    """Its cgroup froze, whoever asked for that. A job that is being stopped has no such event: it is thawed again."""
    RESUMED = "resumed"
    STOP = "stop"
    EXITED = "exited"
    """The leader has exited."""
    SWEPT = "swept"
    """Its cgroup is empty, its output closed, its outcome known."""


MOVES: dict[tuple[State, Event], State] = {
    (State.STARTING, Event.STARTED): State.RUNNING,
    (State.STARTING, Event.FAILED): State.GONE,
    (State.STARTING, Event.STOP): State.STOPPING,  # carried out as soon as the start has come to its end
    (State.RUNNING, Event.STOP): State.STOPPING,
    (State.RUNNING, Event.EXITED): State.ENDING,
    (State.RUNNING, Event.PAUSED): State.PAUSED,
    (State.PAUSED, Event.RESUMED): State.RUNNING,
    (State.PAUSED, Event.STOP): State.STOPPING,
    (State.PAUSED, Event.EXITED): State.ENDING,
    (State.STOPPING, Event.STARTED): State.STOPPING,
    (State.STOPPING, Event.FAILED): State.GONE,
    (State.STOPPING, Event.STOP): State.STOPPING,
    (State.STOPPING, Event.EXITED): State.ENDING,
    (State.ENDING, Event.PAUSED): State.ENDING,
    (State.ENDING, Event.RESUMED): State.ENDING,
    (State.ENDING, Event.STOP): State.ENDING,  # the outcome stays the leader's
    (State.ENDING, Event.SWEPT): State.ENDED,
    (State.ENDED, Event.STOP): State.ENDED,
}


class IllegalMove(Exception):
    """A pair that is not in MOVES: a defect of the caller, never of a user."""


def move(state: State, event: Event) -> State:
    """The state after `event` in `state`. Raises Refused."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"a job that is {state} cannot take {event!r}") from None
