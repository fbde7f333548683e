"""Conversion of Job to and from protobuf, for both ends of the network."""

from __future__ import annotations

import re
import time
from dataclasses import fields
from typing import Any

from tasker.api import values
from tasker.api.specs import limits_from, limits_to, spec_from, spec_to
from tasker.api.usages import usage_from, usage_to
from tasker.api.v1 import tasker_pb2 as pb
from tasker.errors import Reason, TaskerError
from tasker.job import TIMES, Clock, Job, Kind, Outcome
from tasker.lifecycle import State
from tasker.limits import Disk

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_STATES: dict[State, str] = {state: f"JOB_STATE_{state.name}" for state in State if state is not State.GONE}
_STATES_BACK: dict[int, State] = {pb.JobState.Value(name): state for state, name in _STATES.items()}
_KINDS: dict[Kind, str] = {kind: f"KIND_{kind.name}" for kind in Kind}
_CONVERTED = {"state", "spec", "limits", "in_force", "differing", "outcome", "usage", "disks", "clock", *TIMES}
_AS_THEY_ARE = tuple(field.name for field in fields(Job) if field.name not in _CONVERTED)
"""The fields that have the same name and the same value at both ends."""
_FIELDS = pb.Job.DESCRIPTOR.fields_by_name
_KINDS_BACK: dict[int, Kind] = {pb.Outcome.Kind.Value(name): kind for kind, name in _KINDS.items()}


def job_to(job: Job) -> pb.Job:
    """Returns the message, with durations as of now."""
    message = pb.Job(
        **{name: getattr(job, name) for name in _AS_THEY_ARE},
        state=_STATES[job.state],
        spec=spec_to(job.spec),
        limits=limits_to(job.limits),
        differing=job.differing,
        disks=[pb.Disk(**vars(disk)) for disk in job.disks],
    )
    for name in TIMES:
        if (when := getattr(job, name)) is not None:
            getattr(message, name).CopyFrom(values.timestamp(when))
    for name, seconds in _durations(job, time.monotonic()).items():
        if seconds is not None:
            getattr(message, name).CopyFrom(values.duration_to(max(0.0, seconds)))
    if job.outcome is not None:
        message.outcome.CopyFrom(_outcome_to(job.outcome))
    if job.in_force is not None:
        message.in_force.CopyFrom(limits_to(job.in_force))
    if job.usage is not None:
        message.usage.CopyFrom(usage_to(job.usage))
    return message


def job_from(message: pb.Job) -> Job:
    """Raises TaskerError(INTERNAL) for unknown values of a newer server, and for a malformed id, because users copy ids
    into a shell."""
    if not _ID.fullmatch(message.id):
        raise values.nonsense(f"the job id {message.id[:40]!r}")
    if message.state not in _STATES_BACK:
        raise TaskerError(Reason.INTERNAL, "cannot understand the answer: the server is newer; upgrade this client")
    return Job(
        **{name: _value(message, name) for name in _AS_THEY_ARE},
        **{name: _time(message, name) for name in TIMES},
        state=_STATES_BACK[message.state],
        spec=spec_from(message.spec),
        limits=limits_from(message.limits),
        in_force=limits_from(message.in_force) if message.HasField("in_force") else None,
        outcome=_outcome_from(message.outcome) if message.HasField("outcome") else None,
        usage=usage_from(message.usage) if message.HasField("usage") else None,
        differing=tuple(message.differing),
        disks=tuple(Disk(disk.path, disk.mount_point, disk.name, disk.number) for disk in message.disks),
        clock=_clock(message, time.monotonic()),
    )


def _value(message: pb.Job, name: str) -> Any:
    """A scalar; None where the field can be absent and is."""
    return None if _FIELDS[name].has_presence and not message.HasField(name) else getattr(message, name)


def _time(message: pb.Job, name: str) -> Any:
    return values.time(getattr(message, name)) if message.HasField(name) else None


def _durations(job: Job, now: float) -> dict[str, float | None]:
    """Returns the durations by field of the message."""
    clock = job.clock
    return {
        "elapsed": job.elapsed(now),
        "since_end": None if clock.ended is None else now - clock.ended,
        "lingers_for": None if clock.lingers_until is None else clock.lingers_until - now,
    }


def _clock(message: pb.Job, now: float) -> Clock:
    """Converts durations as of now to times on this process's monotonic clock."""

    def seconds(name: str) -> float | None:
        return values.seconds(getattr(message, name), name) if message.HasField(name) else None

    elapsed, since_end, lingers_for = map(seconds, ("elapsed", "since_end", "lingers_for"))
    ended = None if since_end is None else now - since_end
    return Clock(
        started=None if elapsed is None else (now if ended is None else ended) - elapsed,
        lingers_until=None if lingers_for is None else now + lingers_for,
        ended=ended,
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
        verdict=outcome.verdict,
    )


def _outcome_from(message: pb.Outcome) -> Outcome:
    return Outcome(
        kind=_KINDS_BACK.get(message.kind, Kind.UNKNOWN),
        exit_code=message.exit_code if message.HasField("exit_code") else None,
        signal=message.signal if message.HasField("signal") else None,
        core_dumped=message.core_dumped,
        stopped_by=message.stopped_by,
        killed=message.killed,
        verdict=message.verdict,
    )
