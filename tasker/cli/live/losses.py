"""Lost output, told without a flood: the first loss at once, later ones folded into one notice a second.

Pure but for the clock. A very loud job loses output many times a second; every byte of it is in some notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from tasker.quantity import format_size

BETWEEN = 1.0
"""Seconds from one notice to the next."""


class Losses:
    """Adds them up. `bytes` is the whole that was lost so far."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.bytes = 0
        self._places = 0
        self._last = (0, 0)
        self._untold = False
        self._told_at: float | None = None
        self._clock = clock

    def add(self, begin: int, end: int) -> None:
        """Bytes begin (inclusive) to end (exclusive) did not come."""
        self.bytes += end - begin
        self._places += 1
        self._last = (begin, end)
        self._untold = True

    def due(self) -> float | None:
        """Seconds until there is a notice to tell, 0 for now; None where everything is told."""
        if not self._untold:
            return None
        return 0.0 if self._told_at is None else max(0.0, self._told_at + BETWEEN - self._clock())

    def told(self, *, last: bool = False) -> str:
        """The notice that is due, or with `last` whatever is not told yet; "" for none. It counts as told then."""
        wait = self.due()
        if wait is None or (wait > 0 and not last):
            return ""
        self._untold, self._told_at = False, self._clock()
        begin, end = self._last
        if self._places == 1:
            return f"lost {format_size(self.bytes)} of output: bytes {begin} to {end} are no longer kept"
        lost = f"lost {format_size(self.bytes)} of output in {self._places} places so far"
        return f"{lost}; the last: bytes {begin} to {end}"
