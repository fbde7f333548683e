"""The states of a job, and a table of the events that are allowed in each state.

STARTING ──STARTED──▶ RUNNING ──STOP──▶ STOPPING
    │                 │  ▲ └──EXITED──▶ ENDING ◀──EXITED──┘
    └──FAILED──▶ GONE │  │                 └──SWEPT──▶ ENDED
                PAUSED┴──┴RESUMED         (PAUSED takes STOP and EXITED like RUNNING)

An ENDING job may be paused, resumed and stopped: that affects the processes that the command left behind.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The state of a job. The values are shown to people."""

    STARTING = "starting"
    """The leader waits at the gate; the command does not run yet."""
    RUNNING = "running"
    PAUSED = "paused"
    """The cgroup is frozen."""
    STOPPING = "stopping"
    """A stop was requested; the grace period runs."""
    ENDING = "ending"
    """The leader has exited; processes that it left behind finish by themselves, or are being ended."""
    ENDED = "ended"
    GONE = "gone"
    """It failed to start, and is no longer in the table."""


class Event(StrEnum):
    """An event in the life of a job."""

    STARTED = "started"
    """The scope exists, every limit was verified, the command was executed."""
    FAILED = "failed"
    """The start failed."""
    PAUSED = "paused"
    """The cgroup was frozen, by Tasker or by systemctl. Does not happen to a job that is being stopped: it is thawed
    again."""
    RESUMED = "resumed"
    STOP = "stop"
    EXITED = "exited"
    """The leader has exited."""
    SWEPT = "swept"
    """The cgroup is empty, the output closed, the outcome known."""


MOVES: dict[tuple[State, Event], State] = {
    (State.STARTING, Event.STARTED): State.RUNNING,
    (State.STARTING, Event.FAILED): State.GONE,
    (State.STARTING, Event.STOP): State.STOPPING,  # carried out once the start has succeeded or failed
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
    """A state and an event that MOVES does not contain: a bug in the calling code, never an error of a user."""


def move(state: State, event: Event) -> State:
    """The state after `event` in `state`. Raises IllegalMove."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"a job that is {state} cannot take {event!r}") from None
