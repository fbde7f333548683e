"""Shows one attach stream in a View, from its first event to its last, and handles signals meanwhile.

attachment ──▶ Live ──▶ View            Ctrl-C in attach: KeyboardInterrupt; in run: see signals.py
   SIGWINCH, SIGTSTP, news ──▶ between two events: redraw, suspend, update the footer
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

from tasker.cli.live.loop import Action, Live, Wake
from tasker.cli.live.signals import Handler, handling
from tasker.cli.live.status import JobStatus
from tasker.cli.live.view import View
from tasker.client import Attached, Attachment, Chunk, Detached, Ended, Event, Exited, Interrupted, Lost, Resumed
from tasker.client.watching import Watching

Watch = Callable[[str], Watching]


class Follow:
    """Shows `attachment` in `output`. `watch` opens a watch stream for a job, whose changes the footer shows.

    `job` is the id, "" before the first event; `offset` is the position of the first byte that has not been shown.
    """

    def __init__(self, attachment: Attachment, output: View, watch: Watch | None = None) -> None:
        self._attachment = attachment
        self._output = output
        self._watch = watch
        self._live: Live[Event] | None = None
        self._status: JobStatus | None = None
        self.job = ""
        self.offset = 0
        self._leaving = False

    def run(self) -> Ended | Detached | None:
        """Returns Ended or Detached; None if the stream ended with another event. Raises TaskerError,
        KeyboardInterrupt, and OSError of the output."""
        last: Ended | Detached | None = None
        with self._events() as events:
            for event in events:
                match event:
                    case Wake.SUSPEND:
                        self._suspend()
                    case Wake() | str():
                        self._output.tick()
                    case _:
                        self._show(event, events)
                        last = event if isinstance(event, Ended | Detached) else None
        return last

    def _show(self, event: Event, live: Live[Event]) -> None:
        self._output.show(event)
        if not isinstance(event, Interrupted):
            self.offset = _after(event)
        if isinstance(event, Attached) and not self.job:
            self.job = event.job.id
            self._begin_status(live)

    def do(self, action: Action) -> None:
        """Runs `action` between two events; its exceptions end the attach. For any thread or signal handler."""
        if self._live is not None:
            self._live.do(action)
        else:
            action()

    def report(self, text: str) -> None:
        """Shows a notice. For any thread or signal handler."""
        self.do(partial(self._output.notice, text))

    def leave(self, _number: int, _frame: FrameType | None) -> None:
        """Signal handler: raises KeyboardInterrupt between two events, so that `offset` is exact; the second time, at
        once."""
        if self._leaving:
            raise KeyboardInterrupt
        self._leaving = True
        self.do(_interrupt)

    @contextmanager
    def _events(self) -> Iterator[Live[Event]]:
        try:
            self._live = live = Live(self._attachment, self._output.until_tick)
            wakes = {signal.SIGWINCH: Wake.TICK}
            if self._output.suspends:
                wakes[signal.SIGTSTP] = Wake.SUSPEND
            with handling({number: _waking(live, wake) for number, wake in wakes.items()}):
                yield live
        finally:
            self._attachment.cancel()
            if self._status is not None:
                self._status.cancel()
            if self._live is not None:
                self._live.close()
            self._output.close()

    def _begin_status(self, live: Live[Event]) -> None:
        if self._watch is not None and self._output.wants_status:
            self._status = JobStatus(self._watch, self.job)
            live.beside(self._status, self._output.status)

    def _suspend(self) -> None:
        self._output.suspend()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._output.tick()


def _after(event: Attached | Chunk | Lost | Exited | Ended | Detached | Resumed) -> int:
    match event:
        case Chunk(offset=offset, data=data):
            return offset + len(data)
        case Lost(end=end):
            return end
    return event.offset


def _interrupt() -> None:
    raise KeyboardInterrupt


def _waking(live: Live[Event], wake: Wake) -> Handler:
    return lambda _number, _frame: live.wake(wake)
