"""What a person is told of an attach beside the output. Text in lines; pure but for the clock.

How the job ended is reported at once. A broken connection, and processes that the command left behind, are reported
only when they last. The first loss of output is reported at once; later ones are folded into at most one notice a
second, and the last notice comes before the end. A very loud job loses output many times a second; every byte of it is
in some notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.text import Text

from tasker.cli.show.jobs import ended, left_behind, outcome_style
from tasker.cli.show.stderr import UNTIL_SHOWN
from tasker.client import Chunk, Detached, DetachReason, Ended, Event, Exited, Interrupted, Lost, Resumed
from tasker.job import Job
from tasker.quantity import format_duration, format_size

REASONS = {
    DetachReason.REQUESTED: "detached by `tasker detach`; the job goes on",
    DetachReason.UNAVAILABLE: "the service went away; the job may go on",
    DetachReason.CERTIFICATE: "your certificate is not valid any more; the job goes on",
    DetachReason.END_OF_RECALL: "that is all so far; the job goes on",
    DetachReason.UNKNOWN: "detached; the job may go on",
}
NOTICE = "yellow"
BETWEEN = 1.0
"""Seconds from one notice of lost output to the next."""


class Notices:
    """Takes the events of one attach. `into` is the end of the command line that goes on with it."""

    def __init__(self, into: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._losses = Losses(clock)
        self._into = into
        self._clock = clock
        self._broken: tuple[int | None, float] | None = None
        """The byte at which the connection broke, None before the first answer; and when."""
        self._broken_reported = False
        self._exited: tuple[Job, float] | None = None
        """The job whose command has exited and left processes behind, and when that came; None once it was reported."""
        self.job = ""

    @property
    def lost(self) -> int:
        """Bytes of output."""
        return self._losses.bytes

    @property
    def trouble(self) -> str:
        """What is wrong now, in a few words; "" for nothing."""
        return "connection lost, trying again" if self._broken else ""

    def of(self, event: Event) -> list[Text]:
        """What to tell now."""
        match event:
            case Chunk():
                return self.now()
            case Lost(begin=begin, end=end):
                self._losses.add(begin, end)
                return self.now()
            case Exited(job=job):
                self._exited = (job, self._clock())
                return self.now()
            case Ended(job=job):
                self._exited = None
                return [*self.rest(), Text(ended(job), outcome_style(job.outcome))]
            case Detached(reason=reason, offset=offset):
                again = f"tasker attach --offset {offset} {self.job}{self._into}"
                return [*self.rest(), Text(f"{REASONS[reason]}: {again}", NOTICE)]
            case Interrupted(offset=offset):
                self._broken, self._broken_reported = (offset, self._clock()), False
                return self.now()
            case Resumed(offset=offset, after=after):
                again = f"connected again after {format_duration(after)}; it goes on at byte {offset}"
                return _lines(again if self._mended() else "")
        self.job = event.job.id
        return _lines("connected again" if self._mended() else "")

    def _mended(self) -> bool:
        """The connection is back: whether it was told that it broke."""
        report, self._broken, self._broken_reported = self._broken_reported, None, False
        return report

    def due(self) -> float | None:
        """Seconds until there is something to tell; None for nothing."""
        waits = [self._losses.due()]
        since = [self._broken[1]] if self._broken and not self._broken_reported else []
        since += [self._exited[1]] if self._exited else []
        waits += [max(0.0, when + UNTIL_SHOWN - self._clock()) for when in since]
        return min((wait for wait in waits if wait is not None), default=None)

    def now(self) -> list[Text]:
        """What is due."""
        lost = self._losses.report()
        if self._exited and self._clock() - self._exited[1] >= UNTIL_SHOWN:
            job, self._exited = self._exited[0], None
            left = left_behind(job, self._clock())
            return [*_lines(lost, f"the command has exited; {left}"), *self.now()]
        if not self._broken or self._broken_reported or self._clock() - self._broken[1] < UNTIL_SHOWN:
            return _lines(lost)
        self._broken_reported = True
        at, _ = self._broken
        where = "before the first answer" if at is None else f"at byte {at}"
        return _lines(lost, f"connection lost {where}; trying again")

    def rest(self) -> list[Text]:
        """What is not told yet, at the end."""
        return _lines(self._losses.report(last=True))


def _lines(*texts: str) -> list[Text]:
    return [Text(text, NOTICE) for text in texts if text]


class Losses:
    """Adds up lost output and folds the notices of it. `bytes`: the bytes that were lost so far."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.bytes = 0
        self._places = 0
        self._last = (0, 0)
        self._unreported = False
        self._reported_at: float | None = None
        self._clock = clock

    def add(self, begin: int, end: int) -> None:
        """Bytes begin (inclusive) to end (exclusive) did not come."""
        self.bytes += end - begin
        self._places += 1
        self._last = (begin, end)
        self._unreported = True

    def due(self) -> float | None:
        """Seconds until there is a notice to tell, 0 for now; None where everything is told."""
        if not self._unreported:
            return None
        return 0.0 if self._reported_at is None else max(0.0, self._reported_at + BETWEEN - self._clock())

    def report(self, *, last: bool = False) -> str:
        """The notice that is due, or with `last` whatever is not told yet; "" for none. It counts as told then."""
        wait = self.due()
        if wait is None or (wait > 0 and not last):
            return ""
        self._unreported, self._reported_at = False, self._clock()
        begin, end = self._last
        if self._places == 1:
            return f"lost {format_size(self.bytes)} of output: bytes {begin} to {end} are no longer kept"
        lost = f"lost {format_size(self.bytes)} of output in {self._places} places so far"
        return f"{lost}; the last: bytes {begin} to {end}"
