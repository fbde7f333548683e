"""The attach loop on events made by hand: order, ticks, notices, interrupts; and that it always lets go."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from tasker.cli.live.follow import Follow
from tasker.cli.live.loop import BACKLOG, Live
from tasker.cli.live.signals import handling
from tasker.client import Chunk, Detached, DetachReason
from tasker.errors import Reason, TaskerError
from tests.cli.by_hand import WHOLE, Recorder, Stream, interrupt


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
    stream, output = Stream(WHOLE[0], open_end=True), Recorder(until_tick=0.001)
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
    stream, output = Stream(WHOLE[0], open_end=True), Recorder(until_tick=0.001)
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
