"""One attach, from its first event to its last, shown in an Output; with what signals mean meanwhile.

attachment ──▶ (Live, on a terminal) ──▶ Output          Ctrl-C in attach: KeyboardInterrupt, at once
   SIGWINCH, SIGTSTP ──▶ wake ──▶ redraw, suspend         in run: see interrupts
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

from tasker.cli.live import Live, Wake
from tasker.cli.output import Output
from tasker.client import Attached, Attachment, Detached, Ended, Event

Handler = Callable[[int, FrameType | None], None]


class Follow:
    """Shows `attachment` in `output`. `job` is the id, once the first event has come."""

    def __init__(self, attachment: Attachment, output: Output) -> None:
        self._attachment = attachment
        self._output = output
        self._live: Live[Event] | None = None
        self.job = ""

    def run(self) -> Ended | Detached | None:
        """The last event; None where there was none. Raises TaskerError, KeyboardInterrupt, OSError of the output."""
        last: Ended | Detached | None = None
        with self._things() as things:
            for thing in things:
                match thing:
                    case Wake.TICK:
                        self._output.tick()
                    case Wake.SUSPEND:
                        self._output.suspend()
                        os.kill(os.getpid(), signal.SIGSTOP)
                        self._output.tick()
                    case str():
                        self._output.notice(thing)
                    case _:
                        if isinstance(thing, Attached):
                            self.job = thing.job.id
                        elif isinstance(thing, Ended | Detached):
                            last = thing
                        self._output.show(thing)
        return last

    def tell(self, text: str) -> None:
        """A notice, from any thread or signal handler."""
        if self._live is not None:
            self._live.wake(text)
        else:
            self._output.notice(text)

    @contextmanager
    def _things(self) -> Iterator[Iterable[Event | Wake | str]]:
        try:
            if not self._output.live:
                yield self._attachment
                return
            self._live = Live(self._attachment, self._output.patience)
            wakes = {signal.SIGWINCH: Wake.TICK, signal.SIGTSTP: Wake.SUSPEND}
            with handling({number: _waking(self._live, wake) for number, wake in wakes.items()}):
                yield self._live
        finally:
            self._attachment.cancel()
            if self._live is not None:
                self._live.close()
            self._output.close()


def _waking(live: Live[Event], wake: Wake) -> Handler:
    return lambda _number, _frame: live.wake(wake)


@contextmanager
def handling(handlers: dict[signal.Signals, Handler]) -> Iterator[None]:
    """These signals go to these handlers. One that is ignored (nohup, a background job of sh) stays ignored."""
    before = {number: signal.getsignal(number) for number in handlers}
    try:
        for number, handler in handlers.items():
            if before[number] is not signal.SIG_IGN:
                signal.signal(number, handler)
        yield
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)
