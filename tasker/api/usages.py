"""Conversion of Usage to and from protobuf, for both ends of the network."""

from __future__ import annotations

import math
from typing import Any

from tasker.api import values
from tasker.api.v1 import tasker_pb2 as pb
from tasker.usage import Pressure, Usage

_COUNTS = ("periods", "throttled_periods", "memory_limit_hits", "oom_kills", "task_limit_hits", "memory_high_hits")
_OPTIONAL = (
    *("cpu_rate", "memory", "memory_peak", "swap", "tasks"),
    *("io_read", "io_write", "io_read_rate", "io_write_rate"),
)
_TIMES = ("cpu_time", "throttled_time")
_PRESSURES = ("cpu_pressure", "memory_pressure", "io_pressure")


def usage_to(usage: Usage) -> pb.Usage:
    message = pb.Usage(time=values.timestamp(usage.time))
    for name in (*_COUNTS, *_OPTIONAL):
        if (value := getattr(usage, name)) is not None:
            setattr(message, name, value)
    for name in _TIMES:
        getattr(message, name).CopyFrom(values.duration_to(getattr(usage, name)))
    for name in _PRESSURES:
        if (pressure := getattr(usage, name)) is not None:
            getattr(message, name).CopyFrom(_pressure_to(pressure))
    return message


def usage_from(message: pb.Usage) -> Usage:
    found: dict[str, Any] = {name: getattr(message, name) for name in _COUNTS}
    found |= {name: values.seconds(getattr(message, name), name) for name in _TIMES}
    for name in (*_OPTIONAL, *_PRESSURES):
        if message.HasField(name):
            value = getattr(message, name)
            found[name] = _pressure_from(value) if name in _PRESSURES else _finite(value)
    return Usage(time=values.time(message.time), **found)


def _pressure_to(pressure: Pressure) -> pb.Pressure:
    return pb.Pressure(some=pressure.some, full=pressure.full, total=values.duration_to(pressure.total))


def _pressure_from(message: pb.Pressure) -> Pressure:
    return Pressure(_finite(message.some), _finite(message.full), values.seconds(message.total, "the time"))


def _finite(number: float) -> float:
    """Raises TaskerError(INTERNAL) for infinity and NaN."""
    if not math.isfinite(number):
        raise values.nonsense(f"the number {number}")
    return number
