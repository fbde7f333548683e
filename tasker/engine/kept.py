"""Ended jobs that are kept in one place, in memory or on disk: in order, and with the totals of each owner.

Who holds most is found in O(owners); adding and removing a job are O(1).
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
    """Rises with each job that is added: the lower number is the older job."""


@dataclass
class Holding:
    """What one owner has in one place; never empty."""

    owner: str
    size: int = 0
    """Bytes of all jobs together."""
    items: OrderedDict[str, _Item] = field(default_factory=OrderedDict)
    """By id, in the order in which the jobs were added."""

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
    """The jobs of all owners, in the order in which they were added."""

    def __init__(self) -> None:
        self.size = 0
        """Bytes of all jobs together."""
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
        """The job takes `size` bytes here, until it is discarded."""
        id, owner = entry.job.id, entry.job.owner
        self._added += 1
        self._entries[id] = entry
        self.size += size
        holding = self._holdings.setdefault(owner, Holding(owner))
        holding.items[id] = _Item(entry, size, self._added)
        holding.size += size

    def discard(self, entry: Entry) -> None:
        """Nothing happens where the job is not kept here."""
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
        """Of the owner who has most jobs here; of several, the one with the oldest job. Raises ValueError if empty."""
        return max(self._holdings.values(), key=lambda holding: (len(holding), holding.age))

    def most_bytes(self) -> Holding:
        """The same, by the bytes of their jobs."""
        return max(self._holdings.values(), key=lambda holding: (holding.size, holding.age))
