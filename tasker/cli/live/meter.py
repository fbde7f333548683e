"""How far a recording is: a progress bar on stderr, for whoever still waits after a second.

The size of what is read is known of an ended job; of one that goes on, there are the bytes and their rate alone.
"""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from tasker.cli.show.stderr import UNTIL_SHOWN

BETWEEN = 0.25
"""Seconds from one drawing to the next."""


class Meter:
    """On the terminal of `console`."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True))
        self._progress = Progress(*columns, TransferSpeedColumn(), console=console, auto_refresh=False, transient=True)
        self._task: TaskID | None = None
        self._total: int | None = None
        self._began = 0.0
        self._drawn_at = 0.0
        self._shown = False

    def begin(self, total: int | None) -> None:
        """So many bytes are to come, if that is known."""
        self._total = total
        self._task = self._progress.add_task("reading", total=total)
        self._began = time.monotonic()

    def advance(self, size: int) -> None:
        """They came."""
        if self._task is not None:
            self._progress.update(self._task, advance=size, description="reading")
            if time.monotonic() - self._drawn_at >= BETWEEN:
                self._draw()

    def lose(self, size: int) -> None:
        """So many will not come."""
        if self._task is not None and self._total is not None:
            self._total = max(0, self._total - size)
            self._progress.update(self._task, total=self._total)

    def tick(self) -> None:
        """Nothing came for a while."""
        if self._task is not None:
            if self._total is None:
                self._progress.update(self._task, description="following")
            self._draw()

    def due(self) -> float | None:
        """Seconds until it wants a tick."""
        return None if self._task is None else UNTIL_SHOWN

    def say(self, text: str) -> bool:
        """A line above the bar, if there is a bar."""
        if self._shown:
            self._progress.console.print(f"tasker: {text}", markup=False, highlight=False, soft_wrap=True)
        return self._shown

    def hide(self) -> None:
        """Until the next drawing."""
        if self._shown:
            self._progress.stop()
            self._shown = False

    def _draw(self) -> None:
        now = time.monotonic()
        if now - self._began < UNTIL_SHOWN:
            return
        if not self._shown:
            self._progress.start()
            self._shown = True
        self._progress.refresh()
        self._drawn_at = now
