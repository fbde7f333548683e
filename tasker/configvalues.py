"""Readers of values in tasker.toml, one function per kind. Each raises ValueError that says what the value should
be."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tasker.address import parse
from tasker.errors import TaskerError
from tasker.identity import NAME, why_no_name
from tasker.quantity import FOREVER, parse_duration, parse_size

_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?)%")
_RATE = re.compile(r"([0-9]{1,6}), ?([0-9]{1,5}(?:\.[0-9]{1,3})?)/s")
_ACCOUNT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}")


@dataclass(frozen=True)
class Share:
    """A share of the machine."""

    percent: float
    """More than 0, at most 100."""

    def of(self, whole: int) -> int:
        """The share of `whole`, rounded down; at least 1."""
        return max(1, int(whole * self.percent / 100))


@dataclass(frozen=True)
class Rate:
    """A rate limit: `burst` times at once, then `per_second` times per second."""

    burst: int
    """1 to 100000."""
    per_second: float
    """0.01 to 10000."""


def text(value: object) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError("a string of printable characters")
    return value


def boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def count(smallest: int, largest: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if type(value) is not int or not smallest <= value <= largest:
            raise ValueError(f"a whole number from {smallest} to {largest}")
        return value

    return read


def size(smallest: str, largest: str) -> Callable[[object], int]:
    def read(value: object) -> int:
        size = parse_size(value) if isinstance(value, str) else -1
        if not parse_size(smallest) <= size <= parse_size(largest):
            raise ValueError(f'a size from "{smallest}" to "{largest}"')
        return size

    return read


def optional(read: Callable[[object], Any]) -> Callable[[object], Any]:
    """A reader that also takes "none", for None."""

    def read_or_none(value: object) -> Any:
        if value == "none":
            return None
        try:
            return read(value)
        except ValueError as error:
            raise ValueError(f'{error}, or "none"') from error

    return read_or_none


def share_or(read: Callable[[object], Any]) -> Callable[[object], Any]:
    """A reader that also takes a Share of the machine, written "80%"."""

    def read_share(value: object) -> Any:
        match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
        if match is not None and 0 < float(match[1]) <= 100:
            return Share(float(match[1]))
        try:
            return read(None if match else value)
        except ValueError as error:
            raise ValueError(f'{error}, a share of the machine up to "100%"') from error

    return read_share


def duration(smallest: str, largest: str) -> Callable[[object], float]:
    def read(value: object) -> float:
        seconds = parse_duration(value) if isinstance(value, str) else -1.0
        if not parse_duration(smallest) <= seconds <= parse_duration(largest):
            raise ValueError(f'a time from "{smallest}" to "{largest}"')
        return seconds

    return read


def linger(value: object) -> float:
    try:
        return FOREVER if value == "forever" else duration("0s", "3650d")(value)
    except ValueError as error:
        raise ValueError(f'{error}, or "forever"') from error


def rate(value: object) -> Rate:
    match = _RATE.fullmatch(value) if isinstance(value, str) else None
    read = Rate(int(match[1]), float(match[2])) if match else Rate(0, 0.0)
    if not (1 <= read.burst <= 100_000 and 0.01 <= read.per_second <= 10_000):
        raise ValueError('a burst and a rate from "1, 0.01/s" to "100000, 10000/s"')
    return read


def listen(value: object) -> tuple[str, ...]:
    addresses = value if isinstance(value, list) else []
    try:
        read = tuple(str(parse(item if isinstance(item, str) else "", unix=False)) for item in addresses)
    except TaskerError:
        read = ()
    if not read:
        raise ValueError('a list of addresses with ports like ["[::]:8275", "127.0.0.1:8275"]')
    return read


def serials(value: object) -> tuple[str, ...]:
    serials = [item if isinstance(item, str) else "" for item in value] if isinstance(value, list) else [""]
    if not all(re.fullmatch(r"[0-9A-Fa-f:]{1,64}", item) and item.strip("0:") for item in serials):
        raise ValueError('a list of serial numbers as `tasker certs list` shows them, like ["4f3a09"]')
    return tuple(item.replace(":", "").lower().lstrip("0") for item in serials)


def cores(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0.01 <= value <= 100_000:
        raise ValueError("a number of cores from 0.01 to 100000")
    return float(value)


def owner(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(why_no_name(name))
    return name


def account(value: object) -> str:
    if not isinstance(value, str) or not _ACCOUNT.fullmatch(value):
        raise ValueError("the name of a local account")
    return value
