"""How fast each owner may start jobs: a burst, and so many a second from then on ([owner] starts).

The bucket of an owner is one time (the generic cell rate algorithm, ITU-T I.371): when it will be full again. One that
is full need not be remembered. Pure: the time is an argument.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from tasker.configvalues import Rate

MOST_OWNERS = 4096
"""Owners that are told apart. Beyond that, the one whose last start is longest ago has a full bucket again."""
FURTHEST = 30.0
"""Seconds past the first moment at which a start may succeed, over which refused ones are spread."""


@dataclass
class _Bucket:
    full: float
    """When it will be full again."""
    promised: float = 0.0
    """The latest moment that a refused start was told to try again at."""


class StartRate:
    def __init__(self) -> None:
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        """In the order of their last starts."""

    def take(self, owner: str, rate: Rate | None, now: float) -> float:
        """0.0 where `owner` may start a job now, and then one is counted; else seconds after which to try again.

        Each refused start is told another moment, since all of them at once would be refused again. `now`: on a clock
        that is never set.
        """
        if rate is None:
            return 0.0
        each = 1 / rate.per_second
        bucket = self._buckets.get(owner) or _Bucket(now)
        full = max(bucket.full, now) + each
        possible = full - rate.burst * each
        if possible <= now + each * 1e-6:  # a start at the very moment that was promised is in time
            bucket.full = full
            self._remember(owner, bucket, now)
            return 0.0
        bucket.promised = min(max(bucket.promised + each, possible), possible + FURTHEST)
        return bucket.promised - now

    def _remember(self, owner: str, bucket: _Bucket, now: float) -> None:
        self._buckets[owner] = bucket
        self._buckets.move_to_end(owner)
        while len(self._buckets) > MOST_OWNERS or next(iter(self._buckets.values())).full <= now:
            self._buckets.popitem(last=False)
