"""Bounds of values: what is outside is neither written into a message or a record, nor read from one."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Iterator
from typing import Any

import pytest

from tasker import wire
from tasker.engine import archive_files, entry
from tasker.identity import Identity, Role
from tasker.job import Job, JobSpec
from tasker.lifecycle import State
from tests.test_wire import body_of, datagram, message_of


def numbers_in(cls: Any, seen: set[Any]) -> Iterator[tuple[str, Any]]:
    """Every field of a dataclass and of those in it, with its type."""
    if cls in seen:
        return
    seen.add(cls)
    for name, hint in typing.get_type_hints(cls, include_extras=True).items():
        if typing.get_origin(hint) is typing.ClassVar:
            continue
        waiting = [hint]
        while waiting:
            part = waiting.pop()
            if dataclasses.is_dataclass(part):
                yield from numbers_in(part, seen)
            elif typing.get_origin(part) in (types.UnionType, typing.Union, tuple):
                waiting += typing.get_args(part)
            else:
                yield f"{cls.__name__}.{name}", part


@pytest.mark.parametrize("cls", [*wire.MESSAGES.values(), entry.JobRecord, archive_files.ArchiveRecord], ids=lambda c: c.__name__)
def test_every_number_has_a_range(cls: type) -> None:
    without = [name for name, hint in numbers_in(cls, set()) if hint in (int, float)]
    assert not without, f"no range of tasker/bounds.py beside the type of {', '.join(without)}"


OUTSIDE: list[tuple[type[wire.Message], str, list[Any]]] = [
    (wire.Launch, "uid", [-1, (1 << 32) - 1, 1 << 40]),
    (wire.Launch, "gid", [-1, (1 << 32) - 1]),
    (wire.Launch, "groups", [[-1], [0, (1 << 32) - 1]]),
    (wire.Launch, "ring_capacity", [0, 1, -4096, 1 << 62]),
    (wire.Signal, "signal", [0, -9, 65, 1 << 40]),
    (wire.Released, "errno", [-1, 4096]),
    (wire.ListLeaders, "after", [-1, 1 << 63]),
    (wire.Welcome, "run", ["", "..", "a/b", "/etc"]),
    (wire.Setup, "frontends", [0, 65]),
    (wire.Setup, "revoked", [["4F"], ["4f\n"], [""]]),
    (wire.SignalJob, "signal", [-1, 1 << 32]),
    (wire.StopJob, "grace", [-0.5, 1e20]),
    (wire.EndStreams, "user", ["", "a/b", "a\nb"]),
]


@pytest.mark.parametrize(("cls", "field", "values"), OUTSIDE, ids=[f"{c.__name__}.{f}" for c, f, _ in OUTSIDE])
def test_a_value_out_of_bounds_is_neither_read_nor_written(
    cls: type[wire.Message], field: str, values: list[Any]
) -> None:
    message = message_of(cls, 3)
    body = body_of(message)
    for value in values:
        with pytest.raises(wire.WireError, match=rf"^{cls.__name__}\.{field}: "):
            wire.decode(datagram(cls.__name__, 1, body | {field: value}))
        changed = dataclasses.replace(message, **{field: tuple(value) if isinstance(value, list) else value})  # type: ignore[type-var]
        with pytest.raises(wire.WireError, match=rf"^{cls.__name__}\.{field}: "):
            wire.encode(1, changed)


NO_NAMES = ["", "evil\n1000 bob", "../../x", "bob ", "Bob", "b" * 33, "bob\n", "1000", "bob\udc80", "john.doe"]


@pytest.mark.parametrize("name", NO_NAMES)
def test_an_identity_with_no_users_name_is_neither_read_nor_written(name: str) -> None:
    caller = Identity(name, Role.USER, "a1")
    body = {"name": name, "role": "user", "serial": "a1"}
    with pytest.raises(wire.WireError, match=r"Identity\.name: .* is not a user's name"):
        wire.decode(datagram("GetInfo", 1, {"caller": body}))
    with pytest.raises(wire.WireError):
        wire.encode(1, wire.GetInfo(caller))
    with pytest.raises(wire.WireError):
        wire.from_text(Identity, json.dumps(body))
    job = Job("k3v9", name, JobSpec(("a",)), "u", "s", "", 1000, State.RUNNING, 1.5)
    with pytest.raises(wire.WireError, match=r"Job\.owner"):
        wire.to_text(job)


@pytest.mark.parametrize(
    ("field", "value"), [("id", "../../x"), ("id", ""), ("unit", "a b"), ("slice", "a/b.slice"), ("uid", -1)]
)
def test_a_job_that_would_name_something_else_is_no_job(field: str, value: Any) -> None:
    job = Job("k3v9", "alice", JobSpec(("a",)), "u", "s", "", 1000, State.RUNNING, 1.5)
    with pytest.raises(wire.WireError, match=rf"Job\.{field}"):
        wire.from_text(Job, json.dumps(json.loads(wire.to_text(job)) | {field: value}))


@pytest.mark.parametrize("number", [1 << 54, -(1 << 64), 10**400])
def test_the_number_of_a_datagram_has_a_range(number: int) -> None:
    with pytest.raises(wire.WireError):
        wire.decode(datagram("Done", number, {}))
