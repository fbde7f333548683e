"""The attach loop on events made by hand: order, ticks, notices, interrupts; and that it always lets go."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from tasker.cli.follow import Follow, handling
from tasker.cli.interrupts import Interrupts
from tasker.cli.live import BACKLOG, Live
from tasker.client import Attached, Attachment, Chunk, Detached, DetachReason, Ended, Event, Lost
from tasker.errors import Reason, TaskerError
from tasker.lifecycle import State
from tests.cli.jobs import RUNNING, ended

DEADLINE = 10.0


class Stream(Attachment):
    """An attachment whose events a test lets come."""

    def __init__(self, *events: Event | BaseException, open_end: bool = False) -> None:  # no call under it
        self._events = iter(events)
        self._open_end = open_end
        self.cancelled = threading.Event()

    def __next__(self) -> Event:
        for event in self._events:
            if isinstance(event, BaseException):
                raise event
            return event
        if self._open_end:
            assert self.cancelled.wait(DEADLINE)
        raise StopIteration

    def cancel(self) -> None:
        self.cancelled.set()


class Recorder:
    """An Output that writes down what it was told."""

    def __init__(self, live: bool, patience: float | None = None) -> None:
        self.live = live
        self.told: list[object] = []
        self._patience = patience
        self.on_show: Callable[[], None] = lambda: None
        self.on_tick: Callable[[], None] = lambda: None

    def show(self, event: Event) -> None:
        self.told.append(event)
        self.on_show()

    def tick(self) -> None:
        self.told.append("tick")
        self.on_tick()

    def suspend(self) -> None:
        self.told.append("suspend")

    def notice(self, text: str) -> None:
        self.told.append(text)

    def hint(self, text: str, state: State | None = None) -> None:
        self.told.append((text, state))

    def patience(self) -> float | None:
        return self._patience

    def close(self) -> None:
        self.told.append("close")


WHOLE: list[Event] = [Attached(RUNNING, 0), Chunk(0, b"ab"), Lost(2, 9), Chunk(9, b"c"), Ended(ended(), 10)]


@pytest.mark.parametrize("live", [False, True])
def test_events_are_shown_in_order(live: bool) -> None:
    stream, output = Stream(*WHOLE), Recorder(live)
    watch = Follow(stream, output)
    assert watch.run() == WHOLE[-1]
    assert output.told == [*WHOLE, "close"]
    assert watch.job == "k3v9x2mq"
    assert stream.cancelled.is_set()


@pytest.mark.parametrize("live", [False, True])
def test_an_error_is_raised_after_the_terminal_is_given_back(live: bool) -> None:
    output = Recorder(live)
    stream = Stream(*WHOLE[:2], TaskerError(Reason.UNAVAILABLE, "cannot reach it"))
    with pytest.raises(TaskerError, match="cannot reach it"):
        Follow(stream, output).run()
    assert output.told == [*WHOLE[:2], "close"]


def test_a_stream_without_an_end_has_no_last_event() -> None:
    assert Follow(Stream(*WHOLE[:2]), Recorder(False)).run() is None
    left = Detached(DetachReason.REQUESTED, 2)
    assert Follow(Stream(*WHOLE[:2], left), Recorder(True)).run() == left


def test_ticks_come_while_nothing_else_does() -> None:
    stream, output = Stream(WHOLE[0], open_end=True), Recorder(True, patience=0.001)
    output.on_tick = lambda: stream.cancel() if output.told.count("tick") == 3 else None
    Follow(stream, output).run()
    assert output.told == [WHOLE[0], "tick", "tick", "tick", "close"]


@pytest.mark.parametrize("live", [False, True])
def test_ctrl_c_leaves_and_gives_the_terminal_back(live: bool) -> None:
    stream, output = Stream(WHOLE[0], open_end=True), Recorder(live)
    output.on_show = interrupt
    with pytest.raises(KeyboardInterrupt):
        Follow(stream, output).run()
    assert output.told[-1] == "close"
    assert stream.cancelled.is_set()


def test_a_notice_from_a_thread_is_shown_between_events() -> None:
    stream, output = Stream(WHOLE[0], open_end=True), Recorder(True, patience=0.001)
    watch = Follow(stream, output)
    output.on_show = lambda: threading.Thread(target=watch.tell, args=("stopping it",)).start()
    output.on_tick = lambda: stream.cancel() if "stopping it" in output.told else None
    watch.run()
    assert [thing for thing in output.told if thing != "tick"] == [WHOLE[0], "stopping it", "close"]


def test_handlers_go_back_and_what_is_ignored_stays_ignored() -> None:
    before = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with handling(dict.fromkeys((signal.SIGTERM, signal.SIGHUP), lambda _number, _frame: None)):
            assert signal.getsignal(signal.SIGTERM) is not before
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is before
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def test_a_slow_reader_holds_the_stream_back() -> None:
    taken = []

    def endless() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    live = Live(endless(), lambda: None)
    got = []
    for number in live:
        got.append(number)
        assert len(taken) <= len(got) + BACKLOG + 2
        if len(got) == 100:
            break
    live.close()
    assert got == list(range(100))


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


def interrupt(number: signal.Signals = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


def test_ctrl_c_stops_then_kills_then_leaves() -> None:
    stops, output = Stops(), Recorder(False)
    interrupts = Interrupts(stops, output)
    with interrupts.installed():
        interrupts.started("k3", output.notice)
        interrupt()
        assert stops.came.acquire(timeout=DEADLINE)
        interrupt(signal.SIGTERM)
        assert stops.came.acquire(timeout=DEADLINE)
        with pytest.raises(KeyboardInterrupt):
            interrupt()
    assert stops.asked == [("k3", None), ("k3", 0.0)]
    assert ("Ctrl-C kills it at once", State.STOPPING) in output.told
    assert "stopping k3; Ctrl-C kills it at once" in output.told


def test_an_interrupt_during_the_start_is_kept() -> None:
    stops, output = Stops(), Recorder(False)
    interrupts = Interrupts(stops, output)
    with interrupts.installed():
        interrupt()
        assert stops.asked == []
        interrupts.started("k3", output.notice)
        assert stops.came.acquire(timeout=DEADLINE)
        assert stops.asked == [("k3", None)]


def test_two_interrupts_during_the_start_leave() -> None:
    interrupts = Interrupts(Stops(), Recorder(False))
    with interrupts.installed():
        interrupt()
        with pytest.raises(KeyboardInterrupt):
            interrupt()


def test_a_stop_that_fails_is_told() -> None:
    told: list[str] = []
    came = threading.Event()
    stops = Stops(TaskerError(Reason.UNAVAILABLE, "cannot reach it"))
    interrupts = Interrupts(stops, Recorder(False))

    def tell(text: str) -> None:
        told.append(text)
        if text == "cannot reach it":
            came.set()

    with interrupts.installed():
        interrupts.started("k3", tell)
        interrupt()
        assert came.wait(DEADLINE)
    assert told == ["stopping k3; Ctrl-C kills it at once", "cannot reach it"]
