"""What the three processes say to each other: a closed set of messages, one to a datagram (SEQPACKET), as JSON.

    ["Launch", 7, {…}]     request 7        ["Launched", -7, {…}]   its reply        ["Exited", 0, {…}]   a notice

The other side is checked like any stranger: an unknown message, a missing or unknown field or a value of the wrong type
is a WireError. Nothing is looked up by a name that came over the wire, except in MESSAGES. Standard library only.
"""

from __future__ import annotations

import builtins
import dataclasses
import functools
import json
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from tasker.errors import Reason
from tasker.identity import Identity
from tasker.job import Job, JobSpec

LARGEST_DATAGRAM = 128 << 10
"""Bytes. A list that would be longer is paged."""
COLLECTOR_VERSION = 1
"""Of the messages between engine and collector. A newer engine serves every older collector of the same number."""


_T = TypeVar("_T")


class WireError(Exception):
    """What came is not a message."""


class Message:
    """Base of everything in MESSAGES."""

    __slots__ = ()


# ── engine to collector ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Hello(Message):
    """The first message of an engine → Welcome."""

    version: int


@dataclass(frozen=True)
class Welcome(Message):
    version: int
    run: str


@dataclass(frozen=True)
class Launch(Message):
    """Fork a leader and hold it at the gate → Launched."""

    job: str
    argv: tuple[str, ...]
    environment: dict[str, str]
    working_directory: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    ring: int
    """Capacity in bytes."""
    record: str
    """What the engine wants to be told about this job after a restart of its own, argv and environment apart."""


@dataclass(frozen=True)
class Launched(Message):
    pid: int


@dataclass(frozen=True)
class Release(Message):
    """Open the gate → Released, once the command was executed or could not be."""

    job: str


@dataclass(frozen=True)
class Released(Message):
    errno: int
    """0: the command runs. Else the leader is gone."""
    step: str
    """Where it failed: "setup", "directory" or "execute"."""


@dataclass(frozen=True)
class Note(Message):
    """Replace the job's record → Done."""

    job: str
    record: str


@dataclass(frozen=True)
class Signal(Message):
    """Send a signal to the leader's process group, if the leader was not reaped yet → Done."""

    job: str
    signal: int


@dataclass(frozen=True)
class Follow(Message):
    """→ Done, with two descriptors: the ring, and a pipe that gets a byte whenever there is news in it."""

    job: str


@dataclass(frozen=True)
class Finish(Message):
    """The job's processes are dead: read what is left in its pipe, close its ring → Finished."""

    job: str


@dataclass(frozen=True)
class Finished(Message):
    written: int


@dataclass(frozen=True)
class Forget(Message):
    """Drop a job that was never released (its leader exits at the gate) or is finished → Done."""

    job: str


@dataclass(frozen=True)
class ListLeaders(Message):
    """→ Leaders, in the order of their launch, those after a job's id."""

    after: str


@dataclass(frozen=True)
class Exit:
    """A leader's status as the kernel told it: one of the two."""

    code: int | None
    signal: int | None
    core_dumped: bool
    time: float


@dataclass(frozen=True)
class Leader:
    """What the collector knows of one job."""

    job: str
    argv: tuple[str, ...]
    environment: dict[str, str]
    record: str
    pid: int
    released: bool
    finished: bool
    exit: Exit | None


@dataclass(frozen=True)
class Leaders(Message):
    leaders: tuple[Leader, ...]
    more: bool


@dataclass(frozen=True)
class Exited(Message):
    """Notice from the collector: a released leader was reaped."""

    job: str
    exit: Exit


# ── frontend to engine ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Connect(Message):
    """The first message of a frontend → Setup."""


@dataclass(frozen=True)
class Setup(Message):
    """What a frontend needs to serve. Sent again, as a notice, when the engine reloaded it."""

    listen: tuple[str, ...]
    frontends: int
    streams_per_user: int
    streams: int
    ca: str
    certificate: str
    key: str
    """PEM, each."""
    revoked: tuple[str, ...]
    """Serial numbers, lower-case hexadecimal without leading zeros."""


@dataclass(frozen=True)
class StartJob(Message):
    """→ JobReply."""

    caller: Identity
    spec: JobSpec


@dataclass(frozen=True)
class StopJob(Message):
    """→ JobReply, when it has ended. `grace` in seconds; None is the configured default."""

    caller: Identity
    job: str
    grace: float | None


@dataclass(frozen=True)
class GetJob(Message):
    """→ JobReply."""

    caller: Identity
    job: str


@dataclass(frozen=True)
class ListJobs(Message):
    """→ JobsReply. `page` is "" or the `next` of the page before."""

    caller: Identity
    owner: str
    running: bool
    page: str


@dataclass(frozen=True)
class AttachJob(Message):
    """→ JobReply, with the two descriptors of Follow."""

    caller: Identity
    job: str


@dataclass(frozen=True)
class DetachJob(Message):
    """→ Streams: how many the frontends have closed."""

    caller: Identity
    job: str


@dataclass(frozen=True)
class WaitJob(Message):
    """→ JobReply, when the job (by its whole id) has ended. For a stream that has sent the last byte."""

    caller: Identity
    job: str


@dataclass(frozen=True)
class EndStreams(Message):
    """From the engine: close what `user` has open on a job → Streams."""

    job: str
    user: str


@dataclass(frozen=True)
class RunEnding(Message):
    """Notice from the engine: the service is being stopped, so every job ends; do not connect again."""


@dataclass(frozen=True)
class JobReply(Message):
    job: Job


@dataclass(frozen=True)
class JobsReply(Message):
    jobs: tuple[Job, ...]
    next: str


@dataclass(frozen=True)
class Streams(Message):
    count: int


# ── either way ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Done(Message):
    """A reply that says no more."""


@dataclass(frozen=True)
class Failed(Message):
    """The reply to any request that was refused."""

    reason: Reason
    message: str


MESSAGES: dict[str, type[Message]] = {cls.__name__: cls for cls in Message.__subclasses__()}


@dataclass(frozen=True)
class Datagram:
    """A message with its number: a request's own, a reply's negated, 0 for a notice."""

    number: int
    message: Message


def encode(number: int, message: Message) -> bytes:
    """Raises WireError where it would be longer than LARGEST_DATAGRAM, or holds what `decode` would refuse."""
    body = [type(message).__name__, number, _plain(message)]
    try:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        data = text.encode("utf-8", "surrogateescape")
    except ValueError as error:
        raise WireError(f"{type(message).__name__} holds a number or a text that is none") from error
    if len(data) > LARGEST_DATAGRAM:
        raise WireError(f"{type(message).__name__} is too long: {len(data)} bytes of at most {LARGEST_DATAGRAM}")
    return data


def decode(data: bytes) -> Datagram:
    """Raises WireError."""
    try:
        name, number, body = json.loads(data.decode("utf-8", "surrogateescape"))
        cls = MESSAGES[name]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise WireError(f"not a message: {data[:60]!r}") from error
    if type(number) is not int:
        raise WireError(f"no number: {data[:60]!r}")
    message: Message = _build(cls, body)
    return Datagram(number, message)


def to_text(value: object) -> str:
    """A dataclass as the text that `from_text` reads: how the engine writes a job's record."""
    return json.dumps(_plain(value), separators=(",", ":"))


def from_text(cls: type[_T], text: str) -> _T:
    """Raises WireError."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {text[:60]!r}") from error
    return _build(cls, body)


def _plain(value: Any) -> Any:
    """What json can write, of a dataclass and all it holds."""
    if dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return value


def _build(cls: type[_T], body: object) -> _T:
    """A dataclass out of what json read, strictly: every field, no other, each of its type."""
    fields = _fields(typing.cast(Any, cls))
    if type(body) is not dict or body.keys() != fields.keys():
        raise WireError(f"{cls.__name__} does not have the fields {list(fields)}")
    return cls(**{name: read(body[name]) for name, read in fields.items()})


@functools.cache
def _fields(cls: Any) -> dict[str, Callable[[Any], Any]]:
    hints = typing.get_type_hints(cls)
    return {f.name: _reader(hints[f.name]) for f in dataclasses.fields(cls)}


def _reader(hint: Any) -> Callable[[Any], Any]:
    """The function that checks and converts a value of the type `hint`."""
    arguments = typing.get_args(hint)
    match typing.get_origin(hint):
        case types.UnionType:
            read = _reader(arguments[0])
            return lambda value: None if value is None else read(value)
        case builtins.tuple:
            read = _reader(arguments[0])
            return lambda value: tuple(read(item) for item in _plainly(list, value))
        case builtins.dict:
            return lambda value: {_text(k): _text(v) for k, v in _plainly(dict, value).items()}
    if dataclasses.is_dataclass(hint):
        return functools.partial(_build, typing.cast(type, hint))
    if issubclass(hint, Enum):
        return functools.partial(_member, hint)
    if hint is float:
        return _number
    if hint is str:
        return _text
    return functools.partial(_plainly, hint)


def _plainly(cls: type[_T], value: object) -> _T:
    if type(value) is not cls:
        raise WireError(f"{str(value)[:60]!r} is no {cls.__name__}")
    return value


def _text(value: object) -> str:
    """Only what os.fsencode takes: a lone surrogate could neither be executed nor passed on."""
    text = _plainly(str, value)
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise WireError(f"{text[:60]!r} is no text") from error
    return text


def _number(value: object) -> float:
    """A whole number is one, too; NaN and the infinities are none."""
    if (type(value) is not float and type(value) is not int) or not abs(value) < 1e300:
        raise WireError(f"{str(value)[:60]!r} is no number")
    return float(value)


def _member(cls: type[Enum], value: object) -> Enum:
    try:
        return cls(value)
    except ValueError as error:
        raise WireError(f"{str(value)[:60]!r} is no {cls.__name__}") from error
