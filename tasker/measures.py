"""Measures, the kinds of values that limits have: how they are parsed, shown and compared. Pure.

Each row of the table in limits.py names one measure. Parsers raise TaskerError(INVALID).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from tasker.errors import invalid
from tasker.quantity import format_duration, format_size, parse_duration, parse_size

_WHOLE = re.compile(r"\d{1,18}", re.ASCII)
_CPU_RANGE = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?", re.ASCII)
LONGEST_CPU_LIST = 1024
"""Characters."""
_NUMBER = re.compile(r"\d{0,18}\.?\d{1,18}", re.ASCII)


@dataclass(frozen=True)
class Measure:
    metavar: str
    """The placeholder in --help."""
    read: Callable[[str], Any]
    """Parses what a user typed."""
    show: Callable[[Any], str]
    """Formats a value for people."""
    of_machine: Callable[[int], float] | None = None
    """Returns the largest value on a machine with the given number of cores; None if it does not depend on cores."""
    upper_bound: bool = True
    """Whether the value is an upper bound; a weight is not."""
    span: Callable[[Any], tuple[float, float]] = lambda value: (value, value)
    """The smallest and largest number in a value, to compare with the row's range."""


def parse_count(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise invalid(f"cannot read {text[:40]!r} as a whole number")
    return int(text)


def parse_number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise invalid(f"cannot read {text[:40]!r} as a number")
    return float(text)


def parse_cpus(text: str) -> str:
    """Parses numbers and ranges of CPUs, e.g. "0-3,8"; returns them in ascending order and as short as possible."""
    parts = [part.strip() for part in text[: LONGEST_CPU_LIST + 1].split(",")]
    ranges = [_CPU_RANGE.fullmatch(part) for part in parts]
    if len(text) > LONGEST_CPU_LIST or not all(ranges):
        raise invalid(f"cannot read {text[:40]!r} as a list of CPUs; write it like 0-3,8")
    numbers: set[int] = set()
    for part in ranges:
        assert part is not None
        first, last = int(part[1]), int(part[2] or part[1])
        if first > last:
            raise invalid(f"cannot read {part[0]!r} as a range of CPUs; write the lower number first")
        numbers |= set(range(first, last + 1))
    return format_cpus(numbers)


def cpus_of(text: str) -> set[int]:
    """Returns the CPUs in a list from parse_cpus or the kernel; the list may be empty."""
    parts = [part.partition("-") for part in text.split(",") if part]
    return {number for first, _, last in parts for number in range(int(first), int(last or first) + 1)}


def format_cpus(numbers: Collection[int]) -> str:
    """A list of CPUs in the kernel's format."""
    starts = [number for number in sorted(numbers) if number - 1 not in numbers]
    ends = [number for number in sorted(numbers) if number + 1 not in numbers]
    return ",".join(f"{first}-{last}" if last > first else str(first) for first, last in zip(starts, ends, strict=True))


def _span_of_cpus(text: str) -> tuple[int, int]:
    numbers = cpus_of(text)
    return min(numbers), max(numbers)


def _parse_rate(text: str) -> int:
    return parse_size(text.removesuffix("/s"))


def _parse_operations(text: str) -> int:
    if not _WHOLE.fullmatch(text.removesuffix("/s")):
        raise invalid(f"cannot read {text[:40]!r} as a number of operations a second; write it like 100")
    return int(text.removesuffix("/s"))


def show_time(seconds: float) -> str:
    """Formats a time as users type it, or as a plain number if that format cannot express it."""
    return format_duration(seconds) if 0 <= seconds < 1e12 else f"{seconds:g} s"


CORES = Measure("CORES", parse_number, lambda cores: f"{cores:g} cores", of_machine=lambda cores: cores)
SIZE = Measure("SIZE", parse_size, format_size)
COUNT = Measure("N", parse_count, str)
WEIGHT = Measure("N", parse_count, str, upper_bound=False)
TIME = Measure("TIME", parse_duration, show_time)
RATE = Measure("RATE", _parse_rate, format_size)
"""Bytes per second."""
OPERATIONS = Measure("N", _parse_operations, str)
"""Operations per second."""
CPUS = Measure("LIST", parse_cpus, str, of_machine=lambda cores: cores - 1, upper_bound=False, span=_span_of_cpus)
"""A list of CPUs."""
