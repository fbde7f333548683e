"""Events of an attach, and between them the moments at which a terminal wants to be looked at: one stream of both.

    events ──thread──▶ queue (BACKLOG events, then the thread waits) ──▶ for thing in live
    ticks (nothing came in time) ────────────────────────────────────▲
    signal handlers: wake(…) ────────────────────────────────────────╯
    other threads too: do(…), beside(…) ──▶ done between two of them

A handler only leaves a mark in the queue, so everything that draws runs between two events and never inside another
drawing. Knows nothing of gRPC or terminals.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import partial
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

BACKLOG = 4
"""Events on their way, of at most 256 KiB each: a slow terminal costs no memory."""

E = TypeVar("E")
T = TypeVar("T")
Action = Callable[[], None]


class Wake(Enum):
    """What is no event."""

    TICK = "tick"
    """Time has passed, or the terminal has another size."""
    SUSPEND = "suspend"
    """Somebody pressed Ctrl-Z."""


class Live(Generic[E]):
    """Iterates over `events` in a thread. `until_tick()` is the time in seconds until the next tick, None for none."""

    def __init__(self, events: Iterable[E], until_tick: Callable[[], float | None]) -> None:
        self._events = events
        self._until_tick = until_tick
        # A SimpleQueue: its put may be called in a signal handler.
        self._queue: SimpleQueue[E | Wake | str | Action | BaseException | None] = SimpleQueue()
        self._room = threading.Semaphore(BACKLOG)
        self._closed = False
        self._shown = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._pump, name="events", daemon=True)]
        self._threads[0].start()

    def wake(self, why: Wake | str) -> None:
        """From anywhere, signal handlers too. A text is a key that was pressed."""
        self._queue.put(why)

    def do(self, action: Action) -> None:
        """Between two events, in the thread that iterates, which gets what it raises. From anywhere."""
        self._queue.put(action)

    def beside(self, items: Iterable[T], show: Callable[[T], None]) -> None:
        """Show these, too: from a thread of their own, one at a time. That they end ends nothing here."""

        def shows(item: T) -> None:
            show(item)
            self._shown.release()

        def pump() -> None:
            for item in items:
                if not self._closed:  # else they come to their end by themselves
                    self.do(partial(shows, item))
                    self._shown.acquire()

        self._threads.append(threading.Thread(target=pump, name="beside", daemon=True))
        self._threads[-1].start()

    def __iter__(self) -> Iterator[E | Wake | str]:
        """Ends with the events; raises what they raised."""
        while True:
            try:
                item = self._queue.get(timeout=self._until_tick())
            except Empty:
                yield Wake.TICK
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            if callable(item):
                item()
                continue
            if not isinstance(item, (Wake, str)):
                self._room.release()
            yield item

    def close(self) -> None:
        """Let the threads go. What they read must have been cancelled, or have come to its end."""
        self._closed = True
        self._room.release()
        self._shown.release()
        for thread in self._threads:
            thread.join(timeout=1)  # never the reason why a person waits

    def _pump(self) -> None:
        end: BaseException | None = None
        try:
            for event in self._events:
                self._room.acquire()
                if self._closed:
                    return
                self._queue.put(event)
        except BaseException as error:  # raised again where the events are read
            end = error
        self._queue.put(end)
