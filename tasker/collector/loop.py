"""One epoll loop: a descriptor, a function that is called with its events. No timers; nothing in here ever waits."""

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
"""With one of them: told once, and anew only when something happened again."""
GONE = select.EPOLLERR
"""Always reported. Registered alone (0), it tells when nobody holds the other end of a pipe any more."""


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
        """A defect in `call` costs its descriptor, which is then forgotten; `failed` is called to release the rest."""
        self._epoll.register(fd, events)
        self._calls[fd] = call
        if failed is not None:
            self._failures[fd] = failed

    def change(self, fd: int, events: int) -> None:
        self._epoll.modify(fd, events)

    def remove(self, fd: int) -> None:
        """Forget a descriptor; call this before it is closed. One that is not here is no error."""
        self._failures.pop(fd, None)
        if self._calls.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def afterwards(self, call: Callable[[], None]) -> None:
        """Call it once, however often it is asked for, when all that happened by now was served."""
        self._afterwards[call] = None

    def each_round(self, call: Callable[[], bool]) -> None:
        """Call it whenever all that happened by now was served. Where it returns True, it has more to do: the loop does
        not wait for the next event. One for each loop."""
        self._round = call

    def run(self) -> None:
        """Until SIGTERM."""
        wake, awake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.add(wake, READ, lambda _events: None)
        signal.set_wakeup_fd(awake)
        signal.signal(signal.SIGTERM, self._stop)
        more = False
        while self._running:
            for fd, events in self._epoll.poll(0 if more else None):
                call = self._calls.get(fd)
                if call is not None:  # not removed by a call before it in this round
                    self._call(fd, call, events)
            while self._afterwards:
                guarded(self._afterwards.popitem()[0])
            more = self._round()

    def _call(self, fd: int, call: Callable[[int], object], events: int) -> None:
        """A defect in what serves one descriptor costs that one, and not every job of the run."""
        if not guarded(lambda: call(events)) and self._calls.get(fd) is call:  # else the number is another's by now
            failed = self._failures.get(fd)
            self.remove(fd)
            if failed is not None:
                guarded(failed)

    def _stop(self, _number: int, _frame: object) -> None:
        self._running = False


def guarded(call: Callable[[], object]) -> bool:
    """Whether it went well; a defect is told."""
    try:
        call()
    except Exception:
        sys.stderr.write("".join(f"<3>{line}\n" for line in traceback.format_exc().splitlines()))
        return False
    return True
