"""Closes connections with refused certificates and, if there are many connections, some of the address with the most.

    grpc's log: a connection ──▶ check, at most once a second ──▶ more than half of [server] connections?
                                          ▲                         └──▶ close some of the address with the most
    callers: a connection is due ─────────┘                         ──▶ close those that are due

grpc has one limit for all peers together and refuses every new connection above it, so one address could keep all
others out. tasker.address.network defines what counts as one address.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

from tasker.address import network
from tasker.frontend import sockets
from tasker.frontend.callers import Callers
from tasker.frontend.sockets import Peer
from tasker.frontend.tls import Material
from tasker.journal import Journal
from tasker.ratelimit import OTHERS, RateLimit

EVERY = 1.0
"""The least seconds between two checks. A check of 4,000 connections takes 25 ms of CPU."""
KEPT = 64
"""Connections that each address keeps, however many there are in total."""
_LINES = 100
"""Journal entries per minute, at most one per address. Further connections are only counted."""
_FEW = 256
"""Known peers above which those that are no longer connected are forgotten."""


class Connections:
    """The TCP connections of this frontend."""

    def __init__(self, most: int, material: Material, journal: Journal, *, unnoticed: bool = False) -> None:
        """`most`: [server] connections. Up to half of that number, no connection is closed because of its address.

        `unnoticed`: True if nothing calls `check_soon` for new connections. Then a check runs every second; with few
        connections, it only counts descriptors (30 µs).
        """
        self._enough = most // 2
        self._journal = journal
        self._unnoticed = unnoticed
        self._rate_limit = RateLimit(1, self._omitted, total=_LINES)
        self._last = -EVERY
        self._timer: asyncio.TimerHandle | None = None
        self.callers = Callers(material, self.check_soon)
        if unnoticed:
            self.check_soon()

    def check_soon(self) -> None:
        """Schedules a check; called for a new connection, or when a connection is due."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._last + EVERY), self._check)

    def close(self) -> None:
        """Stops checking, and logs the number of omitted entries now, before the end of the minute."""
        if self._timer is not None:
            self._timer.cancel()
        self._rate_limit.close()

    def _check(self) -> None:
        self._timer = None
        self._last = asyncio.get_running_loop().time()
        if self._unnoticed:
            self.check_soon()
        due = self.callers.take_due()
        count = sockets.descriptors()
        if due or count > self._enough or len(self.callers) > 2 * count + _FEW:
            found = sockets.connections()
            self.callers.forget_others(set(found.values()))
            sockets.shut_down({number: peer for number, peer in found.items() if peer in due})
            self._share({number: peer for number, peer in found.items() if peer not in due})

    def _share(self, found: Mapping[int, Peer]) -> None:
        """Closes the connections in excess of half of the maximum."""
        for source, (held, numbers) in surplus(found, len(found) - self._enough, self.callers.has_call).items():
            ended = sockets.shut_down({number: found[number] for number in numbers})
            self._report(source, ended, held, len(found))

    def _report(self, source: str, ended: int, held: int, total: int) -> None:
        if ended and self._rate_limit.take(source, ended):
            text = f"{source}: ended {ended} of its {held} connections, because {total} are open in all"
            fields = {"TASKER_ADDRESS": source, "TASKER_CONNECTIONS": str(ended)}
            self._journal.write("disconnect", text, fields, 4)

    def _omitted(self, source: str, count: int) -> None:
        whose = "from other addresses" if source == OTHERS else f"from {source}"
        fields = {"TASKER_ACTION": "disconnect", "TASKER_ADDRESS": source}
        self._journal.omitted(count, "ended connection", whose, fields)


def surplus(
    found: Mapping[int, Peer], excess: int, has_call: Callable[[Peer], bool]
) -> dict[str, tuple[int, list[int]]]:
    """Returns the connections to close so that there are `excess` fewer: for each source, the number of its connections
    and the descriptors of the connections to close.

    Each connection is taken from the source that has the most left; within a source, connections without an open call
    come first. No source goes below KEPT connections, so the result may have fewer than `excess`.
    """
    sources = {host: network(host) for host in {peer.host for peer in found.values()}}
    by_source: dict[str, list[int]] = defaultdict(list)
    for number, peer in found.items():
        by_source[sources[peer.host]].append(number)
    lost: Counter[str] = Counter()
    heap = [(-len(numbers), source) for source, numbers in by_source.items() if len(numbers) > KEPT]
    heapq.heapify(heap)
    for _ in range(excess):
        if not heap:
            break
        negative, source = heap[0]
        lost[source] += 1
        if -negative - 1 > KEPT:
            heapq.heapreplace(heap, (negative + 1, source))
        else:
            heapq.heappop(heap)
    ordered = {source: sorted(by_source[source], key=lambda number: has_call(found[number])) for source in lost}
    return {source: (len(numbers), numbers[: lost[source]]) for source, numbers in ordered.items()}
