"""Parses and formats sizes, times and shares as people write them: 512M, 1.5G, 90s, 1h30m, 34 %."""

from __future__ import annotations

import re
from datetime import timedelta

from tasker.errors import invalid

_SIZE_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_TIME_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([KMGT]?)(?:iB|B)?", re.IGNORECASE | re.ASCII)
_SECONDS = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)
_TIME_PART = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*(ms|s|m|h|d)", re.ASCII)

LARGEST_SIZE = 1 << 60
"""Bytes. Larger sizes are taken for typing errors."""
FOREVER = 315_576_000_000.0
"""Seconds: the longest duration of protobuf, which stands for no end."""


def parse_size(text: str) -> int:
    """Parses a size; returns bytes. Units are powers of 1024 as in systemd: K, M, G, T, with an optional B or iB.

    Raises TaskerError(INVALID).
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise invalid(f"cannot read {text[:40]!r} as a size; write it like 512M, 1.5G or 4096")
    number, unit = match.groups()
    size = (
        round(float(number) * _SIZE_UNITS[unit.upper()]) if "." in number else int(number) * _SIZE_UNITS[unit.upper()]
    )
    if size > LARGEST_SIZE:
        raise invalid(f"cannot use {text[:40]!r} as a size; the largest is 1048576T")
    return size


def parse_duration(text: str) -> float:
    """Parses a time; returns seconds. One or more parts like 90s, 5m, 1h30m, 500ms; a bare number is seconds.

    Raises TaskerError(INVALID).
    """
    stripped = text.strip()
    if _SECONDS.fullmatch(stripped):
        return float(stripped)
    total, at = 0.0, 0
    while match := _TIME_PART.match(stripped, at):
        total += float(match[1]) * _TIME_UNITS[match[2]]
        at = match.end()
        while at < len(stripped) and stripped[at] == " ":
            at += 1
    if at == 0 or at != len(stripped):
        raise invalid(f"cannot read {text[:40]!r} as a time; write it like 90s, 5m or 1h30m")
    return total


def parse_linger(text: str) -> float:
    """Like parse_duration, but "forever" is FOREVER."""
    return FOREVER if text.strip() == "forever" else parse_duration(text)


def format_linger(seconds: float) -> str:
    return "forever" if seconds == FOREVER else format_duration(seconds)


def format_size(size: int) -> str:
    """At most three digits and a unit: 512M, 1.5G, 17B."""
    value, unit = float(size), "B"
    for unit in ("B", "K", "M", "G", "T", "P"):
        if value < 1023.5 or unit == "P":
            break
        value /= 1024
    return f"{value:.0f}{unit}" if value >= 99.5 or value == int(value) else f"{value:.1f}{unit}"


def format_duration(seconds: float) -> str:
    """The two largest parts: 0.3s, 42s, 3m 5s, 2h 10m, 4d 3h."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f}s"
    whole = int(timedelta(seconds=seconds).total_seconds() + 0.5)
    parts = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "m"), (whole % 60, "s")]
    while parts[0][0] == 0 and len(parts) > 1:
        parts.pop(0)
    return " ".join(f"{count}{unit}" for count, unit in parts[:2] if count)


def format_share(share: float) -> str:
    """0.534 is 53 %; for CPU, 1 is one core. Small shares get one more digit, so that they do not read as 0."""
    return f"{share * 100:.0f} %" if share >= 0.0995 or share < 0.0005 else f"{share * 100:.1f} %"
