"""So many in a time for each of many, and how many were left out: for what strangers can make us write."""

from __future__ import annotations

from dataclasses import dataclass

_MOST_KEYS = 1024
"""Past it the one that began first is forgotten."""


@dataclass
class _Window:
    begun: float
    taken: int = 0
    left_out: int = 0


class Ration:
    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._windows: dict[str, _Window] = {}

    def take(self, key: str, now: float) -> int | None:
        """None: this one is over the ration. Else how many were left out before it that nobody was told of."""
        window = self._windows.get(key)
        left_out = 0
        if window is None or now - window.begun >= self._seconds:
            left_out = window.left_out if window is not None else 0
            self._windows.pop(key, None)
            if len(self._windows) >= _MOST_KEYS:
                del self._windows[next(iter(self._windows))]
            window = self._windows[key] = _Window(now)
        if window.taken >= self._most:
            window.left_out += 1
            return None
        window.taken += 1
        return left_out
