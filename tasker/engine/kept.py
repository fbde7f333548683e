"""Ended jobs in one store, memory or disk: in order, with totals per owner.

The owner with the largest share is found in O(owners); adding and removing a job are O(1).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tasker.engine.entry import Entry


@dataclass(frozen=True)
class _Item:
    entry: Entry
    size: int
    number: int
    """Increases with each added job: a lower number is an older job."""


@dataclass
class Holding:
    """The jobs of one owner in one store; never empty."""

    owner: str
    size: int = 0
    """Bytes of all these jobs."""
    items: OrderedDict[str, _Item] = field(default_factory=OrderedDict)
    """By id, in the order of addition."""

    def __len__(self) -> int:
        return len(self.items)

    @property
    def oldest(self) -> Entry:
        return self._first.entry

    @property
    def age(self) -> int:
        """Compares the oldest jobs of two owners: the greater age is the older job."""
        return -self._first.number

    @property
    def _first(self) -> _Item:
        return next(iter(self.items.values()))


class Kept:
    """The jobs of all owners, in the order of addition."""

    def __init__(self) -> None:
        self.size = 0
        """Bytes of all jobs."""
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._holdings: dict[str, Holding] = {}
        self._added = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    @property
    def oldest(self) -> Entry | None:
        return next(iter(self), None)

    def add(self, entry: Entry, size: int) -> None:
        """Adds a job that takes `size` bytes in this store."""
        id, owner = entry.job.id, entry.job.owner
        self._added += 1
        self._entries[id] = entry
        self.size += size
        holding = self._holdings.setdefault(owner, Holding(owner))
        holding.items[id] = _Item(entry, size, self._added)
        holding.size += size

    def discard(self, entry: Entry) -> None:
        """Removes a job; no error if it is not in this store."""
        id, owner = entry.job.id, entry.job.owner
        if self._entries.pop(id, None) is None:
            return
        holding = self._holdings[owner]
        size = holding.items.pop(id).size
        self.size -= size
        holding.size -= size
        if not holding.items:
            del self._holdings[owner]

    def most_jobs(self) -> Holding:
        """The jobs of the owner who has the most jobs; on a tie, of the owner with the oldest job. Raises ValueError if
        empty."""
        return max(self._holdings.values(), key=lambda holding: (len(holding), holding.age))

    def most_bytes(self) -> Holding:
        """The jobs of the owner whose jobs take the most bytes; ties as in `most_jobs`."""
        return max(self._holdings.values(), key=lambda holding: (holding.size, holding.age))
