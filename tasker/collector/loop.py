"""An epoll loop: calls the function of each descriptor with its events. No timers; the functions must not block."""

from __future__ import annotations

import os
import select
import signal
import sys
import traceback
from collections.abc import Callable

READ = select.EPOLLIN
WRITE = select.EPOLLOUT
EDGE = select.EPOLLET
"""Combined with READ or WRITE: reports an event once, and again only after a new one."""
GONE = select.EPOLLERR
"""Always reported. Registered alone (0), it reports that the other end of a pipe was closed by its last holder."""


class Loop:
    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._calls: dict[int, Callable[[int], object]] = {}
        self._failures: dict[int, Callable[[], object]] = {}
        self._afterwards: dict[Callable[[], None], None] = {}
        self._round: Callable[[], bool] = lambda: False
        self._running = True

    def add(
        self, fd: int, events: int, call: Callable[[int], object], failed: Callable[[], object] | None = None
    ) -> None:
        """Calls `call` with the events of a descriptor. If `call` raises, the descriptor is removed and `failed` is
        called to release the rest."""
        self._epoll.register(fd, events)
        self._calls[fd] = call
        if failed is not None:
            self._failures[fd] = failed

    def change(self, fd: int, events: int) -> None:
        self._epoll.modify(fd, events)

    def remove(self, fd: int) -> None:
        """Removes a descriptor; call this before closing it. No error if it is not registered."""
        self._failures.pop(fd, None)
        if self._calls.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def afterwards(self, call: Callable[[], None]) -> None:
        """Calls `call` once, after all pending events have been served, however often this is requested."""
        self._afterwards[call] = None

    def each_round(self, call: Callable[[], bool]) -> None:
        """Calls `call` in every round, after all pending events have been served. If `call` returns True, it has more
        to do, and the loop does not wait for the next event. A loop has one such function."""
        self._round = call

    def run(self) -> None:
        """Runs until SIGTERM."""
        wake, awake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.add(wake, READ, lambda _events: None)
        signal.set_wakeup_fd(awake)
        signal.signal(signal.SIGTERM, self._stop)
        more = False
        while self._running:
            for fd, events in self._epoll.poll(0 if more else None):
                call = self._calls.get(fd)
                if call is not None:  # not removed by an earlier call in this round
                    self._call(fd, call, events)
            while self._afterwards:
                guarded(self._afterwards.popitem()[0])
            more = self._round()

    def _call(self, fd: int, call: Callable[[int], object], events: int) -> None:
        """Calls `call`. If it raises, only its descriptor is removed; all other jobs of the run continue."""
        if not guarded(lambda: call(events)) and self._calls.get(fd) is call:  # else `call` removed it itself
            failed = self._failures.get(fd)
            self.remove(fd)
            if failed is not None:
                guarded(failed)

    def _stop(self, _number: int, _frame: object) -> None:
        self._running = False


def guarded(call: Callable[[], object]) -> bool:
    """Returns whether `call` succeeded; logs an exception."""
    try:
        call()
    except Exception:
        sys.stderr.write("".join(f"<3>{line}\n" for line in traceback.format_exc().splitlines()))
        return False
    return True
