"""The messages between the processes: what is written is read, and anything else is a WireError and nothing worse."""

from __future__ import annotations

import dataclasses
import enum
import json
import random
import types
import typing
from typing import Any

import pytest

from tasker import wire
from tasker.bounds import Matching
from tasker.errors import Reason
from tasker.identity import Identity, Role
from tasker.job import Job, JobSpec
from tasker.lifecycle import State
from tasker.limits import IoLimit, Limits

TEXTS = ["", "x", "Größe", "\0\n\t\x1b", "\udcff\udc80", '"\\', "日本", "\U0001f600", "[1]", "x" * 300]

NAMES = ["alice", "0-3,8", "_", "a1", "k3v9x2mq", "4f3a09", "tasker-k3v9x2mq.scope", "tasker-a\\x2db.slice"]


def value_of(hint: Any, numbers: random.Random) -> Any:
    """Something of the type `hint`."""
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        kind, bounds = arguments
        if isinstance(bounds, Matching):
            return numbers.choice([text for text in NAMES if text in bounds])
        between = kind(bounds.smallest + numbers.random() * (bounds.largest - bounds.smallest))
        return numbers.choice([kind(bounds.smallest), kind(bounds.largest), between])
    if origin in (types.UnionType, typing.Union):
        return None if numbers.random() < 0.3 else value_of(arguments[0], numbers)
    if origin is tuple:
        return tuple(value_of(arguments[0], numbers) for _ in range(numbers.randrange(4)))
    if origin is dict:
        return {value_of(str, numbers): value_of(str, numbers) for _ in range(numbers.randrange(4))}
    if dataclasses.is_dataclass(hint):
        assert isinstance(hint, type)
        hints = typing.get_type_hints(hint, include_extras=True)
        return hint(**{f.name: value_of(hints[f.name], numbers) for f in dataclasses.fields(hint)})
    if issubclass(hint, enum.Enum):
        return numbers.choice(list(hint))
    choices: dict[Any, list[Any]] = {
        str: TEXTS,
        bool: [False, True],
    }
    return numbers.choice(choices[hint])


def message_of(cls: type[wire.Message], seed: int) -> wire.Message:
    message = value_of(cls, random.Random(seed))  # noqa: S311
    assert isinstance(message, cls)
    return message


def body_of(message: wire.Message) -> dict[str, Any]:
    body = json.loads(wire.encode(1, message).decode("utf-8", "surrogateescape"))[2]
    assert isinstance(body, dict)
    return body


def datagram(name: Any, number: Any, body: Any) -> bytes:
    return json.dumps([name, number, body]).encode()


@pytest.mark.parametrize("cls", wire.MESSAGES.values(), ids=wire.MESSAGES)
def test_round_trip(cls: type[wire.Message]) -> None:
    for seed in range(50):
        message = message_of(cls, seed)
        for number in (0, 7, -7):
            read = wire.decode(wire.encode(number, message))
            assert read == wire.Datagram(number, message)
            assert type(read.message) is cls


def test_a_name_means_one_thing() -> None:
    """wire has the names of all its modules: none may hide another."""
    modules = (wire.collector, wire.engine, wire.execfailure, wire.message, wire.codec)
    for module in modules:
        for name, value in vars(module).items():
            if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__:
                assert getattr(wire, name) is value


def test_every_message_is_in_the_closed_set_and_is_frozen() -> None:
    for cls in wire.Message.__subclasses__():
        assert wire.MESSAGES[cls.__name__] is cls
        assert dataclasses.is_dataclass(cls)
        assert cls.__dataclass_params__.frozen
        assert not cls.__subclasses__()


@pytest.mark.parametrize("cls", wire.MESSAGES.values(), ids=wire.MESSAGES)
def test_a_field_of_another_type(cls: type[wire.Message]) -> None:
    """Every field in turn gets every other kind of value."""
    body = body_of(message_of(cls, 1))
    hints = typing.get_type_hints(cls, include_extras=True)
    strange: list[Any] = [None, True, 7, 0.5, "no member", [], [None], [[]], [7], {}, {"a": 1}, {"a": "b"}]
    for field in body:
        for value in strange:
            text = datagram(cls.__name__, 1, body | {field: value})
            try:
                read = wire.decode(text).message
            except wire.WireError:
                continue
            assert fits(getattr(read, field), hints[field]), (field, value)


def fits(value: Any, hint: Any) -> bool:
    """Whether `value` is of the type `hint`, exactly."""
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return type(value) is arguments[0] and value in arguments[1]
    if origin in (types.UnionType, typing.Union):
        return value is None or fits(value, arguments[0])
    if origin is tuple:
        return type(value) is tuple and all(fits(item, arguments[0]) for item in value)
    if origin is dict:
        return type(value) is dict and all(type(k) is str and type(v) is str for k, v in value.items())
    return type(value) is hint


@pytest.mark.parametrize("cls", wire.MESSAGES.values(), ids=wire.MESSAGES)
def test_a_field_too_few_or_too_many(cls: type[wire.Message]) -> None:
    body = body_of(message_of(cls, 1))
    for field in dataclasses.fields(typing.cast(Any, cls)):
        short = datagram(cls.__name__, 1, {k: v for k, v in body.items() if k != field.name})
        if field.default is not dataclasses.MISSING:  # added after a release: an older process leaves it out
            assert getattr(wire.decode(short).message, field.name) == field.default
            continue
        with pytest.raises(wire.WireError):
            wire.decode(short)
    for extra in ("", "extra", "__class__", "__init__", "\ud800"):
        data = datagram(cls.__name__, 1, body | {extra: 1})
        if cls.__module__ == "tasker.wire.engine":  # an engine and its frontends are of one version
            with pytest.raises(wire.WireError):
                wire.decode(data)
        else:  # the collector may be older than the engine, or newer
            assert wire.decode(data).message == wire.decode(datagram(cls.__name__, 1, body)).message
    for other in (None, [], list(body.values()), "x", 1):
        with pytest.raises(wire.WireError):
            wire.decode(datagram(cls.__name__, 1, other))


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b" ", b"\0", b"null", b"{}", b"[]", b'"abc"', b"[1,2]", b'["Done",1,{},1]', b'["Done",1,{}]x'),
        *(b'["Done",1]', b'[null,1,{}]', b'[[],1,{}]', b'[{},1,{}]', b'["done",1,{}]', b'["Message",1,{}]'),
        *(b'["Exit",1,{"code":1,"signal":null,"core_dumped":false,"time":1}]', b'["Datagram",1,{}]'),
        *(b'["Done",null,{}]', b'["Done",true,{}]', b'["Done",1.0,{}]', b'["Done","1",{}]', b'["Done",NaN,{}]'),
        *(b'["Done",1e999,{}]', b'["Done",' + b"9" * 5000 + b",{}]", b'{"Done":1,"a":2,"b":3}', b'["os.system",1,{}]'),
        *(b'["Done",1,{}', b'["Done",1,{},]', b'\xef\xbb\xbf["Done",1,{}]', '["Done",1,{}]'.encode("utf-16")),
    ],
)  # fmt: skip
def test_no_message(data: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.decode(data)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" + "0" * 400, '"1"', "true"])
def test_no_number_of_seconds(number: str) -> None:
    caller = '{"name":"a","role":"user","serial":"1"}'
    with pytest.raises(wire.WireError):
        wire.decode(f'["StopJob",1,{{"caller":{caller},"job":"k","grace":{number}}}]'.encode())


def test_a_whole_number_of_seconds_is_one() -> None:
    read = wire.from_text(wire.Exit, '{"code":1,"signal":null,"core_dumped":false,"time":5,"monotonic":6}')
    assert type(read.time) is float


@pytest.mark.parametrize("text", ["\ud800", "a\udfff"])
def test_a_lone_surrogate_is_no_text(text: str) -> None:
    """What surrogateescape would not make can be no name of anything, and could not be passed on."""
    with pytest.raises(wire.WireError):
        wire.decode(datagram("Forget", 1, {"job": text}))
    with pytest.raises(wire.WireError):
        wire.decode(datagram("StoreRecord", 1, {"job": "k", "record": text}))
    with pytest.raises(wire.WireError):
        wire.encode(1, wire.Forget(text))
    with pytest.raises(wire.WireError):
        wire.from_text(JobSpec, json.dumps(json.loads(wire.to_text(JobSpec(("a",)))) | {"environment": {text: ""}}))


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_could_not_be_read_is_not_written(number: float) -> None:
    with pytest.raises(wire.WireError):
        wire.encode(1, wire.StopJob(Identity("a", Role.USER, "1"), "k", number))


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'["Forget",1,{"job":'])
def test_deep_nesting(opening: bytes) -> None:
    """Any depth, those just short of what the parser takes included."""
    for depth in [*range(1, 1200), 30_000]:
        for data in (b'["Forget",1,{"job":' + opening * depth, closed(opening, depth)):
            with pytest.raises(wire.WireError):
                wire.decode(data)


def closed(opening: bytes, depth: int) -> bytes:
    ends = opening[::-1].translate(bytes.maketrans(b"[{", b"]}"), b'",:Forgetjba1')
    return b'["Forget",1,{"job":' + opening * depth + b"1" + ends * depth + b"}]"


def test_too_long() -> None:
    longest = wire.LARGEST_DATAGRAM - len(wire.encode(1, wire.Forget("")))
    assert len(wire.encode(1, wire.Forget("x" * longest))) == wire.LARGEST_DATAGRAM
    with pytest.raises(wire.WireError, match="Forget is too long"):
        wire.encode(1, wire.Forget("x" * (longest + 1)))
    with pytest.raises(wire.WireError, match="too long"):
        wire.encode(1, wire.Forget("ü" * (longest // 2 + 1)))


def test_a_refused_datagram_makes_a_short_line() -> None:
    for data in (b"x" * 100_000, datagram("Forget", 1, {"job": ["x" * 100_000]}), datagram("x" * 100_000, 1, {})):
        with pytest.raises(wire.WireError) as caught:
            wire.decode(data)
        assert len(str(caught.value)) < 400


def test_damaged_datagrams() -> None:
    """Bytes changed, cut out and doubled at random: a message or a WireError, whatever comes."""
    numbers = random.Random(7)  # noqa: S311
    classes = list(wire.MESSAGES.values())
    read = 0
    for seed in range(4_000):
        data = bytearray(wire.encode(1, message_of(numbers.choice(classes), seed)))
        for _ in range(numbers.randrange(1, 4)):
            at = numbers.randrange(len(data) + 1)
            end = min(len(data), at + numbers.randrange(1, 9))
            part = [bytes(data[at:end]) * 2, b"", bytes(numbers.choice(b'[]{}",:0e-\\u\xff') for _ in range(2))]
            data[at:end] = numbers.choice(part)
        try:
            again = wire.decode(bytes(data))
        except wire.WireError:
            continue
        read += 1
        assert wire.decode(wire.encode(again.number, again.message)) is not None
    assert read > 20  # else nothing was tried but the parser of JSON


def test_a_record_survives_as_text() -> None:
    """As the collector keeps it for an engine that was restarted."""
    spec = JobSpec(
        ("sh", "-c", "\udcff"), "/", {"A": "\udc80"}, "n", "", Limits(cpu=0.5, memory=8 << 20, io=(IoLimit("/", 4096),))
    )
    job = Job("k3v9", "alice", spec, "u", "s", "", 1000, State.RUNNING, 1.5, 2.5)
    assert wire.from_text(Job, wire.to_text(job)) == job
    assert wire.to_text(job).isascii()
    for text in ("", "[]", "{", "null", "[" * 100_000, '{"id":1}'):
        with pytest.raises(wire.WireError):
            wire.from_text(Job, text)


def test_a_record_of_an_engine_that_had_fewer_fields() -> None:
    """An upgrade leaves jobs running, so what an earlier engine wrote down is read."""
    job = Job("k3v9", "alice", JobSpec(("sleep", "60")), "u", "s", "", 1000, State.RUNNING, 1.5, 2.5)
    body = json.loads(wire.to_text(job))
    del body["archived"], body["spec"]["grace"], body["limits"]["io_weight"]
    assert wire.from_text(Job, json.dumps(body)) == job
    assert wire.from_text(Job, json.dumps(body | {"colour": "red"})) == job, "that of an engine that had more"
    body["spec"]["limits"]["colour"] = {"red": 1}
    assert wire.from_text(Job, json.dumps(body)) == job
    with pytest.raises(wire.WireError):
        wire.from_text(Job, json.dumps(body | {"archived": "no"}))
    del body["owner"]
    with pytest.raises(wire.WireError):
        wire.from_text(Job, json.dumps(body))


def test_reasons_travel() -> None:
    for reason in Reason:
        assert wire.decode(wire.encode(-1, wire.Failed(reason, "cannot"))).message == wire.Failed(reason, "cannot")
