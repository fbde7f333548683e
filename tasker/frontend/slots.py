"""Limits how many of something exist at once, in total and per user."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

from tasker.errors import Reason, TaskerError


class Slots:
    """Counts slots in use; `what` names the thing in the plural, for errors."""

    def __init__(self, what: str, *, total: int, per_user: int) -> None:
        self._what = what
        self.total = total
        self.per_user = per_user
        self._taken: Counter[str] = Counter()

    @contextlib.contextmanager
    def taken(self, user: str) -> Iterator[None]:
        """Takes a slot while the block runs. Raises TaskerError(EXHAUSTED)."""
        if self._taken[user] >= self.per_user:
            raise self._exhausted(f"{user} has {self.per_user} of them, the most for one user")
        if self._taken.total() >= self.total:
            raise self._exhausted(f"there are {self.total} of them, the most in all")
        self._taken[user] += 1
        try:
            yield
        finally:
            self._taken[user] -= 1
            self._taken += Counter()  # drops users without slots

    def _exhausted(self, why: str) -> TaskerError:
        return TaskerError(Reason.EXHAUSTED, f"cannot open more {self._what}: {why}; end one, or try again later")
