"""How much memory the rings of running jobs may take, and how much of that a new job gets. Pure.

    all rings together     at most [output] memory
    those of one owner     at most half of that
    a new one              what [output] ring asks for, or an eighth of what its owner has left, but LEAST at least

A ring counts with its capacity from the start to the end of its job, however little is printed. So an owner who has
filled a share still starts small jobs, and one who comes later finds room.
"""

from __future__ import annotations

LEAST = 256 << 10
"""Bytes of the smallest ring, unless [output] ring asks for less."""
_PARTS = 8
_STEP = 64 << 10
"""A ring that is smaller than asked is a multiple of this."""


class Rings:
    def __init__(self) -> None:
        self._jobs: dict[str, tuple[str, int]] = {}
        """By the id of a job: its owner, and the capacity of its ring."""
        self._owners: dict[str, int] = {}
        self.total = 0
        """Bytes, of all owners."""

    def of_owner(self, owner: str) -> int:
        """Bytes."""
        return self._owners.get(owner, 0)

    def count(self, id: str, owner: str, capacity: int) -> None:
        """A job has a ring. A job that is counted already is not counted again."""
        if id not in self._jobs:
            self._jobs[id] = (owner, capacity)
            self._add(owner, capacity)

    def release(self, id: str) -> None:
        """A job has ended, or never ran. One that is not counted is no error."""
        if id in self._jobs:
            owner, capacity = self._jobs.pop(id)
            self._add(owner, -capacity)
            if not self._owners[owner]:
                del self._owners[owner]

    def capacity(self, owner: str, asked: int, most: int | None, taken: int = 0) -> int:
        """Bytes for the ring of a new job; 0 where there is no room for the smallest. `most` is for all rings, of which
        something else has `taken` a part; None: there is no limit."""
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
