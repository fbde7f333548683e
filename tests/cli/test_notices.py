"""What is told beside the output, and how often: nothing is lost silently, and nobody is flooded."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from tasker.cli.live.notices import Notices
from tasker.client import Attached, Chunk, Detached, DetachReason, Ended, Event, Exited, Interrupted, Lost, Resumed
from tasker.errors import Reason, TaskerError
from tasker.job import Clock as JobClock
from tasker.lifecycle import State
from tests.cli.jobs import RUNNING, ended

SOON, NOW = JobClock(lingers_until=1.2), JobClock(lingers_until=1.0)
ENDED = "exited with code 0 after 3.5s"
BROKE = TaskerError(Reason.UNAVAILABLE, "cannot reach it")


class Clock:
    """Stands until a test moves it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.notices = Notices(clock=lambda: self.now)

    def of(self, event: Event, after: float = 0.0) -> list[str]:
        self.now += after
        return [text.plain for text in self.notices.of(event)]

    def later(self, seconds: float) -> list[str]:
        self.now += seconds
        return [text.plain for text in self.notices.now()]


def test_the_first_loss_is_reported_at_once() -> None:
    clock = Clock()
    assert clock.of(Lost(0, 2048)) == ["lost 2K of output: bytes 0 to 2048 are no longer kept"]
    assert clock.notices.due() is None


def test_many_losses_are_folded_and_every_byte_of_them_is_reported() -> None:
    clock = Clock()
    told = [line for n in range(1000) for line in clock.of(Lost(n * 100, n * 100 + 50), after=0.01)]
    assert 9 <= len(told) <= 11
    assert re.fullmatch(r"lost \S+K of output in 10\d places so far; the last: bytes 10\d00 to 10\d50", told[1])
    assert clock.notices.due() is not None
    last = clock.of(Ended(ended(), 100_000))
    assert last[0] == "lost 48.8K of output in 1000 places so far; the last: bytes 99900 to 99950"
    assert "exited" in last[1]
    assert clock.notices.lost == 50_000


def test_a_loss_that_waits_is_reported_when_it_is_due_also_in_silence() -> None:
    clock = Clock()
    clock.of(Lost(0, 1))
    assert clock.of(Lost(5, 6), after=0.4) == []
    assert clock.notices.due() == 0.6
    assert clock.later(0.59) == []
    assert clock.later(0.02) == ["lost 2B of output in 2 places so far; the last: bytes 5 to 6"]
    assert clock.notices.due() is None
    assert clock.notices.rest() == []


def test_what_the_end_waits_for_is_reported_once_where_it_lasts() -> None:
    clock = Clock()
    lingering = replace(RUNNING, state=State.ENDING, left_behind=2, lingering=True)
    exited = Exited(replace(lingering, clock=replace(RUNNING.clock, lingers_until=5.0)), 0)
    assert clock.of(exited) == []
    assert clock.notices.due() == 1.0
    assert clock.later(0.9) == []
    assert clock.later(0.1) == ["the command has exited; 2 processes left behind have 4s more"]
    assert clock.notices.due() is None
    assert clock.of(Ended(ended(), 0)) == [f"k3v9x2mq {ENDED}"]
    assert clock.of(exited) == []
    assert clock.of(Ended(ended(), 0), after=0.5) == [f"k3v9x2mq {ENDED}"]
    assert clock.notices.due() is None


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"left_behind": 1, "lingering": True}, "1 process left behind may run without limit"),
        ({"left_behind": 1}, "1 process left behind is being stopped"),
        ({"left_behind": 3}, "3 processes left behind are being stopped"),
        ({"left_behind": 1, "lingering": True, "clock": SOON}, "1 process left behind has 1s more"),
        ({"left_behind": 1, "lingering": True, "clock": NOW}, "1 process left behind is being stopped"),
    ],
)
def test_what_becomes_of_processes_that_are_left(changes: dict[str, Any], text: str) -> None:
    clock = Clock()
    clock.of(Exited(replace(RUNNING, state=State.ENDING, **changes), 0))
    assert clock.later(1.0) == [f"the command has exited; {text}"]


def test_what_is_due_is_reported_with_the_next_output() -> None:
    clock = Clock()
    clock.of(Lost(0, 1))
    clock.of(Lost(5, 6))
    assert clock.of(Chunk(6, b"x"), after=2) == ["lost 2B of output in 2 places so far; the last: bytes 5 to 6"]


def test_a_short_break_of_the_connection_is_not_reported() -> None:
    clock = Clock()
    assert clock.of(Interrupted(7, BROKE)) == []
    assert clock.notices.trouble == "connection lost, reconnecting"
    assert clock.of(Resumed(RUNNING, 7, 0.9), after=0.9) == []
    assert clock.notices.trouble == ""
    assert clock.notices.due() is None


def test_a_break_that_lasts_is_reported_and_so_is_its_end() -> None:
    clock = Clock()
    clock.of(Interrupted(7, BROKE))
    assert clock.notices.due() == 1.0
    assert clock.later(1.0) == ["connection lost at byte 7; reconnecting"]
    assert clock.notices.due() is None
    assert clock.later(1.0) == []
    assert clock.of(Resumed(RUNNING, 7, 3.0)) == ["reconnected after 3.0s; resuming at byte 7"]
    assert clock.of(Interrupted(9, BROKE)) == []
    assert clock.later(1.0) == ["connection lost at byte 9; reconnecting"]


def test_a_break_before_the_first_answer() -> None:
    clock = Clock()
    clock.of(Interrupted(None, BROKE))
    assert clock.later(1.0) == ["connection lost before the first answer; reconnecting"]
    assert clock.of(Attached(RUNNING, 7)) == ["reconnected"]
    assert clock.notices.trouble == ""


def test_the_end_says_what_to_type() -> None:
    clock = Clock()
    clock.of(Attached(RUNNING, 0))
    assert clock.of(Detached(DetachReason.REQUESTED, 42)) == [
        "detached by `tasker detach`; the job keeps running: tasker attach --offset 42 k3v9x2mq"
    ]
