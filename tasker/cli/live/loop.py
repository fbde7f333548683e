"""An event loop: one stream of the events of an attach and the wake-ups of a terminal.

    events ──thread──▶ queue (BACKLOG events, then the thread waits) ──▶ for thing in live
    ticks (no event in time) ────────────────────────────────────────▲
    signal handlers: wake(…) ────────────────────────────────────────╯
    other threads, too: do(…), beside(…) ──▶ called between two events

A signal handler only puts an item into the queue, so all drawing happens between two events and never inside another
drawing. Independent of gRPC and terminals.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import partial
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

BACKLOG = 4
"""Maximum number of queued events, of at most 256 KiB each; bounds the memory for a slow terminal."""

E = TypeVar("E")
T = TypeVar("T")
Action = Callable[[], None]


class Wake(Enum):
    """A wake-up between events."""

    TICK = "tick"
    """Time has passed, or the size of the terminal has changed."""
    SUSPEND = "suspend"
    """Ctrl-Z was pressed."""


class Live(Generic[E]):
    """Reads `events` in a thread. `until_tick()` returns the seconds until the next tick, None for no tick."""

    def __init__(self, events: Iterable[E], until_tick: Callable[[], float | None]) -> None:
        self._events = events
        self._until_tick = until_tick
        # SimpleQueue.put may be called in a signal handler.
        self._queue: SimpleQueue[E | Wake | str | Action | BaseException | None] = SimpleQueue()
        self._room = threading.Semaphore(BACKLOG)
        self._closed = False
        self._shown = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._pump, name="events", daemon=True)]
        self._threads[0].start()

    def wake(self, why: Wake | str) -> None:
        """Queues a wake-up, or a pressed key. For any thread or signal handler."""
        self._queue.put(why)

    def do(self, action: Action) -> None:
        """Runs `action` between two events, in the iterating thread, which gets its exceptions. For any thread."""
        self._queue.put(action)

    def beside(self, items: Iterable[T], show: Callable[[T], None]) -> None:
        """Also shows `items`, read in another thread, one at a time. Their end does not end the loop."""

        def shows(item: T) -> None:
            show(item)
            self._shown.release()

        def pump() -> None:
            for item in items:
                if not self._closed:  # after close, discard the rest
                    self.do(partial(shows, item))
                    self._shown.acquire()

        self._threads.append(threading.Thread(target=pump, name="beside", daemon=True))
        self._threads[-1].start()

    def __iter__(self) -> Iterator[E | Wake | str]:
        """Ends with the events; raises their exceptions."""
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
        """Ends the threads. Their sources must have ended or been cancelled."""
        self._closed = True
        self._room.release()
        self._shown.release()
        for thread in self._threads:
            thread.join(timeout=1)  # bounded: the user must not wait for it

    def _pump(self) -> None:
        end: BaseException | None = None
        try:
            for event in self._events:
                self._room.acquire()
                if self._closed:
                    return
                self._queue.put(event)
        except BaseException as error:  # raised again in the iterating thread
            end = error
        self._queue.put(end)
