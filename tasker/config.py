"""/etc/tasker/tasker.toml: every key there is, with its default, its range and how it is read. The engine reads it.

`systemd/tasker.toml` documents the same keys for people; a test compares the two.

Why no library (pydantic, dynaconf): the core imports the standard library only; errors name key and range.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from tasker import configvalues
from tasker.configvalues import Rate, Share
from tasker.errors import TaskerError, invalid

DEFAULT_PATH = Path("/etc/tasker/tasker.toml")


def _key(default: Any, read: Callable[[Any], Any]) -> Any:
    """A field for a key of the file."""
    return field(default=default, metadata={"read": read})


_MEMORY = configvalues.optional(configvalues.share_or(configvalues.size("8M", "1024T")))
_TASKS = configvalues.optional(configvalues.share_or(configvalues.count(1, 1 << 22)))


@dataclass(frozen=True)
class ServerSection:
    """[server]: addresses, certificates, limits on streams. Paths name PEM files."""

    listen: tuple[str, ...] = _key(("[::]:8275",), configvalues.listen)
    ca: str = _key("/etc/tasker/ca.crt", configvalues.text)
    certificate: str = _key("/etc/tasker/server.crt", configvalues.text)
    key: str = _key("/etc/tasker/server.key", configvalues.text)
    revoked: tuple[str, ...] = _key((), configvalues.serials)
    frontends: int = _key(1, configvalues.count(1, 64))
    contact: str = _key("an admin of this machine", configvalues.text)
    connections: int = _key(4000, configvalues.count(128, 50_000))
    streams: int = _key(300, configvalues.count(1, 100_000))
    streams_per_user: int = _key(100, configvalues.count(1, 100_000))


@dataclass(frozen=True)
class JobsSection:
    """[jobs]: how many jobs may run, their defaults, and the uids that they run as."""

    running: int = _key(1000, configvalues.count(1, 100_000))
    grace: float = _key(10.0, configvalues.duration("0s", "1h"))
    linger: float = _key(5.0, configvalues.linger)
    as_others: bool = _key(False, configvalues.boolean)
    first_uid: int = _key(1_879_048_192, configvalues.count(100_000, 4_000_000_000))
    uids: int = _key(65_536, configvalues.count(1, 1 << 24))


@dataclass(frozen=True)
class Quota:
    """How much jobs may use. None: no quota; a Share refers to the machine's memory, or to its tasks."""

    cpu: float | None = _key(None, configvalues.optional(configvalues.cores))
    memory: int | Share | None = _key(None, _MEMORY)
    tasks: int | Share | None = _key(None, _TASKS)


@dataclass(frozen=True)
class TotalQuota(Quota):
    """[total]: for all jobs of the machine together (tasker.slice)."""

    memory: int | Share | None = _key(Share(80), _MEMORY)
    tasks: int | Share | None = _key(Share(50), _TASKS)


@dataclass(frozen=True)
class OwnerQuota(Quota):
    """[owner]: for all jobs of one owner together, by default; [owners.NAME]: of that owner."""

    tasks: int | Share | None = _key(Share(25), _TASKS)
    running: int = _key(100, configvalues.count(0, 100_000))
    starts: Rate | None = _key(Rate(100, 10.0), configvalues.optional(configvalues.rate))


@dataclass(frozen=True)
class JobQuota(Quota):
    """[defaults]: for limits that a job does not set. [maxima]: the highest limits that a job may request."""

    time: float | None = _key(None, configvalues.optional(configvalues.duration("1s", "3650d")))


@dataclass(frozen=True)
class OutputSection:
    """[output]: memory for the output of jobs."""

    ring: int = _key(16 << 20, configvalues.size("64K", "16G"))
    memory: int | Share | None = _key(Share(15), _MEMORY)
    """For the rings of all running jobs; at most half of it for one owner."""


@dataclass(frozen=True)
class RetentionSection:
    """[retention]: ended jobs. Above `ended`, `age` or `memory` they go to disk, above `archived` or `disk` they are
    deleted."""

    ended: int = _key(100, configvalues.count(0, 100_000))
    age: float = _key(86_400.0, configvalues.duration("1s", "3650d"))
    memory: int = _key(512 << 20, configvalues.size("0", "1024T"))
    archived: int = _key(1000, configvalues.count(0, 100_000))
    disk: int = _key(4 << 30, configvalues.size("0", "1024T"))


@dataclass(frozen=True)
class Config:
    """The whole file."""

    server: ServerSection = ServerSection()
    jobs: JobsSection = JobsSection()
    defaults: JobQuota = JobQuota()
    maxima: JobQuota = JobQuota()
    owner: OwnerQuota = OwnerQuota()
    owners: dict[str, OwnerQuota] = field(default_factory=dict)
    """By name; unset keys are as in [owner]."""
    total: TotalQuota = TotalQuota()
    accounts: dict[str, str] = field(default_factory=dict)
    """By owner: the local account that the owner's jobs run as."""
    output: OutputSection = OutputSection()
    retention: RetentionSection = RetentionSection()

    def quota(self, owner: str) -> OwnerQuota:
        """The quota of one owner."""
        return self.owners.get(owner, self.owner)


_Section = TypeVar(
    "_Section", ServerSection, JobsSection, TotalQuota, OwnerQuota, JobQuota, OutputSection, RetentionSection
)


def load(path: Path) -> Config:
    """Reads the file; a missing one has all defaults. Raises TaskerError(INVALID) with a message of one line."""
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
    """Parses a configuration in TOML. Raises TaskerError(INVALID)."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # not only TOMLDecodeError: very long numbers raise ValueError
        raise invalid(f"it is not TOML: {error}") from error
    known = [f.name for f in fields(Config)]
    for name in tables:
        if name not in known:
            raise invalid(f"there is no section {name[:40]!r}; the sections are {', '.join(known)}")
    owner = _section(OwnerQuota(), "owner", tables)
    owners = _named("owners", tables)
    return Config(
        server=_section(ServerSection(), "server", tables),
        jobs=_section(JobsSection(), "jobs", tables),
        defaults=_section(JobQuota(), "defaults", tables),
        maxima=_section(JobQuota(), "maxima", tables),
        owner=owner,
        owners={name: _section(owner, f"owners.{name}", {f"owners.{name}": owners[name]}) for name in owners},
        total=_section(TotalQuota(), "total", tables),
        accounts={
            name: _read("accounts", name, configvalues.account, value)
            for name, value in _named("accounts", tables).items()
        },
        output=_section(OutputSection(), "output", tables),
        retention=_section(RetentionSection(), "retention", tables),
    )


def _named(name: str, tables: dict[str, Any]) -> dict[str, Any]:
    """A section whose keys are owners."""
    table = _table(name, tables)
    for key in table:
        try:
            configvalues.owner(key)
        except ValueError as error:
            raise invalid(f"the key {key[:40]!r} in [{name}] is not an owner: {error}") from error
    return table


def _section(default: _Section, name: str, tables: dict[str, Any]) -> _Section:
    """`default` with the values of the section in place of its own."""
    readers = {f.name: f.metadata["read"] for f in fields(default)}
    values = {}
    for key, value in _table(name, tables).items():
        if key not in readers:
            raise invalid(f"there is no key {key[:40]!r} in [{name}]; the keys are {', '.join(readers)}")
        values[key] = _read(name, key, readers[key], value)
    return dataclasses.replace(default, **values)


def _table(name: str, tables: dict[str, Any]) -> dict[str, Any]:
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise invalid(f"{name} must be a section, [{name}]")
    return table


def _read(section: str, key: str, read: Callable[[Any], Any], value: object) -> Any:
    try:
        return read(value)
    except (ValueError, TaskerError) as error:
        wanted = error if isinstance(error, ValueError) else error.message
        raise invalid(f"{section}.{key} cannot be {str(value)[:60]!r}; it must be {wanted}") from error
