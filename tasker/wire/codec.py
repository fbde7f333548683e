"""Encodes and decodes datagrams and messages. Everything received is untrusted: an unknown message, a missing field, a
value of the wrong type or out of bounds (tasker.bounds) is a WireError. Values are also checked before they are sent.
Names in a message are looked up only in MESSAGES.

The collector keeps running when the engine is upgraded, so messages between them, and job records, may come from an
older or newer version: fields with defaults may be missing, and unknown fields are ignored. An engine and its frontends
have the same version; an unknown field in their messages is a WireError.

Why not msgspec or protobuf: the collector imports only the standard library. Why not pickle: it trusts its input.
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
"""Bytes. Longer lists are paged."""
MESSAGES: dict[str, type[Message]] = {
    name: kind
    for module in (collector, engine, message)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, Message) and kind is not Message
}

_OF_ONE_VERSION = frozenset(kind for kind in MESSAGES.values() if kind.__module__ == engine.__name__)

_NUMBERS = Range(-(1 << 53), 1 << 53)
"""Numbers of datagrams: integers that every JSON reader reads exactly."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Datagram:
    """A message with its number: positive for a request, the negated number of the request for its reply, 0 for a
    notice."""

    number: int
    message: Message


def encode(number: int, message: Message) -> bytes:
    """Raises WireError if the message is longer than LARGEST_DATAGRAM, or holds a value that `decode` would refuse."""
    body = [type(message).__name__, number, _plain(type(message), message)]
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
    message: Message = _build(cls, cls in _OF_ONE_VERSION, body)
    return Datagram(number, message)


def to_text(value: object) -> str:
    """Encodes a dataclass as text for `from_text`, e.g. a job record. Raises WireError."""
    return json.dumps(_plain(type(value), value), separators=(",", ":"))


def from_text(cls: type[_T], text: str) -> _T:
    """Raises WireError."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {text[:60]!r}") from error
    return _build(cls, False, body)


def _plain(cls: Any, value: Any) -> dict[str, Any]:
    """Converts a dataclass and its contents to JSON values. Raises WireError for a value out of bounds."""
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


def _writer(hint: Any) -> Callable[[Any], Any] | None:
    """Returns the function that converts values of the type `hint`, other than None, to JSON; None if they need no
    conversion."""
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


def _build(cls: type[_T], strict: bool, body: object) -> _T:
    """Builds a dataclass from JSON. Required fields must be present, all types right; if `strict`, unknown fields are
    refused."""
    fields, needed = _fields(typing.cast(Any, cls), strict)
    if type(body) is not dict or not needed <= body.keys() or (strict and not body.keys() <= fields.keys()):
        raise WireError(f"{cls.__name__} does not have the fields {list(fields)}")
    values = {}
    for name in body.keys() & fields.keys():
        value = body[name]
        try:
            values[name] = fields[name](value)
        except _OutOfBounds as error:
            raise WireError(f"{cls.__name__}.{name}: {error}") from None
    return cls(**values)


@functools.cache
def _fields(cls: Any, strict: bool) -> tuple[dict[str, Callable[[Any], Any]], frozenset[str]]:
    """The readers of all fields, and the required fields."""
    hints = typing.get_type_hints(cls, include_extras=True)
    fields = dataclasses.fields(cls)
    needed = (f.name for f in fields if f.default is f.default_factory is dataclasses.MISSING)
    return {f.name: _reader(hints[f.name], strict) for f in fields}, frozenset(needed)


def _reader(hint: Any, strict: bool) -> Callable[[Any], Any]:
    """The function that checks and converts a value of the type `hint`."""
    arguments = typing.get_args(hint)
    match typing.get_origin(hint):
        case typing.Annotated:
            check = _reader(arguments[0], strict)
            return lambda value: _bounded(arguments[1], check(value))
        case types.UnionType | typing.Union:
            read = _reader(arguments[0], strict)
            return lambda value: None if value is None else read(value)
        case builtins.tuple:
            read = _reader(arguments[0], strict)
            return lambda value: tuple(read(item) for item in _plainly(list, value))
        case builtins.dict:
            return lambda value: {_text(k): _text(v) for k, v in _plainly(dict, value).items()}
    if dataclasses.is_dataclass(hint):
        return functools.partial(_build, typing.cast(type, hint), strict)
    if issubclass(hint, Enum):
        return functools.partial(_member, hint)
    if hint is float:
        return _number
    if hint is str:
        return _text
    return functools.partial(_plainly, hint)


class _OutOfBounds(Exception):
    """A value is out of bounds. The message does not name the field; the caller adds the name."""


def _bounded(bounds: Range | Matching, value: Any) -> Any:
    if value not in bounds:
        raise _OutOfBounds(f"{value!r:.60} is not {bounds}")
    return value


def _plainly(cls: type[_T], value: object) -> _T:
    if type(value) is not cls:
        raise WireError(f"{str(value)[:60]!r} is no {cls.__name__}")
    return value


def _text(value: object) -> str:
    """Accepts only text that os.fsencode can encode: other lone surrogates can be neither executed nor sent."""
    text = _plainly(str, value)
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise WireError(f"{text[:60]!r} is no text") from error
    return text


def _number(value: object) -> float:
    """Accepts integers, too, but neither NaN nor infinities."""
    if (type(value) is not float and type(value) is not int) or not abs(value) < 1e300:
        raise WireError(f"{str(value)[:60]!r} is no number")
    return float(value)


def _member(cls: type[Enum], value: object) -> Enum:
    try:
        return cls(value)
    except ValueError as error:
        raise WireError(f"{str(value)[:60]!r} is no {cls.__name__}") from error
