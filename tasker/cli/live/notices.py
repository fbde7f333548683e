"""Notices about an attach, as lines of text. Pure except for the clock.

The end of the job is reported at once. A broken connection and processes left behind are reported only if they last.
The first loss of output is reported at once; later losses are combined into at most one notice per second, and the last
notice comes before the end. A job that prints a lot can lose output many times per second; the notices count every
byte.
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
    DetachReason.REQUESTED: "detached by `tasker detach`; the job keeps running",
    DetachReason.UNAVAILABLE: "the service is stopping or restarting; the job may still run; to resume",
    DetachReason.CERTIFICATE: "your certificate is no longer valid; the job keeps running; to resume",
    DetachReason.END_OF_RECALL: "the job keeps running; to follow it",
    DetachReason.UNKNOWN: "detached; the job may still run; to resume",
}
NOTICE = "yellow"
BETWEEN = 1.0
"""Seconds between two notices of lost output."""


class Notices:
    """Takes the events of one attach. `into` is the end of the command line that resumes it."""

    def __init__(self, into: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._losses = Losses(clock)
        self._into = into
        self._clock = clock
        self._broken: tuple[int | None, float] | None = None
        """The byte at which the connection broke (None before the first answer), and the time."""
        self._broken_reported = False
        self._exited: tuple[Job, float] | None = None
        """The job whose command exited and left processes behind, and the time; None after the notice."""
        self.job = ""

    @property
    def lost(self) -> int:
        """Bytes of lost output."""
        return self._losses.bytes

    @property
    def trouble(self) -> str:
        """A short description of the current problem; "" for none."""
        return "connection lost, reconnecting" if self._broken else ""

    def of(self, event: Event) -> list[Text]:
        """Takes an event; returns the notices to show now."""
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
                again = f"reconnected after {format_duration(after)}; resuming at byte {offset}"
                return _lines(again if self._mended() else "")
        self.job = event.job.id
        return _lines("reconnected" if self._mended() else "")

    def _mended(self) -> bool:
        """Notes that the connection is back; returns whether the break was reported."""
        report, self._broken, self._broken_reported = self._broken_reported, None, False
        return report

    def due(self) -> float | None:
        """Returns the seconds until the next notice; None for none."""
        waits = [self._losses.due()]
        since = [self._broken[1]] if self._broken and not self._broken_reported else []
        since += [self._exited[1]] if self._exited else []
        waits += [max(0.0, when + UNTIL_SHOWN - self._clock()) for when in since]
        return min((wait for wait in waits if wait is not None), default=None)

    def now(self) -> list[Text]:
        """Returns the notices that are due."""
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
        return _lines(lost, f"connection lost {where}; reconnecting")

    def rest(self) -> list[Text]:
        """Returns the remaining notices, at the end."""
        return _lines(self._losses.report(last=True))


def _lines(*texts: str) -> list[Text]:
    return [Text(text, NOTICE) for text in texts if text]


class Losses:
    """Sums up lost output and combines notices. `bytes`: the number of bytes lost so far."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.bytes = 0
        self._places = 0
        self._last = (0, 0)
        self._unreported = False
        self._reported_at: float | None = None
        self._clock = clock

    def add(self, begin: int, end: int) -> None:
        """Adds a loss: bytes begin (inclusive) to end (exclusive)."""
        self.bytes += end - begin
        self._places += 1
        self._last = (begin, end)
        self._unreported = True

    def due(self) -> float | None:
        """Returns the seconds until the next notice, 0 for now; None if everything was reported."""
        if not self._unreported:
            return None
        return 0.0 if self._reported_at is None else max(0.0, self._reported_at + BETWEEN - self._clock())

    def report(self, *, last: bool = False) -> str:
        """Returns the notice that is due, or with `last` the pending one; "" for none. Marks it as reported."""
        wait = self.due()
        if wait is None or (wait > 0 and not last):
            return ""
        self._unreported, self._reported_at = False, self._clock()
        begin, end = self._last
        if self._places == 1:
            return f"lost {format_size(self.bytes)} of output: bytes {begin} to {end} are no longer kept"
        lost = f"lost {format_size(self.bytes)} of output in {self._places} places so far"
        return f"{lost}; the last: bytes {begin} to {end}"
