"""Converts JobSpec and Limits to and from protobuf, for clients and frontends.

Refuses values that a datagram to the engine cannot carry: NaN, texts that are too long. The engine checks whether the
spec is allowed (`job.check_spec`). Bytes become `str` with surrogateescape, as in the rest of Tasker.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.protobuf.duration_pb2 import Duration

from tasker.api import values
from tasker.api.v1 import tasker_pb2 as pb
from tasker.errors import invalid
from tasker.job import LONGEST_GRACE, JobSpec
from tasker.limits import IO_ROWS, ROWS, IoLimit, LimitRow, Limits
from tasker.measures import TIME, WEIGHT

MOST_CORES = 1e21
"""The largest value in a datagram (bounds.AnyCores); NaN is refused, too. The engine knows the cores of the machine."""


def spec_from(message: pb.JobSpec) -> JobSpec:
    """Raises TaskerError(INVALID)."""
    return JobSpec(
        argv=tuple(values.text(argument) for argument in message.argv),
        working_directory=values.bounded("the working directory", message.working_directory, values.LONGEST_PATH),
        environment={key: values.text(value) for key, value in message.environment.items()},
        name=values.bounded("the name", message.name, 256),
        user=values.bounded("the user", message.user, 256),
        limits=limits_from(message.limits),
        grace=grace_from(message),
        linger=values.seconds(message.linger, "the linger time") if message.HasField("linger") else None,
        nice=message.nice,
    )


def spec_to(spec: JobSpec) -> pb.JobSpec:
    """Raises TaskerError(INVALID) if a text that must be valid Unicode is not."""
    message = pb.JobSpec(
        argv=[values.raw(argument) for argument in spec.argv],
        working_directory=values.unicode("the working directory", spec.working_directory),
        environment={
            values.unicode("a variable's name", key): values.raw(value) for key, value in spec.environment.items()
        },
        name=values.unicode("the name", spec.name),
        user=values.unicode("the user", spec.user),
        limits=limits_to(spec.limits),
        nice=values.int32("the nice value", spec.nice),
    )
    if spec.grace is not None:
        message.grace.CopyFrom(values.duration_to(spec.grace))
    if spec.linger is not None:
        message.linger.CopyFrom(values.duration_to(spec.linger))
    return message


def limits_from(message: pb.Limits) -> Limits:
    """Raises TaskerError(INVALID)."""
    if len(message.io) > 64:
        raise invalid(f"cannot limit {len(message.io)} paths; the maximum is 16")
    return Limits(**_set_in(message, ROWS), io=tuple(_io_limit_from(io) for io in message.io))


def _io_limit_from(message: pb.IoLimit) -> IoLimit:
    path = values.bounded("the path of a disk", message.path, values.LONGEST_PATH)
    return IoLimit(path, **_set_in(message, IO_ROWS))


def _set_in(message: pb.Limits | pb.IoLimit, rows: Iterable[LimitRow]) -> dict[str, Any]:
    """Returns the fields that are set."""
    return {row.field: _value(row, getattr(message, row.field)) for row in rows if message.HasField(row.field)}


def _value(row: LimitRow, value: Any) -> Any:
    """Converts a value of protobuf to a field of Limits; text is parsed as on the command line."""
    if isinstance(value, Duration):
        return values.seconds(value, f"the {row.label}")
    if isinstance(value, float) and not abs(value) <= MOST_CORES:
        raise invalid("cannot limit the CPU to this value; give a number of cores, e.g. 0.5")
    return row.measure.read(value) if isinstance(value, str) else value


def limits_to(limits: Limits) -> pb.Limits:
    """Raises TaskerError(INVALID) for a value that protobuf cannot carry."""
    return pb.Limits(**_set_of(limits, ROWS), io=[_io_limit_to(io) for io in limits.io])


def _io_limit_to(io: IoLimit) -> pb.IoLimit:
    return pb.IoLimit(path=values.unicode("the path", io.path), **_set_of(io, IO_ROWS))


def _set_of(limits: Limits | IoLimit, rows: Iterable[LimitRow]) -> dict[str, Any]:
    """Returns the fields that are set, as values of protobuf."""
    found = [(row, getattr(limits, row.field)) for row in rows]
    return {row.field: _to_api(row, value) for row, value in found if value is not None}


def _to_api(row: LimitRow, value: Any) -> Any:
    if row.measure is TIME:
        return values.duration_to(value)
    largest = (1 << 32) - 1 if row.measure is WEIGHT else (1 << 64) - 1
    if not isinstance(value, str) and not 0 <= value <= largest:
        raise invalid(f"cannot limit {row.key} to {value}; it is out of range")
    return value


def grace_from(message: pb.StopJobRequest | pb.JobSpec) -> float | None:
    """Returns seconds, or None for the service's default. Raises TaskerError(INVALID)."""
    if not message.HasField("grace"):
        return None
    grace = values.seconds(message.grace, "the grace period")
    if not 0 <= grace <= LONGEST_GRACE:
        raise invalid(f"cannot use a grace period of {grace:g} s; give 0s to 1h")
    return grace
