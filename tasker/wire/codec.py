"""Datagrams and messages: checked like any stranger's words. An unknown message, a missing or unknown field, a value of
the wrong type or outside of its bounds (tasker.bounds) is a WireError, and what would be one for the peer is not sent.
Nothing is looked up by a name that came over the wire, except in MESSAGES.

A field that has a default may be missing: it came later than the engine that wrote down this job.
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

from tasker.bounds import Matching, Range
from tasker.wire import collector, engine, message
from tasker.wire.message import Message, WireError

LARGEST_DATAGRAM = 128 << 10
"""Bytes. A list that would be longer is paged."""
MESSAGES: dict[str, type[Message]] = {
    name: kind
    for module in (collector, engine, message)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, Message) and kind is not Message
}

_NUMBERS = Range(-(1 << 53), 1 << 53)
"""Of datagrams: what every reader of JSON reads exactly."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Datagram:
    """A message with its number: a request's own, a reply's negated, 0 for a notice."""

    number: int
    message: Message


def encode(number: int, message: Message) -> bytes:
    """Raises WireError where it would be longer than LARGEST_DATAGRAM, or holds what `decode` would refuse.

    A field that has its default is left out: an older process that does not know the field can read the message."""
    plain = _plain(type(message), message)
    for name, default in _defaults(typing.cast(Any, type(message))):
        if getattr(message, name) == default:
            del plain[name]
    body = [type(message).__name__, number, plain]
    try:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        data = text.encode("utf-8", "surrogateescape")
    except ValueError as error:
        raise WireError(f"{type(message).__name__} holds a number or a text that is none") from error
    if len(data) > LARGEST_DATAGRAM:
        text = f"{type(message).__name__} is too long: {len(data)} bytes of at most {LARGEST_DATAGRAM}"
        raise WireError(f"{text}; make it shorter")
    return data


def decode(data: bytes) -> Datagram:
    """Raises WireError."""
    try:
        name, number, body = json.loads(data.decode("utf-8", "surrogateescape"))
        cls = MESSAGES[name]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise WireError(f"not a message: {data[:60]!r}") from error
    if type(number) is not int or number not in _NUMBERS:
        raise WireError(f"no number: {data[:60]!r}")
    message: Message = _build(cls, body)
    return Datagram(number, message)


def to_text(value: object) -> str:
    """A dataclass as the text that `from_text` reads: how the engine writes a job's record. Raises WireError."""
    return json.dumps(_plain(type(value), value), separators=(",", ":"))


def from_text(cls: type[_T], text: str) -> _T:
    """Raises WireError."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {text[:60]!r}") from error
    return _build(cls, body)


def _plain(cls: Any, value: Any) -> dict[str, Any]:
    """What json can write of a dataclass and all it holds. Raises WireError for a value outside of its bounds."""
    plain = {}
    for name, write in _writers(cls):
        item = getattr(value, name)
        try:
            plain[name] = item if write is None or item is None else write(item)
        except _OutOfBounds as error:
            raise WireError(f"{cls.__name__}.{name}: {error}") from None
    return plain


@functools.cache
def _writers(cls: Any) -> tuple[tuple[str, Callable[[Any], Any] | None], ...]:
    hints = typing.get_type_hints(cls, include_extras=True)
    return tuple((f.name, _writer(hints[f.name])) for f in dataclasses.fields(cls))


@functools.cache
def _defaults(cls: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((f.name, f.default) for f in dataclasses.fields(cls) if f.default is not dataclasses.MISSING)


def _writer(hint: Any) -> Callable[[Any], Any] | None:
    """The function that makes a value of the type `hint`, which is not None, plain; None: it is plain already."""
    arguments = typing.get_args(hint)
    match typing.get_origin(hint):
        case typing.Annotated:
            return functools.partial(_bounded, arguments[1])
        case types.UnionType | typing.Union:
            return _writer(arguments[0])
        case builtins.tuple:
            write = _writer(arguments[0])
            return list if write is None else lambda value: [write(item) for item in value]
        case None if dataclasses.is_dataclass(hint):
            return functools.partial(_plain, hint)
        case None if issubclass(hint, Enum):
            return lambda value: value.value
    return None


def _build(cls: type[_T], body: object) -> _T:
    """A dataclass out of what json read, strictly: every field that must be, no unknown one, each of its type."""
    fields, needed = _fields(typing.cast(Any, cls))
    if type(body) is not dict or not needed <= body.keys() <= fields.keys():
        raise WireError(f"{cls.__name__} does not have the fields {list(fields)}")
    values = {}
    for name, value in body.items():
        try:
            values[name] = fields[name](value)
        except _OutOfBounds as error:
            raise WireError(f"{cls.__name__}.{name}: {error}") from None
    return cls(**values)


@functools.cache
def _fields(cls: Any) -> tuple[dict[str, Callable[[Any], Any]], frozenset[str]]:
    """What reads each of them, and those that must be there."""
    hints = typing.get_type_hints(cls, include_extras=True)
    fields = dataclasses.fields(cls)
    needed = (f.name for f in fields if f.default is f.default_factory is dataclasses.MISSING)
    return {f.name: _reader(hints[f.name]) for f in fields}, frozenset(needed)


def _reader(hint: Any) -> Callable[[Any], Any]:
    """The function that checks and converts a value of the type `hint`."""
    arguments = typing.get_args(hint)
    match typing.get_origin(hint):
        case typing.Annotated:
            check = _reader(arguments[0])
            return lambda value: _bounded(arguments[1], check(value))
        case types.UnionType | typing.Union:
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


class _OutOfBounds(Exception):
    """The sentence lacks the field's name."""


def _bounded(bounds: Range | Matching, value: Any) -> Any:
    if value not in bounds:
        raise _OutOfBounds(f"{value!r:.60} is not {bounds}")
    return value


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
