"""Shares a fixed number of slots fairly among owners, so that requests of one owner do not delay those of another.

    take ──▶ queue of its owner ──▶ owners in turn (round robin) ──▶ slot ──▶ end

An owner gets all slots while no other owner is active, otherwise at most `most`. An owner stays active for LATELY
seconds after its last request or slot: otherwise, an owner who starts jobs one after the other would find all slots
taken by another owner each time. Each operation takes constant time. For one event loop; uses no timers.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from types import TracebackType

SLOTS = 16
"""The number of starts in progress, and of job ends in progress. More would only add latency."""
MOST_SLOTS = 1
"""Slots of one owner while other owners are active. Each further concurrent start of an owner adds as much delay to the
starts of others as the first (measured)."""
LATELY = 5.0
"""Seconds."""


class Turn:
    """A slot in use. `end` frees it; a second `end` has no effect. Also a context manager."""

    def __init__(self, end: Callable[[], None]) -> None:
        self._end: Callable[[], None] | None = end

    def end(self) -> None:
        end, self._end = self._end, None
        if end is not None:
            end()

    def __enter__(self) -> Turn:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


class Active:
    """Owners who recently requested or freed a slot. Several Turns may share one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: OrderedDict[str, float] = OrderedDict()
        """The time of the last request or freed slot by owner, oldest first."""

    def add(self, owner: str) -> None:
        now = self._clock()
        self._since[owner] = now
        self._since.move_to_end(owner)
        while now - next(iter(self._since.values())) > LATELY:
            self._since.popitem(last=False)

    def __contains__(self, owner: str) -> bool:
        return owner in self._since

    def __len__(self) -> int:
        return len(self._since)


class Turns:
    def __init__(self, slots: int, most: int, active: Active) -> None:
        """`most`: slots of one owner while others are active; 1 to `slots`."""
        self._free = slots
        self._most = most
        self._active = active
        self._taken: Counter[str] = Counter()
        """Slots in use by owner; no count is 0."""
        self._queues: OrderedDict[str, OrderedDict[asyncio.Future[None], None]] = OrderedDict()
        """Waiting calls by owner; no queue is empty."""
        self._next: OrderedDict[str, None] = OrderedDict()
        """Owners who wait and have fewer slots than `most`, in the order of their turns."""

    async def take(self, owner: str) -> Turn:
        """Waits for a slot. A cancelled call has no effect."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(owner, OrderedDict())[waiter] = None
        self._stirred(owner)
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():  # the call was cancelled in the turn of the loop in which it got the slot
                self._end(owner)
            elif waiter in self._queues.get(owner, ()):
                self._leave(owner, waiter)
            raise
        return Turn(lambda: self._end(owner))

    def _end(self, owner: str) -> None:
        self._free += 1
        self._taken[owner] -= 1
        if not self._taken[owner]:
            del self._taken[owner]
        self._stirred(owner)

    def _stirred(self, owner: str) -> None:
        """Assigns free slots after `owner` has requested or freed one."""
        self._active.add(owner)
        self._line_up(owner)
        while self._free and (chosen := self._chosen()) is not None:
            waiter = next(iter(self._queues[chosen]))
            self._leave(chosen, waiter)
            if not waiter.cancelled():  # a cancelled task leaves the queue in the next turn of the loop
                self._free -= 1
                self._taken[chosen] += 1
                waiter.set_result(None)
            self._line_up(chosen)

    def _line_up(self, owner: str) -> None:
        """Appends an owner to the queue of owners if it may have a slot and is not in the queue."""
        if owner in self._queues and self._taken[owner] < self._most:
            self._next.setdefault(owner)

    def _chosen(self) -> str | None:
        """The owner whose turn it is."""
        if self._next:
            return self._next.popitem(last=False)[0]
        only = next(iter(self._queues), None)
        return only if only is not None and self._alone(only) else None

    def _alone(self, owner: str) -> bool:
        """Whether no other owner waits, has a slot, or had one recently."""
        return all(len(owners) == (owner in owners) for owners in (self._queues, self._taken, self._active))

    def _leave(self, owner: str, waiter: asyncio.Future[None]) -> None:
        queue = self._queues[owner]
        del queue[waiter]
        if not queue:
            del self._queues[owner]
            self._next.pop(owner, None)
