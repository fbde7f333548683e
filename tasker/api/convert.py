"""protobuf to the dataclasses of `job` and back, for both ends of the network.

A request is checked here for what cannot be said in a datagram: lengths, numbers that are none. What a spec may ask
for is checked by the engine (`job.check_spec`). Bytes become `str` with surrogateescape, as everywhere.
"""

from __future__ import annotations

import math
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from tasker.api.v1 import tasker_pb2 as pb
from tasker.errors import Reason, TaskerError, invalid
from tasker.job import LONGEST_GRACE, IoLimit, Job, JobSpec, Kind, Limits, Outcome
from tasker.lifecycle import State

LONGEST_PATH = 4095
"""Bytes, as everywhere in Linux."""

_STATES: dict[State, str] = {state: f"JOB_STATE_{state.name}" for state in State if state is not State.GONE}
_STATES_BACK: dict[int, State] = {pb.JobState.Value(name): state for state, name in _STATES.items()}
_KINDS: dict[Kind, str] = {kind: f"KIND_{kind.name}" for kind in Kind}
_KINDS_BACK: dict[int, Kind] = {pb.Outcome.Kind.Value(name): kind for kind, name in _KINDS.items()}
_NUMBERS = ("cpu", "cpu_weight", "memory", "memory_high", "memory_swap", "tasks", "io_weight")
_IO_NUMBERS = ("read_bandwidth", "write_bandwidth", "read_iops", "write_iops")


# ── what is asked ────────────────────────────────────────────────────────────────────────────────────────────────────


def spec_from(message: pb.JobSpec) -> JobSpec:
    """Raises TaskerError(INVALID)."""
    return JobSpec(
        argv=tuple(_text(argument) for argument in message.argv),
        working_directory=bounded("the working directory", message.working_directory, LONGEST_PATH),
        environment={key: _text(value) for key, value in message.environment.items()},
        name=bounded("the name", message.name, 256),
        user=bounded("the user", message.user, 256),
        limits=_limits_from(message.limits),
    )


def spec_to(spec: JobSpec) -> pb.JobSpec:
    """Raises TaskerError(INVALID) where a text that must be Unicode is not."""
    return pb.JobSpec(
        argv=[_bytes(argument) for argument in spec.argv],
        working_directory=_unicode("the working directory", spec.working_directory),
        environment={_unicode("a variable's name", key): _bytes(value) for key, value in spec.environment.items()},
        name=_unicode("the name", spec.name),
        user=_unicode("the user", spec.user),
        limits=_limits_to(spec.limits),
    )


def _limits_from(message: pb.Limits) -> Limits:
    if message.HasField("cpu") and not math.isfinite(message.cpu):
        raise invalid("cannot limit the CPU to that; give a number of cores, e.g. 0.5")
    if len(message.io) > 64:
        raise invalid(f"cannot limit {len(message.io)} paths; the most is 16")
    numbers: dict[str, Any] = {name: getattr(message, name) for name in _NUMBERS if message.HasField(name)}
    return Limits(
        **numbers,
        io=tuple(_io_limit_from(io) for io in message.io),
        run_time=_seconds(message.run_time, "the run time") if message.HasField("run_time") else None,
    )


def _io_limit_from(message: pb.IoLimit) -> IoLimit:
    numbers = {name: getattr(message, name) for name in _IO_NUMBERS if message.HasField(name)}
    return IoLimit(bounded("the path of a disk", message.path, LONGEST_PATH), **numbers)


def _limits_to(limits: Limits) -> pb.Limits:
    message = pb.Limits(
        **_checked(limits, _NUMBERS),
        io=[pb.IoLimit(path=_unicode("the path", io.path), **_checked(io, _IO_NUMBERS)) for io in limits.io],
    )
    if limits.run_time is not None:
        message.run_time.CopyFrom(duration_to(limits.run_time))
    return message


def _checked(value: object, names: tuple[str, ...]) -> dict[str, Any]:
    """The fields that are set, each in the range that protobuf can say."""
    numbers = {name: getattr(value, name) for name in names if getattr(value, name) is not None}
    for name, number in numbers.items():
        largest = (1 << 32) - 1 if name.endswith("weight") else (1 << 64) - 1
        if not math.isfinite(number) or not 0 <= number <= largest:
            raise invalid(f"cannot limit {name.replace('_', '-')} to {number}; it is out of range")
    return numbers


def grace_from(message: pb.StopJobRequest) -> float | None:
    """Seconds, or None for the service's default. Raises TaskerError(INVALID)."""
    if not message.HasField("grace"):
        return None
    grace = _seconds(message.grace, "the grace period")
    if not 0 <= grace <= LONGEST_GRACE:
        raise invalid(f"cannot wait {grace:g} s for a job to end; a grace period is 0s to 1h")
    return grace


def duration_to(seconds: float) -> Duration:
    """Raises TaskerError(INVALID) outside 0 to what protobuf can say."""
    if not 0 <= seconds <= 315_576_000_000:
        raise invalid(f"cannot use {seconds:g} s as a time; it is out of range")
    whole = int(seconds)
    return Duration(seconds=whole, nanos=min(round((seconds - whole) * 1e9), 999_999_999))


def _seconds(message: Duration, what: str) -> float:
    if not 0 <= message.nanos < 1_000_000_000 or not 0 <= message.seconds <= 315_576_000_000:
        raise invalid(f"cannot use that as {what}; it must be a time from 0 on")
    return message.seconds + message.nanos / 1e9


def bounded(what: str, text: str, most: int) -> str:
    """`text`, or TaskerError(INVALID) where it is longer than `most` bytes."""
    if len(text.encode()) > most:
        raise invalid(f"cannot use {what} {text[:40]!r}…; the longest is {most} bytes")
    return text


# ── what is answered ─────────────────────────────────────────────────────────────────────────────────────────────────


def job_to(job: Job) -> pb.Job:
    message = pb.Job(
        id=job.id,
        owner=job.owner,
        spec=spec_to(job.spec),
        unit=job.unit,
        slice=job.slice,
        user=job.user,
        uid=job.uid,
        state=_STATES[job.state],
        created=_timestamp(job.created),
        pid=job.pid,
    )
    if job.started is not None:
        message.started.CopyFrom(_timestamp(job.started))
    if job.ended is not None:
        message.ended.CopyFrom(_timestamp(job.ended))
    if job.outcome is not None:
        message.outcome.CopyFrom(_outcome_to(job.outcome))
    return message


def job_from(message: pb.Job) -> Job:
    """Raises TaskerError(INTERNAL) where the server is newer than this client and says what this one does not know."""
    if message.state not in _STATES_BACK:
        raise TaskerError(Reason.INTERNAL, "cannot understand the server's answer: it is newer; upgrade this client")
    return Job(
        id=message.id,
        owner=message.owner,
        spec=spec_from(message.spec),
        unit=message.unit,
        slice=message.slice,
        user=message.user,
        uid=message.uid,
        state=_STATES_BACK[message.state],
        created=_time(message.created),
        started=_time(message.started) if message.HasField("started") else None,
        ended=_time(message.ended) if message.HasField("ended") else None,
        pid=message.pid,
        outcome=_outcome_from(message.outcome) if message.HasField("outcome") else None,
    )


def _outcome_to(outcome: Outcome) -> pb.Outcome:
    return pb.Outcome(
        kind=_KINDS[outcome.kind],
        exit_code=outcome.exit_code,
        signal=outcome.signal,
        core_dumped=outcome.core_dumped,
        stopped_by=outcome.stopped_by,
        killed=outcome.killed,
        summary=outcome.summary,
    )


def _outcome_from(message: pb.Outcome) -> Outcome:
    return Outcome(
        kind=_KINDS_BACK.get(message.kind, Kind.UNKNOWN),
        exit_code=message.exit_code if message.HasField("exit_code") else None,
        signal=message.signal if message.HasField("signal") else None,
        core_dumped=message.core_dumped,
        stopped_by=message.stopped_by,
        killed=message.killed,
    )


def _timestamp(when: float) -> Timestamp:
    whole = math.floor(when)
    return Timestamp(seconds=whole, nanos=min(round((when - whole) * 1e9), 999_999_999))


def _time(message: Timestamp) -> float:
    return message.seconds + message.nanos / 1e9


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _unicode(what: str, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise invalid(f"cannot use {what} {text[:40]!r}; it must be Unicode text") from None
    return text
