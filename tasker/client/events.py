"""What an attach stream says, as plain values. Attached comes first, Ended or Detached last.

Chunks are contiguous but where a Lost stands between them. Offsets count the bytes of the job's output from 0.
A connection that breaks is told by one Interrupted; then comes Resumed (Attached, where it broke before that), or an
error is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tasker.errors import TaskerError
from tasker.job import Job


class DetachReason(StrEnum):
    """Why a stream was closed before the job's end. The values are shown to people."""

    REQUESTED = "requested"
    UNAVAILABLE = "unavailable"
    """The server restarts: attach again, from the offset. Only with a reconnect_timeout of 0."""
    CERTIFICATE = "certificate"
    """One's own expired or was revoked."""
    END_OF_RECALL = "end-of-recall"
    """Not followed, and the job goes on."""
    UNKNOWN = "unknown"
    """A newer server's, that this client does not know."""


@dataclass(frozen=True)
class Attached:
    """`offset`: the first byte that will be sent or told lost."""

    job: Job
    offset: int


@dataclass(frozen=True)
class Chunk:
    """`offset`: of the first byte of `data`. `time`: when the service received it, where timestamps were asked for."""

    offset: int
    data: bytes
    time: float | None = None


@dataclass(frozen=True)
class Lost:
    """Bytes begin (inclusive) to end (exclusive) are no longer held."""

    begin: int
    end: int


@dataclass(frozen=True)
class Exited:
    """The command has exited and left processes behind, whose output follows; `offset`: the first byte not sent yet."""

    job: Job
    offset: int


@dataclass(frozen=True)
class Ended:
    """The job has ended; `offset` is how many bytes it printed."""

    job: Job
    offset: int


@dataclass(frozen=True)
class Detached:
    """The stream was closed; `offset`: the first byte that was not sent."""

    reason: DetachReason
    offset: int


@dataclass(frozen=True)
class Interrupted:
    """The connection broke, and is tried again. `error`: what happened.

    `offset`: the first byte that has not come; None where it broke before Attached.
    """

    offset: int | None
    error: TaskerError


@dataclass(frozen=True)
class Resumed:
    """It goes on at `offset`, where it broke, after so many seconds; `job` as it is now."""

    job: Job
    offset: int
    after: float


Event = Attached | Chunk | Lost | Exited | Ended | Detached | Interrupted | Resumed
