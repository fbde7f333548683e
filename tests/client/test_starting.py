"""Starts beyond the rate that the server allows: postponed for as long as the server says, for so long in total."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tasker import wire
from tasker.api.v1 import tasker_pb2 as pb
from tasker.client import AsyncClient
from tasker.client.starting import SHORTEST_PAUSE, START_TIMEOUT, Start
from tasker.errors import Reason, TaskerError
from tasker.job import JobSpec
from tests.client.test_aio import run
from tests.frontend.peer import PeerJob
from tests.frontend.running import Frontend
from tests.support.waiting import join, limit

SPEC = JobSpec(("true",))
Pauses = list[float]


def too_fast(seconds: float | None) -> TaskerError:
    return TaskerError(Reason.EXHAUSTED, "cannot start a job: too fast", seconds)


# ── when to ask again, on a clock that the test sets ─────────────────────────────────────────────────────────────────


def test_it_waits_for_as_long_as_the_server_says() -> None:
    told: list[tuple[str, float]] = []
    start = Start(SPEC, 60.0, lambda error, pause: told.append((error.message, pause)))
    assert start.broke(too_fast(2.5), 0.0, heard=True) == 2.5
    assert start.broke(too_fast(0.0), 3.0, heard=True) == SHORTEST_PAUSE
    assert told == [("cannot start a job: too fast", 2.5), ("cannot start a job: too fast", SHORTEST_PAUSE)]


@pytest.mark.parametrize(("pauses", "last"), [((), 60.1), ((30.0, 29.0), 1.1), ((60.0,), 0.1)], ids=str)
def test_it_waits_no_longer_in_total_than_its_timeout(pauses: tuple[float, ...], last: float) -> None:
    start = Start(SPEC, 60.0, None)
    for pause in pauses:
        assert start.broke(too_fast(pause), 0.0, heard=True) == pause
    error = too_fast(last)
    with pytest.raises(TaskerError) as caught:
        start.broke(error, 0.0, heard=True)
    assert caught.value is error


@pytest.mark.parametrize(
    "error",
    [too_fast(None), TaskerError(Reason.UNAVAILABLE, "cannot reach it", 1.0), TaskerError(Reason.DENIED, "cannot")],
    ids=str,
)
def test_any_other_error_is_raised(error: TaskerError) -> None:
    with pytest.raises(TaskerError) as caught:
        Start(SPEC, START_TIMEOUT, None).broke(error, 0.0, heard=True)
    assert caught.value is error


@pytest.mark.parametrize("start_timeout", [-1.0, float("nan")])
def test_no_timeout(start_timeout: float) -> None:
    with pytest.raises(TaskerError, match="cannot use a start_timeout of"):
        Start(SPEC, start_timeout, None)


# ── over the network ─────────────────────────────────────────────────────────────────────────────────────────────────


def answers(shared: Frontend, *seconds: float | None) -> None:
    """Have StartJob refused once for each of `seconds`, and then answered."""
    replies: Iterator[wire.Message] = iter(
        [
            *(wire.Failed(Reason.EXHAUSTED, f"cannot start a job: {after}", after) for after in seconds),
            wire.JobReply(PeerJob("abc").job),
        ]
    )
    shared.peer.answers[wire.StartJob] = lambda _: next(replies)


def test_the_client_asks_again_by_itself(shared: Frontend) -> None:
    answers(shared, 0.25, 0.1)
    pauses: Pauses = []
    began = time.monotonic()
    assert shared.client().start(SPEC, postponed=lambda _error, pause: pauses.append(pause)).id == "abc"
    assert pauses == [0.25, 0.1]
    assert time.monotonic() - began >= 0.35


def test_so_does_the_client_for_asyncio(shared: Frontend) -> None:
    answers(shared, 0.2)
    pauses: Pauses = []

    async def work(client: AsyncClient) -> None:
        assert (await client.start(SPEC, postponed=lambda _error, pause: pauses.append(pause))).id == "abc"

    run(work, shared)
    assert pauses == [0.2]


def test_without_patience_the_error_says_after_how_long(shared: Frontend) -> None:
    answers(shared, 12.5)
    with pytest.raises(TaskerError, match=r"cannot start a job: 12\.5") as caught:
        shared.client().start(SPEC, start_timeout=0)
    assert (caught.value.reason, caught.value.retry_after) == (Reason.EXHAUSTED, 12.5)


def test_another_refusal_says_no_time(shared: Frontend) -> None:
    answers(shared, None)
    with pytest.raises(TaskerError, match="cannot start a job: None") as caught:
        shared.client().start(SPEC)
    assert caught.value.retry_after is None


def test_the_client_can_be_closed_meanwhile(shared: Frontend) -> None:
    answers(shared, 30.0)
    client = shared.client()
    postponed = threading.Event()
    errors: list[TaskerError] = []

    def start() -> None:
        try:
            client.start(SPEC, postponed=lambda _error, _pause: postponed.set())
        except TaskerError as error:
            errors.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    with limit("the start is postponed"):
        postponed.wait()
    client.close()
    join(thread)
    assert errors[0].reason is Reason.EXHAUSTED


def test_the_time_is_in_the_trailing_metadata(shared: Frontend) -> None:
    """For clients in other languages."""
    answers(shared, 1.23456)
    client = shared.client()
    with pytest.raises(grpc.RpcError) as caught:
        client._stub.StartJob(pb.StartJobRequest(spec=pb.JobSpec(argv=[b"true"])))
    error: Any = caught.value
    trailing = dict(error.trailing_metadata())
    assert trailing["tasker-retry-after"] == "1.235"
    assert trailing["tasker-reason"] == "exhausted"


def test_the_engine_is_reported_when_a_caller_is_gone(frontend: Frontend) -> None:
    """So that it drops a start which it has not begun."""
    frontend.peer.held[wire.StartJob] = frontend.peer.call(asyncio.Event)

    async def leave(client: AsyncClient) -> None:
        start = asyncio.ensure_future(client.start(SPEC))
        await asyncio.to_thread(frontend.peer.next_asked, wire.StartJob)
        start.cancel()

    run(leave, frontend)
    assert frontend.peer.unanswered() == 0
