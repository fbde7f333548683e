"""How many follow a job's output is told to the engine: at every change, and once for a storm of them."""

from __future__ import annotations

import os
import signal

from tasker import wire
from tests.collector.conftest import Engine
from tests.support.daemon import Daemon
from tests.support.waiting import suspend


def told(engine: Engine) -> wire.FollowerCount:
    """The next notice of it."""
    while True:
        message = engine.receive()[0].message
        if isinstance(message, wire.FollowerCount):
            return message


def test_every_attach_and_every_end_is_reported(engine: Engine) -> None:
    job = engine.run("sleep", "60")
    wakes = []
    for count in (1, 2):
        engine.send(9, wire.Follow(job))
        datagram, descriptors = engine.receive()
        assert datagram.number == -9
        wakes.append(descriptors[1])
        os.close(descriptors[0])
        assert told(engine) == wire.FollowerCount(job, count)
    for count in (1, 0):
        os.close(wakes.pop())
        assert told(engine) == wire.FollowerCount(job, count)
    leader = engine.leader(job)
    assert leader is not None
    assert leader.followers == 0


def test_many_that_go_at_once_are_told_in_a_few_words(collector: Daemon, engine: Engine) -> None:
    """A frontend that dies takes all of its streams with it."""
    job = engine.run("sleep", "60")
    wakes = []
    for _ in range(200):
        reader, wake = engine.follow(job)
        reader.free()
        wakes.append(wake)
    while told(engine).count < 200:
        pass
    suspend(collector.pid)  # so that all of them are gone when it looks
    for wake in wakes:
        os.close(wake)
    collector.send_signal(signal.SIGCONT)
    notices = 1
    while told(engine).count:
        notices += 1
    assert notices < 20
