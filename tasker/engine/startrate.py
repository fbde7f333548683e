"""Limits how fast each owner may start jobs: a burst, then a number of starts per second ([owner] starts).

The bucket of an owner is one time (the generic cell rate algorithm, ITU-T I.371): when it will be full again. A full
bucket need not be stored. Pure: the time is an argument.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from tasker.configvalues import Rate

MOST_OWNERS = 4096
"""Owners with buckets of their own. Above that, the bucket of the owner with the oldest last start counts as full."""
FURTHEST = 30.0
"""Refused starts are spread over this many seconds after the earliest time at which one may succeed."""


@dataclass
class _Bucket:
    full: float
    """When the bucket will be full again."""
    promised: float = 0.0
    """The latest time that a refused start got for its next try."""


class StartRate:
    def __init__(self) -> None:
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        """In the order of last starts."""

    def take(self, owner: str, rate: Rate | None, now: float) -> float:
        """Returns 0.0 and counts the start if `owner` may start a job now; else the seconds after which to try again.

        Each refused start gets a different time: if all tried again at once, most would be refused again. `now` is on a
        clock that is never set.
        """
        if rate is None:
            return 0.0
        each = 1 / rate.per_second
        bucket = self._buckets.get(owner) or _Bucket(now)
        full = max(bucket.full, now) + each
        possible = full - rate.burst * each
        if possible <= now + each * 1e-6:  # a start exactly at the time it was given must succeed
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
