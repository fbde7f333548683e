"""An attachment and an output in a test's hands: events when it wants them, and what was shown."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

from tasker.cli.live.view import View
from tasker.client import Attached, Attachment, Chunk, Ended, Event, Lost
from tasker.job import Job
from tasker.lifecycle import State
from tasker.usage import Usage
from tests.cli.jobs import RUNNING, ended
from tests.support.waiting import DEADLINE


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


class Recorder(View):
    """An Output that writes down what it was told."""

    def __init__(self, until_tick: float | None = None, *, wants_status: bool = False, asks: bool = False) -> None:
        self.told: list[object] = []
        self.wants_status = wants_status
        self._asks = asks
        self.pressed: Callable[[str], None] = lambda _key: None
        self._until_tick = until_tick
        self.on_show: Callable[[], None] = lambda: None
        self.on_tick: Callable[[], None] = lambda: None
        self.on_told: Callable[[object], None] = lambda _what: None

    def _tell(self, what: object) -> None:
        self.told.append(what)
        self.on_told(what)

    def show(self, event: Event) -> None:
        self._tell(event)
        self.on_show()

    def status(self, status: Job | Usage) -> None:
        self._tell(status)

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

    def until_tick(self) -> float | None:
        return self._until_tick

    def close(self) -> None:
        self._tell("close")


def interrupt(number: signal.Signals = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


WHOLE: list[Event] = [Attached(RUNNING, 0), Chunk(0, b"ab"), Lost(2, 9), Chunk(9, b"c"), Ended(ended(), 10)]
