"""The connection to the engine: what waits, what is asked again, what never is, and when nobody comes back."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path

import pytest

from tasker import wire
from tasker.certs import Pair
from tasker.channel import MOST_QUEUED
from tasker.errors import Reason, TaskerError
from tasker.frontend.engine import Engine
from tasker.identity import Identity, Role
from tasker.job import Job, JobSpec
from tasker.lifecycle import State
from tests.frontend.peer import PeerJob
from tests.frontend.running import Frontend
from tests.support.waiting import DEADLINE


@pytest.fixture
def pool() -> Iterator[futures.ThreadPoolExecutor]:
    with futures.ThreadPoolExecutor(8) as pool:
        yield pool


@pytest.fixture
def held(frontend: Frontend) -> Callable[[type[wire.Message]], asyncio.Event]:
    """Have requests of a kind wait: the event that lets them go on."""
    frontend.peer.connected.get(timeout=DEADLINE)

    def hold(kind: type[wire.Message]) -> asyncio.Event:
        frontend.peer.held[kind] = frontend.peer.call(asyncio.Event)
        return frontend.peer.held[kind]

    return hold


Hold = Callable[[type[wire.Message]], asyncio.Event]


def test_a_question_is_asked_again(frontend: Frontend, held: Hold, pool: futures.ThreadPoolExecutor) -> None:
    """Once: the second connection that breaks under it ends it."""
    frontend.peer.add(PeerJob("abc"))
    let_go = held(wire.GetJob)
    client = frontend.client()
    answer: futures.Future[Job] = pool.submit(client.get, "abc")
    frontend.peer.next_asked(wire.GetJob)
    frontend.peer.drop()
    frontend.peer.next_asked(wire.GetJob)
    frontend.peer.call(let_go.set)
    assert answer.result(DEADLINE).id == "abc"

    let_go = held(wire.GetJob)
    answer = pool.submit(client.get, "abc")
    for _ in range(2):
        frontend.peer.next_asked(wire.GetJob)
        frontend.peer.drop()
    with pytest.raises(TaskerError, match="it is restarting; try again") as caught:
        answer.result(DEADLINE)
    assert caught.value.reason is Reason.UNAVAILABLE


@pytest.mark.parametrize(
    ("kind", "ask", "reply"),
    [
        (wire.StopJob, lambda client: client.stop("abc"), wire.JobReply(PeerJob("abc").job)),
        (wire.ListJobs, lambda client: list(client.list()), None),
        (wire.AttachJob, lambda client: next(client.attach("abc")), None),
        (wire.DetachJob, lambda client: client.detach("abc"), None),
    ],
)
def test_what_may_be_asked_twice(
    frontend: Frontend,
    held: Hold,
    pool: futures.ThreadPoolExecutor,
    kind: type[wire.Message],
    ask: Callable[[object], object],
    reply: wire.Message | None,
) -> None:
    frontend.peer.add(PeerJob("abc"))
    if reply is not None:
        answer = reply
        frontend.peer.answers[kind] = lambda _: answer
    let_go = held(kind)
    waiting = pool.submit(ask, frontend.client())
    frontend.peer.next_asked(kind)
    frontend.peer.drop()
    frontend.peer.next_asked(kind)
    frontend.peer.call(let_go.set)
    waiting.result(DEADLINE)


def test_thousands_wait_at_once(tmp_path: Path, ca: Pair) -> None:
    """More than a channel queues: for the end of one job, and anew when the engine restarts."""
    frontend = Frontend(tmp_path, ca)
    frontend.peer.start()
    job = frontend.peer.add(PeerJob("abc"))

    async def run() -> set[State]:
        engine = Engine(
            frontend.peer.path,
            reloaded=lambda _: None,
            end_streams=lambda *_: 0,
            connected=lambda: None,
            received=lambda _: None,
        )
        await engine.open()
        asked = wire.WaitJob(Identity("alice", Role.USER, "a1"), "abc", False)
        waits = [asyncio.create_task(engine.request(asked, wire.JobReply)) for _ in range(MOST_QUEUED + 1000)]
        for _ in waits:
            await asyncio.to_thread(frontend.peer.next_asked, wire.WaitJob)
        await asyncio.to_thread(frontend.peer.drop)
        for _ in waits:
            await asyncio.to_thread(frontend.peer.next_asked, wire.WaitJob)
        assert frontend.peer.connected.qsize() == 2
        await asyncio.to_thread(frontend.peer.end, job)
        async with asyncio.timeout(DEADLINE):
            replies = await asyncio.gather(*waits)
        await engine.close()
        return {reply.job.state for reply in replies}

    try:
        assert asyncio.run(run()) == {State.ENDED}
    finally:
        frontend.close()


def test_a_start_is_never_asked_again(frontend: Frontend, held: Hold, pool: futures.ThreadPoolExecutor) -> None:
    held(wire.StartJob)
    client = frontend.client()
    starting = pool.submit(client.start, JobSpec(("true",)))
    frontend.peer.next_asked(wire.StartJob)
    frontend.peer.drop()
    with pytest.raises(TaskerError, match="cannot confirm that the job started") as caught:
        starting.result(DEADLINE)
    assert caught.value.reason is Reason.UNAVAILABLE
    list(client.list())
    assert not isinstance(frontend.peer.next_asked(wire.Message), wire.StartJob)


def test_the_engines_own_unavailable_is_passed_on(frontend: Frontend) -> None:
    """It is an answer, so nothing is asked again."""

    def refuse(_: object) -> wire.Message:
        raise TaskerError(Reason.UNAVAILABLE, "cannot do it: the collector is away")

    frontend.peer.answers[wire.GetJob] = refuse
    with pytest.raises(TaskerError, match="the collector is away"):
        frontend.client().get("abc")


def test_requests_wait_for_an_engine_that_is_away(frontend: Frontend, pool: futures.ThreadPoolExecutor) -> None:
    """Even where its socket is: then nothing tells that it is back, and the frontend looks again now and then."""
    frontend.peer.add(PeerJob("abc"))
    client = frontend.client()
    client.get("abc")
    frontend.peer.connected.get(timeout=DEADLINE)
    frontend.peer.stop_listening()
    frontend.peer.drop()
    waiting = [pool.submit(client.get, "abc") for _ in range(4)]
    frontend.peer.start()
    frontend.peer.connected.get(timeout=DEADLINE)
    assert [answer.result(DEADLINE).id for answer in waiting] == ["abc"] * 4


def test_a_start_waits_too_while_it_was_not_sent(frontend: Frontend, pool: futures.ThreadPoolExecutor) -> None:
    frontend.peer.answers[wire.StartJob] = lambda _: wire.JobReply(PeerJob("abc").job)
    client = frontend.client()
    list(client.list())
    frontend.peer.connected.get(timeout=DEADLINE)
    connect = frontend.peer.held[wire.Connect] = frontend.peer.call(asyncio.Event)
    frontend.peer.next_asked(wire.ListJobs)
    frontend.peer.drop()
    frontend.peer.next_asked(wire.Connect)
    starting = pool.submit(client.start, JobSpec(("true",)))
    frontend.peer.call(connect.set)
    assert starting.result(DEADLINE).id == "abc"


def test_what_changed_meanwhile_counts_after_a_reconnection(frontend: Frontend) -> None:
    """An engine that was started anew may have another deny list, and no notice says so."""
    frontend.peer.add(PeerJob("abc"))
    client = frontend.client()
    stream = client.attach("abc")
    next(stream)
    serial = frontend.peer.next_asked(wire.AttachJob).caller.serial
    frontend.peer.setup = wire.Setup(**{**vars(frontend.setup), "revoked": (serial,)})
    frontend.peer.drop()
    assert len(list(stream)) == 1
    with pytest.raises(TaskerError, match="it was revoked"):
        client.get("abc")


def test_after_the_end_of_the_run_nobody_connects_again(frontend: Frontend) -> None:
    """It would start the engine, by its socket, and with it another run."""
    frontend.peer.connected.get(timeout=DEADLINE)
    frontend.peer.notify(wire.RunEnding())
    frontend.peer.drop()
    assert frontend.process.wait(DEADLINE) == 0
    assert frontend.peer.connected.empty()


def test_calls_in_flight_are_answered_when_the_server_stops(
    frontend: Frontend, held: Hold, pool: futures.ThreadPoolExecutor
) -> None:
    held(wire.StopJob)
    stopping = pool.submit(frontend.client().stop, "abc")
    frontend.peer.next_asked(wire.StopJob)
    frontend.process.terminate()
    with pytest.raises(TaskerError, match="this server is restarting") as caught:
        stopping.result(DEADLINE)
    assert caught.value.reason is Reason.UNAVAILABLE
    assert frontend.process.wait(DEADLINE) == 0


def test_an_engine_that_answers_nonsense_is_a_defect(frontend: Frontend) -> None:
    frontend.peer.answers[wire.GetJob] = lambda _: wire.Done()
    with pytest.raises(TaskerError, match="cannot use the engine's answer to GetJob") as caught:
        frontend.client().get("abc")
    assert caught.value.reason is Reason.INTERNAL


def test_a_request_to_a_frontend_is_one_of_the_table(frontend: Frontend) -> None:
    frontend.peer.connected.get(timeout=DEADLINE)

    async def ask() -> wire.Message:
        (channel,) = frontend.peer.channels
        return await channel.request(wire.Connect())

    with pytest.raises(TaskerError, match="it is not a request to the frontend"):
        frontend.peer.wait_for(ask())


# ── before it serves ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def waiting(tmp_path: Path, ca: Pair) -> Iterator[Frontend]:
    """A frontend that has asked for its first Setup, and does not get it yet."""
    frontend = Frontend(tmp_path, ca)
    frontend.peer.held[wire.Connect] = frontend.peer.call(asyncio.Event)
    frontend.peer.start()
    frontend.launch()
    frontend.peer.next_asked(wire.Connect)
    yield frontend
    frontend.close()


def test_it_can_be_stopped_before_the_engine_answers(waiting: Frontend) -> None:
    waiting.process.terminate()
    assert waiting.process.wait(DEADLINE) in (0, -signal.SIGTERM)  # a clean exit to systemd, either
    assert waiting.log.read_text() == ""


def test_a_run_that_ends_before_the_engine_answers(waiting: Frontend) -> None:
    waiting.peer.notify(wire.RunEnding())
    waiting.peer.drop()
    assert waiting.process.wait(DEADLINE) == 0
    assert waiting.log.read_text() == "<6>the service is being stopped, and every job with it\n"


def test_an_engine_that_does_not_take_it_is_not_beset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be turned away for good: then it comes back ever less often, and not as fast as it can."""
    pauses: list[float] = []

    async def run() -> None:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(str(tmp_path / "sock"))
        listener.listen()
        loop = asyncio.get_running_loop()
        loop.add_reader(listener, lambda: listener.accept()[0].close())
        enough = asyncio.Event()

        async def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 8:
                enough.set()
                await asyncio.Event().wait()

        monkeypatch.setattr(asyncio, "sleep", pause)
        connection = Engine(
            tmp_path / "sock",
            reloaded=lambda _: None,
            end_streams=lambda *_: 0,
            connected=lambda: None,
            received=lambda _: None,
        )
        opening = asyncio.create_task(connection.open())
        async with asyncio.timeout(DEADLINE):
            await enough.wait()
        opening.cancel()
        await connection.close()
        loop.remove_reader(listener)
        listener.close()

    asyncio.run(run())
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


def test_a_defect_while_it_reloads_costs_a_connection(tmp_path: Path, ca: Pair) -> None:
    """And not every request from then on: of the notice, and of the answer to the next connection's first request."""
    frontend = Frontend(tmp_path, ca)
    frontend.peer.start()
    defects = [KeyError, OverflowError]

    def reloaded(_setup: wire.Setup) -> None:
        if defects:
            raise defects.pop()

    async def run() -> None:
        engine = Engine(
            frontend.peer.path,
            reloaded=reloaded,
            end_streams=lambda *_: 0,
            connected=lambda: None,
            received=lambda _: None,
        )
        await engine.open()
        await asyncio.to_thread(frontend.peer.notify, frontend.setup)
        async with asyncio.timeout(DEADLINE):
            while defects:
                await asyncio.to_thread(frontend.peer.connected.get, timeout=DEADLINE)
            asked = wire.ListJobs(Identity("alice", Role.USER, "a1"), "", False, False, "")
            reply = await engine.request(asked, wire.JobsReply)
        assert reply.jobs == ()
        await engine.close()

    asyncio.run(run())
    frontend.close()
