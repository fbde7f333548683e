"""Decides which output is read next: owners whose jobs have output take turns, and so do the jobs of each owner.

    pipe has output ──ready──▶ queue of its owner ──run──▶ at most TURN bytes per owner ──▶ the loop's other events

So an owner waits for at most one turn of each other owner, however many jobs the others have.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from tasker.collector.loop import Loop, guarded

TURN = 1 << 20
"""Bytes read for one owner before the other owners' turns."""

Read = Callable[[int], int]
"""Reads at most so many bytes of one job's output and returns their number; 0 if there are none now."""


class Turns:
    def __init__(self, loop: Loop) -> None:
        self._lines: dict[str, deque[Read]] = {}
        """By owner, jobs that may have output, each once; no line is empty."""
        loop.each_round(self._run)

    def ready(self, owner: str, read: Read) -> None:
        """Appends a job that may have output to its owner's queue, unless it is there: `read` is called until it
        returns 0."""
        self._lines.setdefault(owner, deque()).append(read)

    def _run(self) -> bool:
        """Gives each owner one turn; returns whether there may be more to read."""
        for owner, line in list(self._lines.items()):
            left = TURN
            while line and left > 0:
                left -= self._read(line, left)
            if not line:
                del self._lines[owner]
        return bool(self._lines)

    @staticmethod
    def _read(line: deque[Read], most: int) -> int:
        """Reads output of the first job in a queue and moves the job to the end. An exception affects only that job."""
        read, count = line.popleft(), 0

        def call() -> None:
            nonlocal count
            count = read(most)

        guarded(call)
        if count:
            line.append(read)
        return count
