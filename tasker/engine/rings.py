"""Limits the memory of the rings of running jobs, and computes the size of a new ring. Pure.

    all rings together     at most [output] memory
    rings of one owner     at most half of that
    a new ring             [output] ring, or an eighth of the memory that its owner has left, but at least LEAST

A ring counts with its capacity from the start to the end of its job, however little is printed. So an owner whose share
is nearly used up can still start jobs with small rings, and there is room left for other owners.
"""

from __future__ import annotations

LEAST = 256 << 10
"""Bytes of the smallest ring, unless [output] ring is smaller."""
_PARTS = 8
_STEP = 64 << 10
"""A ring that is smaller than requested is a multiple of this."""


class Rings:
    def __init__(self) -> None:
        self._jobs: dict[str, tuple[str, int]] = {}
        """By job id: owner and ring capacity."""
        self._owners: dict[str, int] = {}
        self.total = 0
        """Bytes of all owners' rings."""

    def of_owner(self, owner: str) -> int:
        """Bytes of an owner's rings."""
        return self._owners.get(owner, 0)

    def count(self, id: str, owner: str, capacity: int) -> None:
        """Counts a job's ring; no effect if the job is counted already."""
        if id not in self._jobs:
            self._jobs[id] = (owner, capacity)
            self._add(owner, capacity)

    def release(self, id: str) -> None:
        """Stops counting a job's ring; no error if the job is not counted."""
        if id in self._jobs:
            owner, capacity = self._jobs.pop(id)
            self._add(owner, -capacity)
            if not self._owners[owner]:
                del self._owners[owner]

    def capacity(self, owner: str, asked: int, most: int | None, taken: int = 0) -> int:
        """Bytes for the ring of a new job; 0 if there is no room for the smallest one. `most` is for all rings, None
        for no limit; `taken` of it is in use otherwise."""
        if most is None:
            return asked
        left = min(most // 2 - self.of_owner(owner), most - taken - self.total)
        least = min(LEAST, asked)
        if left < least:
            return 0
        return min(asked, max(least, left // _PARTS // _STEP * _STEP))

    def _add(self, owner: str, capacity: int) -> None:
        self._owners[owner] = self._owners.get(owner, 0) + capacity
        self.total += capacity
