"""One connection: every request gets one reply, whatever the other side does; no descriptor is left behind."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

from tasker import wire
from tasker.channel import Channel, Reply
from tasker.errors import Reason, TaskerError
from tests.support.channels import DONE, Side, answer_done, never, sockets, with_two
from tests.support.waiting import DEADLINE, limit

# ── what it is for ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_requests_are_answered_each_by_its_own_reply_in_any_order() -> None:
    async def serve(_channel: Channel, message: wire.Message) -> Reply:
        assert isinstance(message, wire.Signal)
        gate = gates[message.signal]
        gates[message.signal - 1].set()  # the last one is answered first
        await gate.wait()
        return wire.StreamCount(message.signal), ()

    async def test(asking: Side, _serving: Side) -> None:
        gates[50].set()
        replies = await asyncio.gather(*(asking.ask(wire.Signal("k", number)) for number in range(1, 51)))
        assert replies == [wire.StreamCount(number) for number in range(1, 51)]

    gates = [asyncio.Event() for _ in range(51)]
    with_two(test, serve)


def test_both_sides_ask_at_once() -> None:
    async def run() -> None:
        one, other = sockets()
        sides = Side(one, answer_done), Side(other, answer_done)
        replies = await asyncio.gather(*(side.ask() for side in sides * 20))
        assert replies == [DONE] * 40
        for side in sides:
            side.channel.close()

    with limit("the end of this conversation"):
        asyncio.run(run())


def test_notices_come_in_order_and_before_a_later_reply() -> None:
    async def test(asking: Side, serving: Side) -> None:
        for number in range(1000):
            asking.channel.notify(wire.StreamCount(number))
        await asking.ask()
        assert [serving.notices.get_nowait() for _ in range(1000)] == [wire.StreamCount(n) for n in range(1000)]

    with_two(test)


def test_descriptors_travel_with_a_reply() -> None:
    async def serve(_channel: Channel, _message: wire.Message) -> Reply:
        reading, writing = os.pipe()
        os.write(writing, b"through the pipe")
        os.close(writing)
        memory = os.memfd_create("memory")
        os.write(memory, b"in memory")
        return DONE, (reading, memory)

    async def test(asking: Side, _serving: Side) -> None:
        _, (reading, memory) = await asking.channel.request_with_descriptors(wire.Follow("k"))
        assert os.read(reading, 100) == b"through the pipe"
        assert os.pread(memory, 100, 0) == b"in memory"
        assert not os.get_inheritable(reading)
        assert not os.get_inheritable(memory)
        os.close(reading)
        os.close(memory)
        await asking.ask(wire.Follow("k"))  # one who expects none keeps none

    with_two(test, serve)


def test_refusals_are_carried() -> None:
    async def serve(_channel: Channel, _message: wire.Message) -> Reply:
        raise TaskerError(Reason.EXHAUSTED, "cannot: \udcff full")

    async def test(asking: Side, _serving: Side) -> None:
        error = await asking.refused()
        assert (error.reason, error.message) == (Reason.EXHAUSTED, "cannot: \udcff full")

    with_two(test, serve)


def test_a_defect_is_reported_by_a_number_and_not_by_its_text(caplog: pytest.LogCaptureFixture) -> None:
    async def serve(_channel: Channel, _message: wire.Message) -> Reply:
        raise KeyError("the secret")

    async def test(asking: Side, _serving: Side) -> None:
        error = await asking.refused()
        assert error.reason is Reason.INTERNAL
        assert "secret" not in error.message
        incident = error.message.split("incident ")[1].split()[0]
        assert incident in caplog.text
        assert "the secret" in caplog.text

    with_two(test, serve)


# ── the connection ends ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("which", ["asking", "serving"])
def test_the_end_answers_every_request_and_cancels_who_serves(which: str) -> None:
    cancelled: list[wire.Message] = []

    async def serve(_channel: Channel, message: wire.Message) -> Reply:
        try:
            all_here.release()
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            cancelled.append(message)
            raise
        return DONE, ()

    async def test(asking: Side, serving: Side) -> None:
        waiting = [asyncio.create_task(asking.refused(wire.StreamCount(number))) for number in range(5)]
        for _ in waiting:
            await all_here.acquire()
        (asking if which == "asking" else serving).channel.close()
        errors = await asyncio.gather(*waiting)
        assert [error.reason for error in errors] == [Reason.UNAVAILABLE] * 5
        await asking.ended()
        await serving.ended()
        await asyncio.gather(*(task for task in asyncio.all_tasks() if task is not asyncio.current_task()))
        assert sorted(cancelled, key=str) == [wire.StreamCount(number) for number in range(5)]
        assert (await asking.refused()).reason is Reason.UNAVAILABLE
        asking.channel.notify(DONE)  # nobody is there, nothing happens
        asking.channel.close()

    all_here = asyncio.Semaphore(0)
    with_two(test, serve)


def test_a_killed_process_is_an_end() -> None:
    one, other = sockets()
    code = "import sys; sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, pass_fds=[other.fileno()])
    other.close()

    async def run() -> None:
        side = Side(one, never)
        waiting = asyncio.create_task(side.refused())
        await asyncio.sleep(0)
        process.kill()
        assert (await waiting).reason is Reason.UNAVAILABLE
        await side.ended()

    with limit("the end of this conversation"):
        asyncio.run(run())
    process.communicate(timeout=DEADLINE)


def test_a_reply_without_receiver_is_dropped_with_its_descriptors() -> None:
    async def serve(channel: Channel, _message: wire.Message) -> Reply:
        descriptors = os.pipe()
        channel.close()
        return DONE, descriptors

    async def test(asking: Side, _serving: Side) -> None:
        assert (await asking.refused()).reason is Reason.UNAVAILABLE

    with_two(test, serve)
