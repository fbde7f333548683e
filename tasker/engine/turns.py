"""Fair slots: owners take turns for a bounded number of slots, so that nobody's queue delays the others'.

    take ──▶ queue of its owner ──▶ owners in turn (round robin) ──▶ slot ──▶ end

An owner gets all slots while no other owner is active, and else at most `most`. An owner counts as active for LATELY
seconds after its last slot, too: otherwise an owner who starts one job after another would find all slots taken, each
time anew. Each operation takes constant time. One event loop; no timers.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from types import TracebackType

SLOTS = 16
"""Starts under way, and as many ends. More add only latency."""
MOST_SLOTS = 1
"""Of one owner, while others are active: what is under way for one delays the others' by as much again (measured)."""
LATELY = 5.0
"""Seconds."""


class Turn:
    """A slot that is taken. `end` gives it back; a second `end` does nothing. Or use it in `with`."""

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
    """Owners who asked for or gave back a slot lately. Several Turns may share one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: OrderedDict[str, float] = OrderedDict()
        """When that was, in this order."""

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
        """Slots by owner; none is 0."""
        self._queues: OrderedDict[str, OrderedDict[asyncio.Future[None], None]] = OrderedDict()
        """Those who wait, by owner; none is empty."""
        self._next: OrderedDict[str, None] = OrderedDict()
        """Owners who wait and have fewer slots than `most`, in the order of their turns."""

    async def take(self, owner: str) -> Turn:
        """Wait for a slot. A cancelled call leaves no trace."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(owner, OrderedDict())[waiter] = None
        self._stirred(owner)
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():  # it got its slot in the same turn of the loop as the cancellation
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
        """`owner` waits, or has a slot less: give out what is free."""
        self._active.add(owner)
        self._line_up(owner)
        while self._free and (chosen := self._chosen()) is not None:
            waiter = next(iter(self._queues[chosen]))
            self._leave(chosen, waiter)
            if not waiter.cancelled():  # else its task learns of that in the next turn of the loop
                self._free -= 1
                self._taken[chosen] += 1
                waiter.set_result(None)
            self._line_up(chosen)

    def _line_up(self, owner: str) -> None:
        """To the end of the line, if it may have a slot and is not in line."""
        if owner in self._queues and self._taken[owner] < self._most:
            self._next.setdefault(owner)

    def _chosen(self) -> str | None:
        """Whose turn it is."""
        if self._next:
            return self._next.popitem(last=False)[0]
        only = next(iter(self._queues), None)
        return only if only is not None and self._alone(only) else None

    def _alone(self, owner: str) -> bool:
        """Whether no other owner waits, has a slot, or had one lately."""
        return all(len(owners) == (owner in owners) for owners in (self._queues, self._taken, self._active))

    def _leave(self, owner: str, waiter: asyncio.Future[None]) -> None:
        queue = self._queues[owner]
        del queue[waiter]
        if not queue:
            del self._queues[owner]
            self._next.pop(owner, None)
