"""Conversion and bounds of simple values of the API: times, text, bytes. For both ends of the network."""

from __future__ import annotations

import math

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from tasker.errors import Reason, TaskerError, invalid

LONGEST_PATH = 4095
"""Bytes; PATH_MAX of Linux without the NUL."""
_LONGEST = 315_576_000_000
"""The largest Duration, in seconds."""
_LAST = 253_370_764_800
"""Seconds since the epoch, in the year 9999; Python has no later dates."""


def duration_to(seconds: float) -> Duration:
    """Raises TaskerError(INVALID) for a value below 0 or above the largest Duration."""
    if not 0 <= seconds <= _LONGEST:
        raise invalid(f"cannot use {seconds:g} s as a time; it is out of range")
    whole = int(seconds)
    return Duration(seconds=whole, nanos=min(round((seconds - whole) * 1e9), 999_999_999))


def seconds(message: Duration, what: str) -> float:
    if not 0 <= message.nanos < 1_000_000_000 or not 0 <= message.seconds <= _LONGEST:
        raise invalid(f"cannot use this value as {what}; it must be a time of at least 0")
    return message.seconds + message.nanos / 1e9


def timestamp(when: float) -> Timestamp:
    whole = math.floor(when)
    return Timestamp(seconds=whole, nanos=min(round((when - whole) * 1e9), 999_999_999))


def time(message: Timestamp) -> float:
    """Raises TaskerError(INTERNAL) if there is no such date."""
    if not 0 <= message.seconds < _LAST:
        raise nonsense(f"the time {message.seconds}")
    return message.seconds + message.nanos / 1e9


def nonsense(what: str) -> TaskerError:
    """Returns the error for an answer that a correct server never sends."""
    return TaskerError(Reason.INTERNAL, f"cannot understand the server's answer: it contains {what}")


def bounded(what: str, text: str, most: int) -> str:
    """Returns `text`; raises TaskerError(INVALID) if it is longer than `most` bytes."""
    if len(text.encode()) > most:
        raise invalid(f"cannot use {what} {text[:40]!r}…; the maximum length is {most} bytes")
    return text


def int32(what: str, number: int) -> int:
    if not -(1 << 31) <= number < 1 << 31:
        raise invalid(f"cannot use {number} as {what}; it is out of range")
    return number


def text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def unicode(what: str, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise invalid(f"cannot use {what} {text[:40]!r}; it must be Unicode text") from None
    return text
