"""News of the job beside its output, by hand: its own alone, and never the reason why an attach ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tasker.cli.live.follow import Follow
from tasker.cli.live.loop import Live
from tasker.client.watching import Changed, Snapshot, Used, Watching
from tasker.client.watching import News as EachNews
from tasker.errors import Reason, TaskerError
from tasker.lifecycle import State
from tasker.usage import JobUsage, Usage
from tests.cli.by_hand import WHOLE, Recorder, Stream
from tests.cli.jobs import RUNNING
from tests.support.waiting import DEADLINE


class Watch(Watching):
    """A watch whose news a test makes up; after them it breaks with an error, if one is given."""

    def __init__(self, *status: EachNews, error: TaskerError | None = None) -> None:  # no call under it
        self._status = iter(status)
        self._error = error
        self.gone = threading.Event()

    def __next__(self) -> EachNews:
        for status in self._status:
            return status
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
    stream, output = Stream(WHOLE[0], open_end=True), Recorder(wants_status=True)
    output.on_told = lambda what: stream.cancel() if what == stopping else None
    Follow(stream, output, lambda _job: watch).run()
    assert output.told == [WHOLE[0], RUNNING, USED, stopping, "close"]
    assert watch.gone.is_set()


@pytest.mark.parametrize("reason", [Reason.REFUSED, Reason.DENIED, Reason.INTERNAL])
def test_a_server_without_news_changes_nothing(reason: Reason) -> None:
    watch = Watch(error=TaskerError(reason, "cannot do that: the server is older than this client"))
    output = Recorder(wants_status=True)
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
