"""What Ctrl-C, SIGTERM and SIGHUP do while `run` is in the foreground.

    1st ──▶ stop the job, with its grace period     2nd ──▶ kill it at once     3rd ──▶ leave it to itself

Its end still comes by the attach, with the last of its output, so a stop is asked for in a thread beside it.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import FrameType

from tasker.cli.follow import handling
from tasker.cli.output import Output
from tasker.errors import TaskerError
from tasker.lifecycle import State

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Counts them. `stop(job, grace)` asks for the end; it may take as long as it likes."""

    def __init__(self, stop: Callable[[str, float | None], object], output: Output) -> None:
        self._stop = stop
        self._output = output
        self._tell: Callable[[str], None] = output.notice
        self._job = ""
        self._count = 0

    def installed(self) -> AbstractContextManager[None]:
        """Before the job is started: an interrupt that comes meanwhile is kept until the job has an id."""
        return handling(dict.fromkeys(SIGNALS, self._interrupt))

    def started(self, job: str, tell: Callable[[str], None]) -> None:
        """From now on there is a job to stop. `tell` shows a notice from any thread."""
        self._job, self._tell = job, tell
        self._output.hint("Ctrl-C stops it")
        if self._count:
            self._act()

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self._count += 1
        if self._job:
            self._act()
        elif self._count > 1:
            raise KeyboardInterrupt

    def _act(self) -> None:
        if self._count > 2:
            raise KeyboardInterrupt
        first = self._count == 1
        hint = "Ctrl-C kills it at once" if first else "Ctrl-C leaves it"
        self._output.hint(hint, State.STOPPING)
        self._tell(f"stopping {self._job}; {hint}" if first else f"killing {self._job}; {hint}")
        threading.Thread(target=self._ask, args=(None if first else 0.0,), name="stop", daemon=True).start()

    def _ask(self, grace: float | None) -> None:
        try:
            self._stop(self._job, grace)
        except TaskerError as error:
            self._tell(error.message)
