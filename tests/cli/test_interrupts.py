"""Ctrl-C and the like in run, by hand: it asks, stops, kills, leaves; and what came before there was a job."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import pytest

from tasker.cli.live.follow import Follow
from tasker.cli.live.signals import Interrupts, Left
from tasker.client import Chunk
from tasker.errors import Reason, TaskerError
from tasker.lifecycle import State
from tests.cli.by_hand import Recorder, Stream, interrupt
from tests.support.waiting import DEADLINE

FIRST = Chunk(0, b"ab")


class Stops:
    """Writes down what is asked of the service."""

    def __init__(self, error: TaskerError | None = None) -> None:
        self.asked: list[tuple[str, float | None]] = []
        self.error = error
        self.came = threading.Semaphore(0)

    def __call__(self, job: str, grace: float | None) -> None:
        self.asked.append((job, grace))
        self.came.release()
        if self.error:
            raise self.error


class Run:
    """`run`, with a stream that stays open until it is left, and Ctrl-C typed by the test as it sees things shown."""

    def __init__(self, *, asks: bool = False, error: TaskerError | None = None) -> None:
        self.stops = Stops(error)
        self.stream = Stream(FIRST, open_end=True)
        self.output = Recorder(asks=asks)
        self.interrupts = Interrupts(self.stops, self.output)
        self.follow = Follow(self.stream, self.output)

    def run(self, react: Callable[[object], None]) -> list[object]:
        """What was shown, once it has been left. `react` sees each thing as it is shown."""
        self.output.on_told = react
        with self.interrupts.installed():
            self.interrupts.started("k3", self.follow)
            self.follow.run()
        return self.output.told


STOPPING, KILLING = "stopping k3; Ctrl-C kills it at once", "killing k3; Ctrl-C leaves it"


def test_ctrl_c_stops_then_kills_then_leaves() -> None:
    run = Run()
    numbers = {FIRST: signal.SIGINT, STOPPING: signal.SIGTERM, KILLING: signal.SIGINT}
    with pytest.raises(KeyboardInterrupt):
        run.run(lambda what: interrupt(numbers[what]) if what in numbers else None)
    assert run.stops.came.acquire(timeout=DEADLINE)
    assert run.stops.came.acquire(timeout=DEADLINE)
    assert sorted(run.stops.asked, key=str) == [("k3", 0.0), ("k3", None)]
    assert ("Ctrl-C kills it at once", State.STOPPING) in run.output.told


@pytest.mark.parametrize("key", ["s", "S"])
def test_ctrl_c_asks_and_s_stops(key: str) -> None:
    run = Run(asks=True)

    def react(what: object) -> None:
        if what == FIRST:
            interrupt()
        elif what == "ask":
            run.output.pressed("x")
            run.output.pressed(key)
        elif what == STOPPING:
            run.stream.cancel()

    shown = run.run(react)
    assert shown[shown.index("ask") : -1] == ["ask", ("Ctrl-C kills it at once", State.STOPPING), "unask", STOPPING]
    assert run.stops.came.acquire(timeout=DEADLINE)
    assert run.stops.asked == [("k3", None)]


def test_ctrl_c_asks_and_g_goes_on_and_it_asks_again() -> None:
    run = Run(asks=True)
    keys = iter("gd")

    def react(what: object) -> None:
        if what in (FIRST, "unask"):
            interrupt()
        elif what == "ask":
            run.output.pressed(next(keys))

    with pytest.raises(Left):
        run.run(react)
    assert run.output.told[-4:] == ["ask", "unask", "ask", "close"]
    assert run.stops.asked == []


def test_a_second_ctrl_c_while_it_asks_stops() -> None:
    run = Run(asks=True)

    def react(what: object) -> None:
        if what in (FIRST, "ask"):
            interrupt()
        elif what == STOPPING:
            run.output.pressed("d")  # too late: it is no answer any more
            run.follow.do(run.stream.cancel)

    run.run(react)
    assert run.stops.came.acquire(timeout=DEADLINE)
    assert run.stops.asked == [("k3", None)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_stop_without_asking(number: signal.Signals) -> None:
    run = Run(asks=True)
    reactions: dict[object, Callable[[], None]] = {FIRST: lambda: interrupt(number), STOPPING: run.stream.cancel}
    shown = run.run(lambda what: reactions.get(what, lambda: None)())
    assert "ask" not in shown
    assert run.stops.came.acquire(timeout=DEADLINE)
    assert run.stops.asked == [("k3", None)]


def test_an_interrupt_during_the_start_is_kept() -> None:
    run = Run(asks=True)
    with run.interrupts.installed():
        interrupt()
        assert run.stops.asked == []
        run.interrupts.started("k3", run.follow)
        assert run.stops.came.acquire(timeout=DEADLINE)
    assert run.stops.asked == [("k3", None)]


def test_two_interrupts_during_the_start_leave() -> None:
    interrupts = Interrupts(Stops(), Recorder())
    with interrupts.installed():
        interrupt()
        with pytest.raises(KeyboardInterrupt):
            interrupt()


def test_a_stop_that_fails_is_reported() -> None:
    run = Run(error=TaskerError(Reason.UNAVAILABLE, "cannot reach it"))
    told = "cannot request the stop of job k3: cannot reach it; it may still run; to stop it: tasker stop k3"
    reactions: dict[object, Callable[[], None]] = {FIRST: interrupt, told: run.stream.cancel}
    shown = run.run(lambda what: reactions.get(what, lambda: None)())
    assert STOPPING in shown
    assert told in shown
    assert run.interrupts.unanswered


def test_a_stop_that_the_service_answers_with_a_no_is_told_in_its_words() -> None:
    refusal = TaskerError(Reason.REFUSED, "cannot stop job k3 in time")
    run = Run(error=refusal)
    reactions: dict[object, Callable[[], None]] = {FIRST: interrupt, refusal.message: run.stream.cancel}
    assert refusal.message in run.run(lambda what: reactions.get(what, lambda: None)())
    assert not run.interrupts.unanswered
