"""What the engine tells frontends that asked: every change of a job, once, however slowly they read."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator

import pytest

from tasker import wire
from tasker.channel import Channel, Reply
from tasker.engine.entry import Entry
from tasker.engine.jobtable import JobTable
from tasker.engine.watchers import Watchers
from tasker.errors import TaskerError
from tasker.lifecycle import State
from tests.engine.jobs import a_job
from tests.support.daemon import Peer
from tests.support.stack import ALICE, BOB, ROOT, Stack
from tests.support.waiting import until_equal

QUIET = wire.Watch(changes=False, usage=False)


@pytest.fixture
def frontend(tasker: Stack) -> Iterator[Peer]:
    with tasker.connect() as peer:
        assert peer.ask(wire.Watch(changes=True, usage=False)) == wire.Done()
        yield peer


def until_state(frontend: Peer, state: State) -> list[wire.Changed]:
    """All that is told of jobs, up to one that is in `state`."""
    told: list[wire.Changed] = []
    while not told or told[-1].job.state is not state:
        message = frontend.receive()[0].message
        assert isinstance(message, wire.Changed)
        told.append(message)
    return told


def test_the_life_of_a_job_is_reported_and_values_of_its_environment_are_not(tasker: Stack, frontend: Peer) -> None:
    job = tasker.start_job("true", caller=ALICE, environment={"SECRET": "x"})
    told = [message.job for message in until_state(frontend, State.ENDED)]
    assert {j.id for j in told} == {job.id}
    assert {j.spec.environment["SECRET"] for j in told} == {""}
    assert [j.revision for j in told] == sorted({j.revision for j in told})
    assert told[-1].revision == tasker.get(job, BOB).revision
    assert told[-1].outcome is not None


def test_a_start_that_is_refused_is_forgotten(tasker: Stack, frontend: Peer) -> None:
    with pytest.raises(TaskerError):
        tasker.start_job("/no/such/program", caller=ALICE)
    told: set[str] = set()
    while not isinstance(message := frontend.receive()[0].message, wire.Forgotten):
        assert isinstance(message, wire.Changed)
        assert message.job.state is State.STARTING
        told.add(message.job.id)
    assert told == {message.job}


def test_a_job_that_makes_room_is_forgotten(tasker: Stack) -> None:
    tasker.configure('[server]\n[owner]\nrunning = 1000\nstarts = "none"\n[retention]\nended = 1\narchived = 0\n')
    tasker.engine.restart()
    first = tasker.start_job("true")
    tasker.wait(first)
    with tasker.connect() as frontend:
        frontend.ask(wire.Watch(changes=True, usage=False))
        tasker.wait(tasker.start_job("true"))
        while frontend.receive()[0].message != wire.Forgotten(first.id):
            pass


def test_who_asks_no_more_is_told_no_more(tasker: Stack, frontend: Peer) -> None:
    frontend.ask(QUIET)
    tasker.wait(tasker.start_job("true"))
    frontend.send(7, wire.GetJob(ALICE, "nothing"))
    assert frontend.receive()[0].number == -7


def test_one_that_reads_nothing_is_told_the_newest_when_it_does() -> None:
    """More changes than a connection may leave unread, and it stays open."""

    async def run() -> dict[str, int]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        table = JobTable()
        channel = Channel(ours, serve=_nothing, notice=lambda *_: None)
        Watchers(table).watch(channel, wire.Watch(changes=True, usage=False))
        entries = [Entry(a_job(f"job{n}")) for n in range(500)]
        for entry in entries:
            table.add(entry)
        for _ in range(20):
            for entry in entries:
                entry.change(pid=entry.job.pid + 1)
            await asyncio.sleep(0)
        told: dict[str, int] = {}
        theirs.setblocking(False)
        while len(told) < 500 or set(told.values()) != {20}:
            message = wire.decode(await asyncio.get_running_loop().sock_recv(theirs, wire.LARGEST_DATAGRAM)).message
            assert isinstance(message, wire.Changed)
            assert message.job.pid >= told.get(message.job.id, 0)
            told[message.job.id] = message.job.pid
        assert channel.has_room
        assert not channel.closed.done()
        channel.close()
        theirs.close()
        return told

    assert len(asyncio.run(run())) == 500


async def _nothing(_channel: Channel, _message: wire.Message) -> Reply:
    raise AssertionError


def test_use_is_sampled_while_somebody_looks(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60")
    ended = tasker.start_job("true")
    tasker.wait(ended)
    tasker.systemd.do("write", unit=job.unit, file="memory.current", text="4096\n")
    with tasker.connect() as frontend:
        frontend.ask(wire.Watch(changes=False, usage=True))
        first, second = (frontend.receive()[0].message for _ in range(2))
        frontend.ask(QUIET)
    assert isinstance(first, wire.Used)
    assert isinstance(second, wire.Used)
    assert [(u.job, u.usage.memory) for u in second.usages] == [(job.id, 4096)]
    assert second.usages[0].usage.time - first.usages[0].usage.time >= 0.9
    assert second.usages[0].usage.cpu_rate is not None


def test_three_hundred_jobs_are_sampled_in_datagrams(tasker: Stack) -> None:
    tasker.configure('[server]\n[owner]\nrunning = 1000\nstarts = "none"\n')
    tasker.engine.restart()
    jobs = {tasker.start_job("sleep", "60").id for _ in range(120)}
    with tasker.connect() as frontend:
        frontend.ask(wire.Watch(changes=False, usage=True))
        told: set[str] = set()
        while told != jobs:
            message = frontend.receive()[0].message
            assert isinstance(message, wire.Used)
            assert len(message.usages) <= 50
            told |= {used.job for used in message.usages}


def test_one_that_is_gone_is_no_burden_to_another(tasker: Stack, frontend: Peer) -> None:
    with tasker.connect() as gone:
        gone.ask(wire.Watch(changes=True, usage=True))
    tasker.start_job("true")
    assert until_state(frontend, State.ENDED)


def test_followers_are_counted_and_told_and_outlive_the_engine(tasker: Stack, frontend: Peer) -> None:
    job = tasker.start_job("sleep", "60")
    descriptors = []
    with tasker.connect() as peer:
        for count in (1, 2):
            descriptors += peer.ask_with_descriptors(wire.AttachJob(ROOT, job.id))[1]
            _until_followers(frontend, count)
        tasker.engine.restart(signal.SIGKILL)
    assert tasker.get(job).followers == 2
    for descriptor in descriptors:
        os.close(descriptor)
    until_equal(lambda: tasker.get(job).followers, 0)


def _until_followers(frontend: Peer, count: int) -> None:
    while True:
        message = frontend.receive()[0].message
        assert isinstance(message, wire.Changed)
        if message.job.followers == count:
            return
