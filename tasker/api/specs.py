"""What is asked for, protobuf ◀─▶ JobSpec and Limits, for both ends of the network.

A request is checked here for what cannot be said in a datagram: lengths, numbers that are none. What a spec may ask
for is checked by the engine (`job.check_spec`). Bytes become `str` with surrogateescape, as everywhere.
"""

from __future__ import annotations

import math
from typing import Any

from tasker.api import values
from tasker.api.v1 import tasker_pb2 as pb
from tasker.errors import invalid
from tasker.job import LONGEST_GRACE, JobSpec
from tasker.limits import IoLimit, Limits

MOST_CORES = 1e21
"""What a datagram can say (bounds.AnyCores), and NaN is not below it; how many a machine has, the engine knows."""
_NUMBERS = ("cpu", "cpu_weight", "memory", "memory_high", "memory_swap", "tasks", "io_weight")
_IO_NUMBERS = ("read_bandwidth", "write_bandwidth", "read_iops", "write_iops")


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
    )


def spec_to(spec: JobSpec) -> pb.JobSpec:
    """Raises TaskerError(INVALID) where a text that must be Unicode is not."""
    message = pb.JobSpec(
        argv=[values.raw(argument) for argument in spec.argv],
        working_directory=values.unicode("the working directory", spec.working_directory),
        environment={
            values.unicode("a variable's name", key): values.raw(value) for key, value in spec.environment.items()
        },
        name=values.unicode("the name", spec.name),
        user=values.unicode("the user", spec.user),
        limits=limits_to(spec.limits),
    )
    if spec.grace is not None:
        message.grace.CopyFrom(values.duration_to(spec.grace))
    if spec.linger is not None:
        message.linger.CopyFrom(values.duration_to(spec.linger))
    return message


def limits_from(message: pb.Limits) -> Limits:
    if message.HasField("cpu") and not abs(message.cpu) <= MOST_CORES:
        raise invalid("cannot limit the CPU to that; give a number of cores, e.g. 0.5")
    if len(message.io) > 64:
        raise invalid(f"cannot limit {len(message.io)} paths; the most is 16")
    numbers: dict[str, Any] = {name: getattr(message, name) for name in _NUMBERS if message.HasField(name)}
    return Limits(
        **numbers,
        io=tuple(_io_limit_from(io) for io in message.io),
        run_time=values.seconds(message.run_time, "the run time") if message.HasField("run_time") else None,
    )


def _io_limit_from(message: pb.IoLimit) -> IoLimit:
    numbers = {name: getattr(message, name) for name in _IO_NUMBERS if message.HasField(name)}
    return IoLimit(values.bounded("the path of a disk", message.path, values.LONGEST_PATH), **numbers)


def limits_to(limits: Limits) -> pb.Limits:
    message = pb.Limits(
        **_checked(limits, _NUMBERS),
        io=[pb.IoLimit(path=values.unicode("the path", io.path), **_checked(io, _IO_NUMBERS)) for io in limits.io],
    )
    if limits.run_time is not None:
        message.run_time.CopyFrom(values.duration_to(limits.run_time))
    return message


def _checked(value: object, names: tuple[str, ...]) -> dict[str, Any]:
    """The fields that are set, each in the range that protobuf can say."""
    numbers = {name: getattr(value, name) for name in names if getattr(value, name) is not None}
    for name, number in numbers.items():
        largest = (1 << 32) - 1 if name.endswith("weight") else (1 << 64) - 1
        if not math.isfinite(number) or not 0 <= number <= largest:
            raise invalid(f"cannot limit {name.replace('_', '-')} to {number}; it is out of range")
    return numbers


def grace_from(message: pb.StopJobRequest | pb.JobSpec) -> float | None:
    """Seconds, or None for the service's default. Raises TaskerError(INVALID)."""
    if not message.HasField("grace"):
        return None
    grace = values.seconds(message.grace, "the grace period")
    if not 0 <= grace <= LONGEST_GRACE:
        raise invalid(f"cannot wait {grace:g} s for a job to end; a grace period is 0s to 1h")
    return grace
