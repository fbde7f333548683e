"""/etc/tasker/tasker.toml: every key there is, with its default, its range and how it is read. The engine reads it.

`systemd/tasker.toml` documents the same keys for people; a test compares the two.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from tasker.errors import TaskerError, invalid
from tasker.quantity import parse_duration, parse_size

DEFAULT_PATH = Path("/etc/tasker/tasker.toml")
_LISTEN = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text")
    return value


def _count(smallest: int, largest: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if type(value) is not int or not smallest <= value <= largest:
            raise ValueError(f"a whole number from {smallest} to {largest}")
        return value

    return read


def _size(smallest: str, largest: str) -> Callable[[object], int]:
    def read(value: object) -> int:
        size = parse_size(value) if isinstance(value, str) else -1
        if not parse_size(smallest) <= size <= parse_size(largest):
            raise ValueError(f'a size from "{smallest}" to "{largest}"')
        return size

    return read


def _duration(smallest: str, largest: str) -> Callable[[object], float]:
    def read(value: object) -> float:
        seconds = parse_duration(value) if isinstance(value, str) else -1.0
        if not parse_duration(smallest) <= seconds <= parse_duration(largest):
            raise ValueError(f'a time from "{smallest}" to "{largest}"')
        return seconds

    return read


def _listen(value: object) -> tuple[str, ...]:
    addresses = value if isinstance(value, list) else []
    matches = [_LISTEN.fullmatch(item) if isinstance(item, str) else None for item in addresses]
    if not matches or any(match is None or not 1 <= int(match[2]) <= 65535 for match in matches):
        raise ValueError('a list of addresses with ports like ["[::]:8275", "127.0.0.1:8275"]')
    return tuple(addresses)


def _serials(value: object) -> tuple[str, ...]:
    serials = [item if isinstance(item, str) else "" for item in value] if isinstance(value, list) else [""]
    if not all(re.fullmatch(r"[0-9A-Fa-f:]{1,64}", item) and item.strip("0:") for item in serials):
        raise ValueError('a list of serial numbers as `tasker certs list` shows them, like ["4f3a09"]')
    return tuple(item.replace(":", "").lower().lstrip("0") for item in serials)


def _key(default: Any, read: Callable[[Any], Any]) -> Any:
    """A field that stands for a key of the file."""
    return field(default=default, metadata={"read": read})


@dataclass(frozen=True)
class Server:
    """[server]: the port and who is let in. Paths name PEM files."""

    listen: tuple[str, ...] = _key(("[::]:8275",), _listen)
    ca: str = _key("/etc/tasker/ca.crt", _text)
    certificate: str = _key("/etc/tasker/server.crt", _text)
    key: str = _key("/etc/tasker/server.key", _text)
    revoked: tuple[str, ...] = _key((), _serials)
    frontends: int = _key(1, _count(1, 64))
    streams: int = _key(1000, _count(1, 100_000))
    streams_per_user: int = _key(100, _count(1, 100_000))


@dataclass(frozen=True)
class Jobs:
    """[jobs]: what one run may hold."""

    running: int = _key(1000, _count(1, 100_000))
    ended: int = _key(100, _count(1, 100_000))
    grace: float = _key(10.0, _duration("0s", "1h"))
    first_uid: int = _key(1_879_048_192, _count(100_000, 4_000_000_000))
    uids: int = _key(65_536, _count(1, 1 << 24))


@dataclass(frozen=True)
class Output:
    """[output]: what is kept of what jobs print."""

    ring: int = _key(16 << 20, _size("64K", "16G"))


@dataclass(frozen=True)
class Config:
    """The whole file."""

    server: Server = Server()
    jobs: Jobs = Jobs()
    output: Output = Output()


_Section = TypeVar("_Section", Server, Jobs, Output)


def load(path: Path) -> Config:
    """Read the file; one that is not there is all defaults. Raises TaskerError(INVALID) with one line."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError) as error:
        raise invalid(f"cannot read {path}: {error}") from error
    try:
        return parse(text)
    except TaskerError as error:
        raise invalid(f"cannot use {path}: {error.message}") from error


def parse(text: str) -> Config:
    """A configuration out of TOML. Raises TaskerError(INVALID)."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise invalid(f"it is not TOML: {error}") from error
    known = [f.name for f in fields(Config)]
    for name in tables:
        if name not in known:
            raise invalid(f"there is no section {name[:40]!r}; the sections are {', '.join(known)}")
    return Config(
        server=_section(Server, "server", tables),
        jobs=_section(Jobs, "jobs", tables),
        output=_section(Output, "output", tables),
    )


def _section(cls: type[_Section], name: str, tables: dict[str, Any]) -> _Section:
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise invalid(f"{name} must be a section, [{name}]")
    readers = {f.name: f.metadata["read"] for f in fields(cls)}
    values = {}
    for key, value in table.items():
        if key not in readers:
            raise invalid(f"there is no key {key[:40]!r} in [{name}]; the keys are {', '.join(readers)}")
        try:
            values[key] = readers[key](value)
        except (ValueError, TaskerError) as error:
            wanted = error if isinstance(error, ValueError) else error.message
            raise invalid(f"{name}.{key} cannot be {str(value)[:60]!r}; it is {wanted}") from error
    return cls(**values)
