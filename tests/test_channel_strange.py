"""A connection to a peer that reads nothing, sends what is no message, or says too much or too late."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Sequence

import pytest

from tasker import wire
from tasker.channel import MOST_QUEUED, Channel, Reply
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity, Role
from tests.support.channels import DONE, HUGE, Side, answer_done, descriptors, sockets, with_raw, with_two
from tests.support.waiting import DEADLINE


def test_a_peer_that_reads_nothing_is_taken_for_dead() -> None:
    async def test(side: Side, raw: socket.socket) -> None:
        waiting = asyncio.create_task(side.refused())
        await asyncio.sleep(0)
        sent = 0
        while not side.channel.closed.done():
            side.channel.notify(wire.StreamCount(sent))
            sent += 1
        assert sent > MOST_QUEUED
        assert (await waiting).reason is Reason.UNAVAILABLE

    with_raw(test)


def test_a_slow_peer_gets_everything_in_order() -> None:
    async def test(side: Side, raw: socket.socket) -> None:
        for number in range(MOST_QUEUED):
            side.channel.notify(wire.StreamCount(number))
        raw.setblocking(False)
        loop = asyncio.get_running_loop()
        for number in range(MOST_QUEUED):
            assert wire.decode(await loop.sock_recv(raw, wire.LARGEST_DATAGRAM)).message == wire.StreamCount(number)
        assert not side.channel.closed.done()

    with_raw(test)


def test_what_waits_to_be_sent_is_closed_with_the_connection() -> None:
    async def serve(_channel: Channel, message: wire.Message) -> Reply:
        if message == wire.StreamCount(100):
            last.set()
        return DONE, os.pipe()

    async def test(_asking: Side, _serving: Side) -> None:
        before = descriptors()
        one, raw = sockets()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # a few replies fit, the others wait
        side = Side(one, serve)
        for number in range(1, 101):
            raw.send(wire.encode(number, wire.StreamCount(number)))
        await asyncio.wait_for(last.wait(), DEADLINE)
        assert descriptors() > before + 100
        side.channel.close()
        raw.close()
        assert descriptors() == before

    last = asyncio.Event()
    with_two(test)


@pytest.mark.parametrize(
    "data",
    [
        *(b'["FollowerCount",0,{"job":"k","count":-1}]', b'["Signal",1,{"job":"k","signal":65}]'),
        *(b"{}", b'["RunEnding",1,{"x":1}]', b'["Unknown",1,{}]', b"\0" * 1000, b'["Done",1e999,{}]'),
        wire.encode(1, wire.Forget("")).replace(b'""', b'"%s"' % (b"x" * wire.LARGEST_DATAGRAM)),
    ],
    ids=["count", "signal", "object", "field", "unknown", "zeros", "number", "oversized"],
)
def test_what_is_no_message_ends_the_connection(data: bytes) -> None:
    async def test(side: Side, raw: socket.socket) -> None:
        waiting = asyncio.create_task(side.refused())
        await asyncio.sleep(0)
        socket.send_fds(raw, [data], [0, 1])
        await side.ended()
        assert (await waiting).reason is Reason.UNAVAILABLE

    with_raw(test)


def test_too_many_descriptors_end_the_connection() -> None:
    async def test(side: Side, raw: socket.socket) -> None:
        socket.send_fds(raw, [wire.encode(1, DONE)], [0, 1, 2, 0, 1, 2])
        await side.ended()

    with_raw(test)


@pytest.mark.parametrize("number", [0, 1, -77], ids=["notice", "request", "reply to nothing"])
def test_descriptors_that_nobody_asked_for_are_closed(number: int) -> None:
    async def test(side: Side, raw: socket.socket) -> None:
        before = descriptors()
        socket.send_fds(raw, [wire.encode(number, DONE)], [0, 1])
        raw.send(wire.encode(2, DONE))
        raw.setblocking(False)
        loop = asyncio.get_running_loop()
        while wire.decode(await loop.sock_recv(raw, 1 << 17)).number != -2:
            pass
        assert descriptors() == before

    with_raw(test)


def test_a_second_reply_to_one_request_is_dropped() -> None:
    async def test(side: Side, raw: socket.socket) -> None:
        waiting = asyncio.create_task(side.ask())
        await asyncio.sleep(0)
        for count in (1, 2):
            socket.send_fds(raw, [wire.encode(-1, wire.StreamCount(count))], [0])
        assert await waiting == wire.StreamCount(1)

    with_raw(test)


# ── too long, too late ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_message_that_is_too_long_costs_its_request_only() -> None:
    async def serve(_channel: Channel, message: wire.Message) -> Reply:
        if isinstance(message, wire.Follow):
            return wire.StoreRecord("k", HUGE), os.pipe()
        if isinstance(message, wire.Forget):
            raise TaskerError(Reason.REFUSED, HUGE)
        return DONE, ()

    async def test(asking: Side, _serving: Side) -> None:
        for message in (
            wire.StoreRecord("k", HUGE),
            wire.Follow("k"),
            wire.Forget("k"),
            wire.StoreRecord("k", "\ud800"),
        ):
            error = await asking.refused(message)
            assert error.reason is Reason.INVALID
            assert error.message.startswith("cannot send the message")
        assert await asking.ask() == DONE

    with_two(test, serve)


def test_a_notice_that_cannot_be_sent_costs_the_connection_and_never_whoever_has_it() -> None:
    """The peer would go on without it; over a new connection it is told everything anew."""

    async def test(asking: Side, serving: Side) -> None:
        for message in (wire.StoreRecord("k", HUGE), wire.FollowerCount("k", -1)):
            asking.channel.notify(message)
            await serving.ended()

    with_two(test)


def test_a_defect_while_a_notice_is_taken_costs_the_connection() -> None:
    async def test(asking: Side, _serving: Side) -> None:
        one, raw = sockets()
        taken: list[wire.Message] = []
        channel = Channel(one, serve=answer_done, notice=lambda _, message: taken.remove(message))
        raw.send(wire.encode(0, DONE))
        await asyncio.wait_for(asyncio.shield(channel.closed), 20)
        raw.close()

    with_two(test)


# ── deadlines ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_peer_that_misses_the_deadline_loses_the_connection() -> None:
    async def test(_asking: Side, _serving: Side) -> None:
        one, raw = sockets()
        channel = Channel(one, serve=answer_done, notice=lambda _, __: None, deadline=0.05)
        asked = [asyncio.create_task(channel.request(m)) for m in (wire.Release("k"), wire.Finish("k"))]
        await asyncio.wait_for(asyncio.shield(channel.closed), 20)
        errors = [await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 20) for task in asked]
        assert [error.reason for (error,) in errors if isinstance(error, TaskerError)] == [Reason.UNAVAILABLE] * 2
        assert "no answer to Finish within 0.05 s" in str(errors[1][0])
        raw.close()

    with_two(test)


def test_the_deadline_does_not_hold_for_what_waits_for_a_process() -> None:
    async def test(_asking: Side, _serving: Side) -> None:
        one, raw = sockets()
        raw.setblocking(False)
        channel = Channel(one, serve=answer_done, notice=lambda _, __: None, deadline=0.0)
        launching = asyncio.create_task(channel.request(wire.Release("k")))
        await asyncio.get_running_loop().sock_recv(raw, wire.LARGEST_DATAGRAM)
        for _ in range(10):  # of these turns of the loop, the first would end any other request
            await asyncio.sleep(0)
        raw.send(wire.encode(-1, wire.Released(0, "")))
        assert await launching == wire.Released(0, "")
        channel.close()
        raw.close()

    with_two(test)


def test_the_longest_message_passes() -> None:
    async def test(asking: Side, serving: Side) -> None:
        room = wire.LARGEST_DATAGRAM - len(wire.encode(0, wire.StoreRecord("k", "")))
        asking.channel.notify(wire.StoreRecord("k", "x" * room))
        assert await asyncio.wait_for(serving.notices.get(), DEADLINE) == wire.StoreRecord("k", "x" * room)

    with_two(test)


@pytest.mark.parametrize("cancel_first", [True, False])
def test_a_cancelled_request_leaves_no_descriptor(cancel_first: bool) -> None:
    """Also where the reply and the reason to give up come in the same turn of the loop, in either order."""

    async def test(side: Side, raw: socket.socket) -> None:
        before = descriptors()
        waiting = asyncio.create_task(side.channel.request_with_descriptors(wire.Follow("k")))
        await asyncio.sleep(0)
        wake, waker = os.pipe()
        loop = asyncio.get_running_loop()
        given_up = asyncio.Event()

        def give_up() -> None:
            loop.remove_reader(wake)
            waiting.cancel()
            given_up.set()

        loop.add_reader(wake, give_up)
        steps: Sequence[Callable[[], object]] = (
            lambda: socket.send_fds(raw, [wire.encode(-1, DONE)], [0, 1]),
            lambda: os.write(waker, b"x"),
        )
        for step in reversed(steps) if cancel_first else steps:
            step()
        await given_up.wait()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        os.close(wake)
        os.close(waker)
        raw.send(wire.encode(0, DONE))
        await asyncio.wait_for(side.notices.get(), DEADLINE)
        assert descriptors() == before

    with_raw(test)


def test_what_is_abandoned_is_no_longer_served() -> None:
    began, cancelled = asyncio.Event(), asyncio.Event()

    async def serve(_channel: Channel, _message: wire.Message) -> Reply:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        raise AssertionError

    async def test(asking: Side, serving: Side) -> None:
        waiting = asyncio.ensure_future(asking.ask(wire.WaitJob(Identity("alice", Role.USER, "a1"), "k3v9x2mq", False)))
        await asyncio.wait_for(began.wait(), DEADLINE)
        waiting.cancel()
        await asyncio.wait_for(cancelled.wait(), DEADLINE)
        assert not serving.channel._tasks
        assert not serving.channel._abandonable

    with_two(test, serve)


def test_only_waiting_is_abandoned() -> None:
    """What was begun is carried to its end, and a collector knows no such message."""

    async def test(asking: Side, raw: socket.socket) -> None:
        for message in (wire.ListLeaders(0), wire.StopJob(Identity("alice", Role.USER, "a1"), "k3v9x2mq", None)):
            waiting = asyncio.ensure_future(asking.channel.request(message))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
            assert wire.decode(raw.recv(wire.LARGEST_DATAGRAM)).message == message
        asking.channel.notify(DONE)
        assert wire.decode(raw.recv(wire.LARGEST_DATAGRAM)).number == 0

    with_raw(test)
