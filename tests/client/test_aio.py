"""AsyncClient: the same answers, errors and streams that go on, and a loop that is never held up."""

from __future__ import annotations

import asyncio
import hashlib
import random
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from tasker import issuing, wire
from tasker.certs import Pair
from tasker.client import (
    AsyncClient,
    Attached,
    Away,
    Chunk,
    Detached,
    DetachReason,
    Ended,
    Event,
    Interrupted,
    Resumed,
    Snapshot,
)
from tasker.client.aiostream import AsyncAttachment
from tasker.errors import Reason, TaskerError
from tasker.identity import Role
from tests.client.forwarder import forwarding
from tests.client.test_resuming import Received
from tests.frontend.peer import PeerJob
from tests.frontend.running import Frontend
from tests.support.waiting import DEADLINE, suspend


def run(work: Callable[[AsyncClient], Coroutine[Any, Any, None]], frontend: Frontend, address: str = "") -> None:
    """`work` in a loop of its own, with a client of `frontend` that is closed after it."""
    pair = issuing.make_client(frontend.ca, "alice", Role.USER)
    client = AsyncClient(
        address or frontend.address, ca=frontend.ca.certificate, certificate=pair.certificate, key=pair.key
    )

    async def main() -> None:
        async with client, asyncio.timeout(DEADLINE):
            await work(client)

    asyncio.run(main())


async def attached(client: AsyncClient, **options: Any) -> AsyncAttachment:
    stream = client.attach("abc", **options)
    assert isinstance(await anext(stream), Attached)
    return stream


def test_calls(shared: Frontend) -> None:
    job = PeerJob("abc").job
    shared.peer.answers[wire.StopJob] = lambda _: wire.JobReply(job)
    shared.peer.answers[wire.ListJobs] = lambda asked: wire.JobsReply((job,), "" if asked.page else "2")

    async def work(client: AsyncClient) -> None:
        assert await client.stop("abc", 2.5) == job
        assert [each async for each in client.list()] == [job, job]
        with pytest.raises(TaskerError, match="cannot find job no") as caught:
            await client.get("no")
        assert caught.value.reason is Reason.NOT_FOUND

    run(work, shared)


def test_a_network_that_breaks_again_and_again(frontend: Frontend) -> None:
    chance = random.Random(6)  # noqa: S311
    text = chance.randbytes(20 << 20)
    job = frontend.peer.add(PeerJob("abc", capacity=64 << 20))
    allowances = iter([1 << 20, *(chance.randrange(1, 2 << 20) for _ in range(1000))])
    result = Received()

    async def work(client: AsyncClient) -> None:
        stream = await attached(client)
        await asyncio.to_thread(job.print, text)
        await asyncio.to_thread(frontend.peer.end, job)
        async for event in stream:
            result.take(event)

    with forwarding(frontend.host, frontend.port, lambda: next(allowances)) as network:
        run(work, frontend, network.address)
        assert network.cuts > 10
    assert result.whole.digest() == hashlib.sha256(text).digest()
    assert result.kinds == [Interrupted, Resumed] * (len(result.kinds) // 2) + [Ended]


def test_a_wait_survives_a_break(frontend: Frontend) -> None:
    job = frontend.peer.add(PeerJob("abc"))

    async def work(client: AsyncClient) -> None:
        waiting = asyncio.create_task(client.wait("ab"))
        await asyncio.to_thread(frontend.peer.next_asked, wire.WaitJob)
        network.cut()
        await asyncio.to_thread(frontend.peer.next_asked, wire.WaitJob)
        frontend.peer.end(job)
        assert await waiting == job.job

    with forwarding(frontend.host, frontend.port) as network:
        run(work, frontend, network.address)


def test_a_break_before_the_first_message(frontend: Frontend) -> None:
    frontend.peer.add(PeerJob("abc"))
    held = frontend.peer.held[wire.AttachJob] = frontend.peer.call(asyncio.Event)

    async def work(client: AsyncClient) -> None:
        stream = client.attach("abc")
        await asyncio.to_thread(frontend.peer.next_asked, wire.AttachJob)
        network.cut()
        assert isinstance(await anext(stream), Interrupted)
        frontend.peer.call(held.set)
        assert isinstance(await anext(stream), Attached)

    with forwarding(frontend.host, frontend.port) as network:
        run(work, frontend, network.address)


def test_a_stop_survives_a_break(frontend: Frontend) -> None:
    job = frontend.peer.add(PeerJob("abc"))
    frontend.peer.answers[wire.StopJob] = lambda _: wire.JobReply(job.job)
    held = frontend.peer.held[wire.StopJob] = frontend.peer.call(asyncio.Event)

    async def work(client: AsyncClient) -> None:
        await client.get("abc")
        stopping = asyncio.create_task(client.stop("abc", reconnect_timeout=DEADLINE))
        await asyncio.to_thread(frontend.peer.next_asked, wire.StopJob)
        network.cut()
        await asyncio.to_thread(frontend.peer.next_asked, wire.StopJob)
        frontend.peer.call(held.set)
        assert await stopping == job.job

    with forwarding(frontend.host, frontend.port) as network:
        run(work, frontend, network.address)


def test_it_gives_up_and_says_where_to_go_on(frontend: Frontend) -> None:
    job = frontend.peer.add(PeerJob("abc"))

    async def work(client: AsyncClient) -> None:
        stream = await attached(client, reconnect_timeout=0.5)
        job.print(b"12345")
        assert await anext(stream) == Chunk(0, b"12345")
        network.down()
        assert isinstance(await anext(stream), Interrupted)
        with pytest.raises(TaskerError, match="connection refused") as caught:
            await anext(stream)
        assert (caught.value.reason, stream.offset) == (Reason.UNAVAILABLE, 5)

    with forwarding(frontend.host, frontend.port) as network:
        run(work, frontend, network.address)


def test_it_gives_up_on_a_server_that_says_nothing(frontend: Frontend) -> None:
    frontend.peer.add(PeerJob("abc"))

    async def work(client: AsyncClient) -> None:
        stream = await attached(client, reconnect_timeout=0.5)
        suspend(frontend.process.pid)
        try:
            network.cut()
            assert isinstance(await anext(stream), Interrupted)
            with pytest.raises(TaskerError) as caught:
                await anext(stream)
        finally:
            frontend.process.send_signal(signal.SIGCONT)
        assert caught.value.reason is Reason.UNAVAILABLE

    with forwarding(frontend.host, frontend.port) as network:
        run(work, frontend, network.address)


def test_it_tells_what_the_server_said_last_and_not_that_it_waited_no_longer(frontend: Frontend) -> None:
    frontend.peer.add(PeerJob("abc"))
    away = TaskerError(Reason.UNAVAILABLE, "cannot reach the engine")

    def refuse(_: wire.AttachJob) -> wire.Message:
        raise away

    async def work(client: AsyncClient) -> None:
        frontend.peer.answers[wire.AttachJob] = refuse
        stream = client.attach("abc", reconnect_timeout=3.0)
        assert isinstance(await anext(stream), Interrupted)
        frontend.peer.held[wire.AttachJob] = frontend.peer.call(asyncio.Event)
        with pytest.raises(TaskerError) as caught:
            await anext(stream)
        assert caught.value.message == away.message

    run(work, frontend, f"{frontend.host}:{frontend.port}")


def test_a_call_ends_with_its_client(frontend: Frontend) -> None:
    frontend.peer.add(PeerJob("abc"))

    async def work(client: AsyncClient) -> None:
        waiting = asyncio.create_task(client.wait("abc", reconnect_timeout=3600))
        await asyncio.to_thread(frontend.peer.next_asked, wire.WaitJob)
        await client.close()
        with pytest.raises(TaskerError) as caught:
            await waiting
        assert caught.value.reason is Reason.UNAVAILABLE

    run(work, frontend)


def test_the_loop_runs_on_while_it_is_looked_why(ca: Pair) -> None:
    """A port that takes connections and says nothing costs 5 s of looking; the loop ticks meanwhile."""
    pair = issuing.make_client(ca, "alice", Role.USER)

    async def main(address: str) -> None:
        async with AsyncClient(address, ca=ca.certificate, certificate=pair.certificate, key=pair.key) as client:
            asking = asyncio.create_task(client.get("abc"))
            ticks = 0
            while not asking.done():
                await asyncio.sleep(0.01)
                ticks += 1
            with pytest.raises(TaskerError, match="no answer"):
                await asking
            assert ticks > 20  # of some hundreds; a loop that is held up for those 5 s ticks a few times

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(16)
        asyncio.run(main(f"127.0.0.1:{sock.getsockname()[1]}"))


@pytest.mark.parametrize("close", [False, True], ids=["cancel", "close"])
@pytest.mark.parametrize("broken", [False, True], ids=["open", "in-a-pause"])
def test_a_stream_is_left_from_another_task(frontend: Frontend, broken: bool, close: bool) -> None:
    frontend.peer.add(PeerJob("abc"))

    async def work(client: AsyncClient) -> None:
        stream = await attached(client, reconnect_timeout=3600)
        if broken:
            network.down()
            assert isinstance(await anext(stream), Interrupted)
        rest = asyncio.create_task(collect(stream))
        await asyncio.sleep(0)
        if close:
            await client.close()
        else:
            stream.cancel()
        assert await asyncio.wait_for(rest, DEADLINE) == []

    with forwarding(frontend.host, frontend.port) as network:
        run(work, frontend, network.address)


async def collect(stream: AsyncIterator[Event]) -> list[Event]:
    return [event async for event in stream]


def test_a_read_that_is_cancelled_loses_nothing(frontend: Frontend) -> None:
    """A timeout around one event: the next read goes on after the last byte that came."""
    job = frontend.peer.add(PeerJob("abc"))

    async def work(client: AsyncClient) -> None:
        stream = await attached(client)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream), 0.05)
        job.print(b"12345")
        assert isinstance(await anext(stream), Interrupted)
        assert isinstance(await anext(stream), Resumed)
        assert await anext(stream) == Chunk(0, b"12345")

    run(work, frontend)


def test_detached_on_purpose_stays_detached(frontend: Frontend) -> None:
    frontend.peer.add(PeerJob("abc"))

    async def work(client: AsyncClient) -> None:
        stream = await attached(client)
        assert await client.detach("abc") == 1
        assert await collect(stream) == [Detached(DetachReason.REQUESTED, 0)]

    run(work, frontend)


def test_a_watch_goes_on_with_a_new_snapshot(frontend: Frontend) -> None:
    frontend.peer.add(PeerJob("abc"))

    async def work(client: AsyncClient) -> None:
        news = client.watch()
        first = await anext(news)
        network.cut()
        assert isinstance(await anext(news), Away)
        assert isinstance(first, Snapshot)
        assert first.first
        assert await anext(news) == first

    with forwarding(frontend.host, frontend.port) as network:
        run(work, frontend, network.address)
