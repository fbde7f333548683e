"""The attach loop on events made by hand: order, ticks, notices, interrupts; and that it always lets go."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tasker.cli.follow import Follow, handling
from tasker.cli.interrupts import Interrupts, Left
from tasker.cli.live import BACKLOG, Live
from tasker.cli.output import Output
from tasker.client import Attached, Attachment, Chunk, Detached, DetachReason, Ended, Event, Lost
from tasker.client.watching import Changed, Snapshot, Used, Watching
from tasker.client.watching import News as EachNews
from tasker.errors import Reason, TaskerError
from tasker.job import Job
from tasker.lifecycle import State
from tasker.usage import JobUsage, Usage
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


class Recorder(Output):
    """An Output that writes down what it was told."""

    def __init__(self, patience: float | None = None, *, wants_news: bool = False, asks: bool = False) -> None:
        self.told: list[object] = []
        self.wants_news = wants_news
        self._asks = asks
        self.pressed: Callable[[str], None] = lambda _key: None
        self._patience = patience
        self.on_show: Callable[[], None] = lambda: None
        self.on_tick: Callable[[], None] = lambda: None
        self.on_told: Callable[[object], None] = lambda _what: None

    def _tell(self, what: object) -> None:
        self.told.append(what)
        self.on_told(what)

    def show(self, event: Event) -> None:
        self._tell(event)
        self.on_show()

    def news(self, news: Job | Usage) -> None:
        self._tell(news)

    def tick(self) -> None:
        self._tell("tick")
        self.on_tick()

    def suspend(self) -> None:
        self._tell("suspend")

    def notice(self, text: str) -> None:
        self._tell(text)

    def hint(self, text: str, asked: State | None = None) -> None:
        self._tell((text, asked))

    def asks(self) -> bool:
        return self._asks

    def ask(self, question: str, pressed: Callable[[str], None]) -> None:
        self.pressed = pressed
        self._tell("ask")

    def unask(self) -> None:
        self._tell("unask")

    def patience(self) -> float | None:
        return self._patience

    def close(self) -> None:
        self._tell("close")


WHOLE: list[Event] = [Attached(RUNNING, 0), Chunk(0, b"ab"), Lost(2, 9), Chunk(9, b"c"), Ended(ended(), 10)]


def test_events_are_shown_in_order() -> None:
    stream, output = Stream(*WHOLE), Recorder()
    watch = Follow(stream, output)
    assert watch.run() == WHOLE[-1]
    assert output.told == [*WHOLE, "close"]
    assert watch.job == "k3v9x2mq"
    assert stream.cancelled.is_set()


def test_an_error_is_raised_after_the_terminal_is_given_back() -> None:
    output = Recorder()
    stream = Stream(*WHOLE[:2], TaskerError(Reason.UNAVAILABLE, "cannot reach it"))
    with pytest.raises(TaskerError, match="cannot reach it"):
        Follow(stream, output).run()
    assert output.told == [*WHOLE[:2], "close"]


def test_a_stream_without_an_end_has_no_last_event() -> None:
    assert Follow(Stream(*WHOLE[:2]), Recorder()).run() is None
    left = Detached(DetachReason.REQUESTED, 2)
    assert Follow(Stream(*WHOLE[:2], left), Recorder()).run() == left


def test_ticks_come_while_nothing_else_does() -> None:
    stream, output = Stream(WHOLE[0], open_end=True), Recorder(patience=0.001)
    output.on_tick = lambda: stream.cancel() if output.told.count("tick") == 3 else None
    Follow(stream, output).run()
    assert output.told[:4] == [WHOLE[0], "tick", "tick", "tick"]
    assert set(output.told[4:-1]) <= {"tick"}
    assert output.told[-1] == "close"


def test_ctrl_c_leaves_and_gives_the_terminal_back() -> None:
    stream, output = Stream(WHOLE[0], open_end=True), Recorder()
    output.on_show = interrupt
    with pytest.raises(KeyboardInterrupt):
        Follow(stream, output).run()
    assert output.told[-1] == "close"
    assert stream.cancelled.is_set()


def test_leaving_waits_for_what_is_being_shown_and_the_second_time_for_nothing() -> None:
    stream, output = Stream(*WHOLE[:2], open_end=True), Recorder()
    follow = Follow(stream, output)
    shown: list[str] = []

    def react(what: object) -> None:
        if isinstance(what, Chunk):
            interrupt()
            shown.append("whole")

    output.on_told = react
    with handling({signal.SIGINT: follow.leave}):
        with pytest.raises(KeyboardInterrupt):
            follow.run()
        assert (shown, follow.offset) == (["whole"], 2)
        with pytest.raises(KeyboardInterrupt):
            interrupt()


def test_a_notice_from_a_thread_is_shown_between_events() -> None:
    stream, output = Stream(WHOLE[0], open_end=True), Recorder(patience=0.001)
    watch = Follow(stream, output)
    output.on_show = lambda: threading.Thread(target=watch.tell, args=("stopping it",)).start()
    output.on_tick = lambda: stream.cancel() if "stopping it" in output.told else None
    watch.run()
    assert [thing for thing in output.told if thing != "tick"] == [WHOLE[0], "stopping it", "close"]


@pytest.mark.parametrize("suspends", [True, False])
def test_ctrl_z_is_left_alone_where_there_is_no_terminal_to_leave_in_order(suspends: bool) -> None:
    """Whoever is blocked in a write to a pager would not see it in the queue, and hold up the shell."""
    output, handlers = Recorder(), []
    output.suspends = suspends
    output.on_show = lambda: handlers.append(signal.getsignal(signal.SIGTSTP))
    Follow(Stream(WHOLE[0]), output).run()
    assert (handlers == [signal.SIG_DFL]) != suspends


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


FIRST = Chunk(0, b"ab")


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


def test_a_stop_that_fails_is_told() -> None:
    run = Run(error=TaskerError(Reason.UNAVAILABLE, "cannot reach it"))
    reactions: dict[object, Callable[[], None]] = {FIRST: interrupt, "cannot reach it": run.stream.cancel}
    shown = run.run(lambda what: reactions.get(what, lambda: None)())
    assert STOPPING in shown
    assert "cannot reach it" in shown


class Watch(Watching):
    """A watch whose news a test makes up; after them it breaks with an error, if one is given."""

    def __init__(self, *news: EachNews, error: TaskerError | None = None) -> None:  # no call under it
        self._news = iter(news)
        self._error = error
        self.gone = threading.Event()

    def __next__(self) -> EachNews:
        for news in self._news:
            return news
        if self._error is not None:
            raise self._error
        assert self.gone.wait(DEADLINE)
        raise StopIteration

    def cancel(self) -> None:
        self.gone.set()


OTHER = replace(RUNNING, id="other")
USED = Usage(1001.0, memory=1 << 20)


def test_news_of_the_job_and_of_no_other_are_shown() -> None:
    stopping = replace(RUNNING, state=State.STOPPING)
    watch = Watch(
        Snapshot((OTHER, RUNNING), True, True),
        Changed(OTHER),
        Used((JobUsage("other", USED), JobUsage("k3v9x2mq", USED))),
        Changed(stopping),
    )
    stream, output = Stream(WHOLE[0], open_end=True), Recorder(wants_news=True)
    output.on_told = lambda what: stream.cancel() if what == stopping else None
    Follow(stream, output, lambda _job: watch).run()
    assert output.told == [WHOLE[0], RUNNING, USED, stopping, "close"]
    assert watch.gone.is_set()


@pytest.mark.parametrize("reason", [Reason.REFUSED, Reason.DENIED, Reason.INTERNAL])
def test_a_server_without_news_changes_nothing(reason: Reason) -> None:
    watch = Watch(error=TaskerError(reason, "cannot do that: the server is older than this client"))
    output = Recorder(wants_news=True)
    assert Follow(Stream(*WHOLE), output, lambda _job: watch).run() == WHOLE[-1]
    assert output.told == [*WHOLE, "close"]


def test_nobody_watches_for_an_output_that_shows_no_news() -> None:
    def watch(_job: str) -> Watching:
        raise AssertionError

    assert Follow(Stream(*WHOLE), Recorder(), watch).run() == WHOLE[-1]


def test_a_terminal_that_takes_nothing_holds_the_news_back() -> None:
    taken = []

    def endless() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    shown: list[int] = []
    events = threading.Event()
    live: Live[int] = Live(iter(events.wait, True), lambda: None)  # nothing comes until it is set

    def show(number: int) -> None:
        shown.append(number)
        if number == 99:
            events.set()

    live.beside(endless(), show)
    for _ in live:
        break
    assert shown == list(range(len(shown)))
    assert len(shown) >= 100
    assert len(taken) <= len(shown) + 1
    live.close()
