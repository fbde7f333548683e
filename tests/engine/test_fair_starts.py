"""Starts of several owners through the engine: whose turn it is, how fast they may come, and which are dropped."""

from __future__ import annotations

from collections import Counter

import pytest

from tasker import wire
from tasker.engine.turns import MOST_SLOTS
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity
from tasker.job import JobSpec
from tests.engine.test_audit import heard
from tests.support.daemon import Peer
from tests.support.stack import ALICE, BOB, ROOT, Stack, stack
from tests.support.waiting import until


def send(peer: Peer, caller: Identity, count: int, argument: str = "60", first: int = 1) -> None:
    for number in range(first, first + count):
        peer.send(number, wire.StartJob(caller, JobSpec(("sleep", argument))))


def asked(tasker: Stack) -> Counter[str]:
    """How many scopes systemd was asked for, by owner."""
    return Counter(call["properties"]["Description"].split(":")[0] for call in tasker.systemd.calls)


def until_asked(tasker: Stack, **count: int) -> None:
    """Wait until systemd was asked for so many by each owner, and see that no more follow: an answer of the engine to
    a later start would be behind them."""
    until(lambda: asked(tasker), lambda now: now == Counter(count), f"{count}")
    tasker.list()
    assert asked(tasker) == Counter(count)


def test_an_owner_alone_may_have_every_slot(tasker: Stack) -> None:
    tasker.systemd.do("always", hold="call")
    with tasker.connect() as peer:
        send(peer, ALICE, 40)
        until_asked(tasker, alice=16)
        tasker.systemd.do("release")
        until_asked(tasker, alice=32)
        tasker.systemd.do("always")
        tasker.systemd.do("release")
        assert all(isinstance(peer.receive()[0].message, wire.JobReply) for _ in range(40))


def test_another_owners_starts_do_not_queue_behind_them(tasker: Stack) -> None:
    tasker.systemd.do("always", hold="call")
    with tasker.connect() as alice, tasker.connect() as bob:
        send(alice, ALICE, 60)
        until_asked(tasker, alice=16)
        send(bob, BOB, MOST_SLOTS + 1)
        tasker.systemd.do("release")
        until_asked(tasker, alice=16 + MOST_SLOTS, bob=MOST_SLOTS)
        tasker.systemd.do("release")
        until_asked(tasker, alice=16 + 2 * MOST_SLOTS, bob=MOST_SLOTS + 1)
        tasker.systemd.do("always")
        tasker.systemd.do("release")
        assert all(isinstance(bob.receive()[0].message, wire.JobReply) for _ in range(MOST_SLOTS + 1))


def test_a_start_that_is_refused_gives_its_slot_back(tasker: Stack) -> None:
    for user in ("nobody-here", "", "") * 7:
        with pytest.raises(TaskerError):
            tasker.start_job("/no/such/command" if not user else "true", caller=ALICE, user=user)
    tasker.systemd.do("always", hold="call")
    with tasker.connect() as peer:
        send(peer, ALICE, 20)
        until_asked(tasker, alice=14 + 16)
        tasker.systemd.do("release")


@pytest.mark.parametrize("end", ["abandoned", "closed"])
def test_a_start_whose_caller_is_gone_before_the_launch_is_dropped(tasker: Stack, end: str) -> None:
    tasker.systemd.do("always", hold="call")
    with tasker.connect() as alice, tasker.connect() as gone:
        send(alice, ALICE, 16)
        until_asked(tasker, alice=16)
        send(gone, BOB, 1, "4711")
        gone.ask(wire.GetInfo(BOB)) if end == "abandoned" else gone.send(2, wire.GetInfo(BOB))
        if end == "abandoned":
            gone.send(1, wire.Abandoned())
        else:
            gone.receive()  # so the start was received
            gone.__exit__()
        line = heard(tasker, "refuse")
        assert line["MESSAGE"] == "bob: cannot start sleep 4711: its caller disconnected before the launch"
        assert (line["TASKER_ACTOR"], line["TASKER_REFUSED"]) == ("bob", "start")
        tasker.systemd.do("always")
        tasker.systemd.do("release")
        for _ in range(16):
            assert isinstance(alice.receive()[0].message, wire.JobReply)
        assert asked(tasker) == Counter(alice=16)
        assert tasker.list(owner="bob") == []
        assert tasker.start_job("true", caller=BOB).owner == "bob"


def test_starts_that_come_too_fast_are_refused_with_a_time() -> None:
    config = '[server]\ncontact = "Carol"\n[owner]\nstarts = "3, 0.01/s"\n[owners.bob]\nstarts = "none"\n'
    with stack(config) as tasker:
        for _ in range(3):
            tasker.start_job("true", caller=ALICE)
        for least, most in ((30.0, 100.0), (100.0, 130.0)):  # each refused start is told another time
            with pytest.raises(TaskerError) as caught:
                tasker.start_job("true", caller=ALICE)
            error = caught.value
            assert error.reason is Reason.EXHAUSTED
            assert "cannot start a job: alice may start 3 at once and 0.01 a second ([owner] starts)" in error.message
            assert error.message.endswith("or ask Carol")
            assert error.retry_after is not None
            assert least < error.retry_after <= most
        for _ in range(10):
            tasker.start_job("true", caller=BOB)
        assert tasker.start_job("true", caller=ROOT)
        told = tasker.ask(wire.GetInfo(ALICE))
        assert isinstance(told, wire.InfoReply)
        assert (told.info.starts_burst, told.info.starts_rate) == (3, 0.01)
        free = tasker.ask(wire.GetInfo(BOB))
        assert isinstance(free, wire.InfoReply)
        assert (free.info.starts_burst, free.info.starts_rate) == (None, None)
        tasker.configure('[server]\n[owner]\nstarts = "4, 0.01/s"\n')
        tasker.engine.send_signal(1)
        tasker.engine.until_logged("reloaded")
        assert tasker.start_job("true", caller=ALICE)
