"""Rate limit per key: at most N events per window; counts and reports the suppressed ones.

    first event ──▶ window of SECONDS: `each` per key, `total` for all ──▶ the suppressed events are reported as counts

For journal entries that untrusted clients can cause. A timer closes the window, so the counts are reported even if no
event follows. Memory and reports are bounded, whatever the number of keys: events of keys beyond MOST_KEYS or
MOST_REPORTS are reported as one count under the key OTHERS.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import Callable

SECONDS = 60.0
OTHERS = ""
MOST_KEYS = 1024
"""Keys per window; events of further keys are all suppressed and counted under OTHERS."""
MOST_REPORTS = 50
"""Keys reported by name at the end of a window: those with the most suppressed events."""


class RateLimit:
    """For use in one event loop."""

    def __init__(
        self, each: int, report: Callable[[str, int], None], *, total: int | None = None, seconds: float = SECONDS
    ) -> None:
        """`report` gets a key and the number of its events, 1 or more, that were suppressed in the window that has
        closed."""
        self._each = each
        self._total = total
        self._report = report
        self._seconds = seconds
        self._taken: dict[str, int] = {}
        """By key; at most MOST_KEYS."""
        self._taken_of_all = 0
        self._left_out: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def take(self, key: str, count: int = 1) -> bool:
        """Whether an event of this key is within the limits; if not, it is counted as `count` suppressed events."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self.close)
        if key not in self._taken and len(self._taken) >= MOST_KEYS:
            self._left_out[OTHERS] += count
            return False
        taken = self._taken.setdefault(key, 0)
        if taken >= self._each or (self._total is not None and self._taken_of_all >= self._total):
            self._left_out[key] += count
            return False
        self._taken[key] += 1
        self._taken_of_all += 1
        return True

    def close(self) -> None:
        """Closes the window, if one is open, and reports the suppressed events."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        left_out, self._left_out = self._left_out, Counter()
        self._taken.clear()
        self._taken_of_all = 0
        others = left_out.pop(OTHERS, 0)
        for key in heapq.nlargest(MOST_REPORTS, left_out, key=left_out.__getitem__):
            self._report(key, left_out.pop(key))
        others += left_out.total()
        if others:
            self._report(OTHERS, others)
