"""Ending streams, without a network: a client that reads nothing, a clock that is set."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from tasker import issuing, wire
from tasker.api.v1 import tasker_pb2 as pb
from tasker.certs import Pair
from tasker.errors import Reason, TaskerError
from tasker.frontend import streams
from tasker.frontend.slots import Slots
from tasker.frontend.streams import Stream, Streams
from tasker.frontend.tls import Caller, Material
from tasker.identity import Role


@pytest.fixture
def caller_and_streams(ca: Pair) -> tuple[Caller, Streams]:
    server = issuing.make_server(ca, [])
    material = Material(
        wire.Setup((), 1, 2, 2, ca.certificate.decode(), server.certificate.decode(), server.key.decode(), ())
    )
    caller = material.judge(issuing.make_client(ca, "alice", Role.USER).certificate, time.time())
    return caller, Streams(material, total=2, per_user=2)


End = Callable[[Streams, Stream], object]


def stuck(caller: Caller, all_streams: Streams, end: End) -> None:
    """A stream whose client reads nothing, so that its write never returns; `end` is what happens then."""

    async def run() -> None:
        async with all_streams.opened(caller) as stream:
            stream.job = "abc"
            asyncio.get_running_loop().call_soon(end, all_streams, stream)
            await asyncio.Event().wait()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("end", "reason", "message"),
    [
        (lambda all_streams, _: all_streams.end("abc", "alice"), Reason.REFUSED, "its client read nothing"),
        (lambda all_streams, _: all_streams.end_all(), Reason.UNAVAILABLE, "the server is restarting"),
        (lambda all_streams, _: all_streams.hurry_all(), Reason.UNAVAILABLE, "the server is restarting"),
        (
            lambda _, stream: stream.end(pb.Detached.REASON_CERTIFICATE),
            Reason.DENIED,
            "certificate expired or was revoked",
        ),
    ],
)
def test_a_client_that_reads_nothing_is_left(
    caller_and_streams: tuple[Caller, Streams],
    monkeypatch: pytest.MonkeyPatch,
    end: End,
    reason: Reason,
    message: str,
) -> None:
    monkeypatch.setattr(streams, "LAST_WORD", 0.01)
    with pytest.raises(TaskerError, match=message) as caught:
        stuck(*caller_and_streams, end)
    assert caught.value.reason is reason


def test_only_ones_own_of_one_job(caller_and_streams: tuple[Caller, Streams]) -> None:
    caller, all_streams = caller_and_streams

    async def run() -> None:
        async with all_streams.opened(caller) as stream:
            stream.job = "abc"
            assert all_streams.end("abc", "bob") == all_streams.end("abcd", "alice") == 0
            assert stream.reason is None
            assert all_streams.end("abc", "alice") == 1
            assert all_streams.end("abc", "alice") == 0  # it is ending already
            assert stream.reason == pb.Detached.REASON_REQUESTED
            stream.end(pb.Detached.REASON_UNAVAILABLE)
            assert stream.reason == pb.Detached.REASON_REQUESTED
        await all_streams.none_open()

    asyncio.run(run())


def test_a_clock_that_is_set_is_noticed(
    caller_and_streams: tuple[Caller, Streams], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate's end is a time of day, and no timer follows that: so it is looked at now and then."""
    caller, all_streams = caller_and_streams
    monkeypatch.setattr(streams, "LONGEST_WAIT", 0.01)

    async def run() -> pb.Detached.Reason | None:
        async with all_streams.opened(caller) as stream:
            monkeypatch.setattr(time, "time", lambda: caller.not_after + 1)
            await stream.activity.wait()
            return stream.reason

    assert asyncio.run(run()) == pb.Detached.REASON_CERTIFICATE


def test_places() -> None:
    slots = Slots("things", total=3, per_user=2)
    with slots.taken("a"), slots.taken("a"):
        with pytest.raises(TaskerError, match="cannot open more things: a has 2"), slots.taken("a"):
            pass
        with slots.taken("b"), pytest.raises(TaskerError, match="there are 3 of them"), slots.taken("c"):
            pass
        with slots.taken("c"):
            pass
    with slots.taken("a"), slots.taken("a"):
        pass
