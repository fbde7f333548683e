"""How a service that is away is waited for: tries ever less often, and an end to it. From any thread."""

from __future__ import annotations

import threading
import time

SOONEST, LATEST = 0.25, 4.0
"""Seconds between two tries: at first, and at most."""
LONGEST = 600.0
"""Seconds after which somebody who only waits gives up."""


class Away:
    """`longest`: seconds of one absence after which it is over; None: never."""

    def __init__(self, longest: float | None) -> None:
        self._longest = longest
        self._cancelled = threading.Event()
        self._since: float | None = None
        self._pause = SOONEST

    def again(self) -> bool:
        """Wait until it is time for the next try. False where there is to be none."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        if self._longest is not None and now - self._since > self._longest:
            return False
        pause, self._pause = self._pause, min(self._pause * 2, LATEST)
        return not self._cancelled.wait(pause)

    def back(self) -> None:
        """It is there: the next absence is another one."""
        self._since, self._pause = None, SOONEST

    def cancel(self) -> None:
        """No more tries."""
        self._cancelled.set()
