"""The smallest values of the API: times, and text and bytes as they are in Python, bounded. For both ends."""

from __future__ import annotations

import math

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from tasker.errors import Reason, TaskerError, invalid

LONGEST_PATH = 4095
"""Bytes, as everywhere in Linux."""
_LONGEST = 315_576_000_000
"""Seconds in a Duration."""
_LAST = 253_370_764_800
"""Seconds since the epoch, of the year 9999: there is no date later on."""


def duration_to(seconds: float) -> Duration:
    """Raises TaskerError(INVALID) outside 0 to what protobuf can say."""
    if not 0 <= seconds <= _LONGEST:
        raise invalid(f"cannot use {seconds:g} s as a time; it is out of range")
    whole = int(seconds)
    return Duration(seconds=whole, nanos=min(round((seconds - whole) * 1e9), 999_999_999))


def seconds(message: Duration, what: str) -> float:
    if not 0 <= message.nanos < 1_000_000_000 or not 0 <= message.seconds <= _LONGEST:
        raise invalid(f"cannot use that as {what}; it must be a time from 0 on")
    return message.seconds + message.nanos / 1e9


def timestamp(when: float) -> Timestamp:
    whole = math.floor(when)
    return Timestamp(seconds=whole, nanos=min(round((when - whole) * 1e9), 999_999_999))


def time(message: Timestamp) -> float:
    """Raises TaskerError(INTERNAL) where there is no such date."""
    if not 0 <= message.seconds < _LAST:
        raise nonsense(f"the time {message.seconds}")
    return message.seconds + message.nanos / 1e9


def nonsense(what: str) -> TaskerError:
    """For what a server that is in order never answers."""
    return TaskerError(Reason.INTERNAL, f"cannot make anything of the server's answer: it holds {what}")


def bounded(what: str, text: str, most: int) -> str:
    """`text`, or TaskerError(INVALID) where it is longer than `most` bytes."""
    if len(text.encode()) > most:
        raise invalid(f"cannot use {what} {text[:40]!r}…; the longest is {most} bytes")
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
