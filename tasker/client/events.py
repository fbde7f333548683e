"""The events of an attach stream, as plain values. Attached comes first, Ended or Detached last.

Chunks are contiguous unless there is a Lost between them. Offsets count the bytes of the job's output from 0. A broken
connection yields one Interrupted, then Resumed (or Attached, if the connection broke before Attached); if the client
cannot reconnect, an error is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tasker.errors import TaskerError
from tasker.job import Job


class DetachReason(StrEnum):
    """The reason why a stream was closed before the end of the job. The values are shown to people."""

    REQUESTED = "requested"
    UNAVAILABLE = "unavailable"
    """The server is restarting: attach again at the offset. Only with `reconnect_timeout` 0."""
    CERTIFICATE = "certificate"
    """The caller's certificate expired or was revoked."""
    END_OF_RECALL = "end-of-recall"
    """The stream does not follow the job, which still runs."""
    UNKNOWN = "unknown"
    """A reason of a newer server that this client does not know."""


@dataclass(frozen=True)
class Attached:
    """The stream has begun. `offset`: the first byte that will be sent or reported as lost."""

    job: Job
    offset: int


@dataclass(frozen=True)
class Chunk:
    """Output. `offset`: position of the first byte. `time`: when the service received it, if requested."""

    offset: int
    data: bytes
    time: float | None = None


@dataclass(frozen=True)
class Lost:
    """Bytes begin (inclusive) to end (exclusive) are no longer kept."""

    begin: int
    end: int


@dataclass(frozen=True)
class Exited:
    """The command has exited and left processes behind; their output follows. `offset`: the first byte not sent yet."""

    job: Job
    offset: int


@dataclass(frozen=True)
class Ended:
    """The job has ended. `offset`: the length of its output."""

    job: Job
    offset: int


@dataclass(frozen=True)
class Detached:
    """The stream was closed. `offset`: the first byte that was not sent."""

    reason: DetachReason
    offset: int


@dataclass(frozen=True)
class Interrupted:
    """The connection broke; the client reconnects. `error`: the reason.

    `offset`: the first byte that was not received; None before Attached.
    """

    offset: int | None
    error: TaskerError


@dataclass(frozen=True)
class Resumed:
    """The stream resumes at `offset`. `after`: seconds since the break; `job`: its current state."""

    job: Job
    offset: int
    after: float


Event = Attached | Chunk | Lost | Exited | Ended | Detached | Interrupted | Resumed
