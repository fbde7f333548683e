"""When the bytes of a ring were received: timestamps, each "from this position on, at this time", in the ring's memory.

    positions  p0 p1 p2 …      MOST 64-bit words, ascending
    times      t0 t1 t2 …      MOST 64-bit words, milliseconds of CLOCK_MONOTONIC, which is never set

A timestamp holds until the next one begins. There is at most one per millisecond in which bytes were received. When the
area is full, the writer drops the timestamps of overwritten bytes and, if necessary, every second timestamp of the
older half: old timestamps become coarser, new ones stay exact, and every byte keeps a time. The first timestamp is
never dropped: it holds the time of the first byte.

One writer, no lock. The writer stores a timestamp before it increments COUNT, and increments COUNT before the ring
publishes the bytes. GENERATION is odd while the writer moves timestamps; a reader compares it before and after reading
and retries if it changed. Standard library only: the collector imports this.
"""

from __future__ import annotations

import bisect
import os
from collections.abc import Callable
from typing import NamedTuple, TypeVar

MOST = 1 << 16
AREA = 2 * 8 * MOST
"""Bytes for positions and times. Its pages are allocated only as they are used."""
GENERATION, COUNT = 6, 7
"""Words of the ring's header."""
_TRIES = 1000
"""A writer that was killed while it moved timestamps leaves GENERATION odd. A reader then gives up after so many tries,
and a timestamp may be wrong."""

_T = TypeVar("_T")


class Timestamp(NamedTuple):
    """The bytes from the requested position to `end` were received at `time` (seconds of CLOCK_MONOTONIC)."""

    time: float
    end: int


class TimestampWriter:
    def __init__(self, words: memoryview, area: memoryview, most: int = MOST) -> None:
        """`words` is the header, `area` as long as AREA, both of 64-bit words. At most `most` timestamps are kept."""
        self._words = words
        self._positions, self._times = area[:MOST], area[MOST:]
        self._most = most
        self._count = 0
        self.held = 0
        """Bytes of memory that the timestamps take."""
        self.last = -1
        """The time of the newest timestamp, in milliseconds."""

    def add(self, position: int, time: int, oldest: int) -> None:
        """Adds the time (ms, not `last`) of the bytes from `position` on; bytes before `oldest` are no longer held."""
        if self._count == self._most:
            self._thin(oldest)
        self._positions[self._count] = position
        self._times[self._count] = time
        self._count += 1
        self._words[COUNT] = self._count
        self.held = max(self.held, AREA // MOST * self._count)
        self.last = time

    def _thin(self, oldest: int) -> None:
        self._words[GENERATION] += 1
        held = bisect.bisect_right(self._positions, oldest, 1, self._most) - 1
        kept = self._most - max(held - 1, 0)
        half = kept // 2 if kept > self._most // 4 * 3 else 0
        for timestamps in (self._positions, self._times):
            timestamps[1:kept] = timestamps[self._most - kept + 1 : self._most]
            thinned = (half + 1) // 2
            if half:
                timestamps[:thinned] = timestamps[:half:2]
            timestamps[thinned : thinned + kept - half] = timestamps[half:kept]
        self._count = kept - half + thinned
        self._words[COUNT] = self._count
        self._words[GENERATION] += 1

    def release(self) -> None:
        self._positions.release()
        self._times.release()


class TimestampReader:
    def __init__(self, words: memoryview, area: memoryview) -> None:
        self._words = words
        self._positions, self._times = area[:MOST], area[MOST:]

    def at(self, position: int, written: int) -> Timestamp:
        """The timestamp of the byte at `position`, which is before `written`. The ring must have published `written`
        before."""

        def read() -> Timestamp:
            count = self._words[COUNT]
            after = bisect.bisect_right(self._positions, position, min(1, count), count)
            end = self._positions[after] if after < count else written
            return Timestamp(self._times[max(after - 1, 0)] / 1000, min(end, written))

        return self._undisturbed(read)

    def since(self, time: float, written: int) -> int:
        """The first position from which on everything was received at `time` or later; `written` for none."""
        positions, times = (memoryview(timestamps).cast("Q") for timestamps in self.copy())
        at = bisect.bisect_left(times, time * 1000)
        return min(positions[at], written) if at < len(times) else written

    def copy(self) -> tuple[bytes, bytes]:
        """Positions and times, as they are in memory."""

        def read() -> tuple[bytes, bytes]:
            count = self._words[COUNT]
            return bytes(self._positions[:count]), bytes(self._times[:count])

        return self._undisturbed(read)

    def _undisturbed(self, read: Callable[[], _T]) -> _T:
        for _ in range(_TRIES):
            generation = self._words[GENERATION]
            seen = read()
            if generation % 2 == 0 and self._words[GENERATION] == generation:
                return seen
            os.sched_yield()
        return read()

    def release(self) -> None:
        self._positions.release()
        self._times.release()
