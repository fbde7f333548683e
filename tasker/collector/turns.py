"""Whose output is read next: the owners of jobs that have some take turns, and so do the jobs of one owner.

    pipe has output ──ready──▶ line of its owner ──run──▶ at most TURN bytes of each owner ──▶ the loop's other events

So a job's output waits for one turn of each other owner who has output, however many jobs print that owner's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from tasker.collector.loop import Loop, guarded

TURN = 1 << 20
"""Bytes read for one owner before the others have their turn."""

Read = Callable[[int], int]
"""Reads at most so many bytes of one job's output: how many those were; 0 where there are none now."""


class Turns:
    def __init__(self, loop: Loop) -> None:
        self._lines: dict[str, deque[Read]] = {}
        """By owner, jobs that may have output, each once; none is empty."""
        loop.each_round(self._run)

    def ready(self, owner: str, read: Read) -> None:
        """A job may have output, and is not in line: `read` is called until it returns 0."""
        self._lines.setdefault(owner, deque()).append(read)

    def _run(self) -> bool:
        """One turn of each owner; whether there may be more to read."""
        for owner, line in list(self._lines.items()):
            left = TURN
            while line and left > 0:
                left -= self._read(line, left)
            if not line:
                del self._lines[owner]
        return bool(self._lines)

    @staticmethod
    def _read(line: deque[Read], most: int) -> int:
        """Some output of the first in line, who goes to the end of it. A defect costs that job its output alone."""
        read, count = line.popleft(), 0

        def call() -> None:
            nonlocal count
            count = read(most)

        guarded(call)
        if count:
            line.append(read)
        return count
