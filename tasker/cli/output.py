"""Where the events of an attach go, and in what form. One class a place; `choose` says which.

Lines        --json                       one JSON line an event
Piped        no terminal, or --raw        stdout: the job's bytes and nothing else; stderr: notices
OnTerminal   a terminal                   cleaned output above a footer, notices as lines between
"""

from __future__ import annotations

import argparse
import base64
import sys
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from rich.console import Console
from rich.text import Text

from tasker.cli import document, exits, render
from tasker.cli.clean import Cleaner
from tasker.cli.screen import Screen, write_all
from tasker.cli.stderr import say
from tasker.client import Attached, Chunk, Detached, DetachReason, Ended, Event, Interrupted, Lost, Resumed
from tasker.job import Job
from tasker.lifecycle import State
from tasker.quantity import format_duration, format_size

STDOUT = 1
REASONS = {
    DetachReason.REQUESTED: "detached by `tasker detach`; the job goes on",
    DetachReason.UNAVAILABLE: "the service went away; the job may go on",
    DetachReason.CERTIFICATE: "your certificate is not valid any more; the job goes on",
    DetachReason.END_OF_RECALL: "that is all so far; the job goes on",
    DetachReason.UNKNOWN: "detached; the job may go on",
}


class Output(Protocol):
    """What an attach needs of a place to show a job at."""

    live: bool
    """Whether it wants to be looked after between the events."""

    def show(self, event: Event) -> None: ...
    def tick(self) -> None: ...
    def suspend(self) -> None:
        """Leave the terminal in order: somebody else gets it for a while."""

    def notice(self, text: str) -> None: ...
    def hint(self, text: str, state: State | None = None) -> None:
        """What Ctrl-C does now; and where the job is, if that is known better than from its last event."""

    def patience(self) -> float | None:
        """Seconds until it wants a tick."""

    def close(self) -> None: ...


def choose(options: argparse.Namespace) -> Output:
    """The output for these options and this stdout."""
    if options.json:
        return Lines()
    if options.raw or not sys.stdout.isatty():
        return Piped(quiet=options.verb == "run")
    return OnTerminal(Console(), footer=options.footer)


class Piped:
    """For other programs: byte for byte."""

    live = False

    def __init__(self, *, quiet: bool = False) -> None:
        """`quiet`: nothing is said of a job that exited with 0, as any command in a script would say nothing."""
        self._quiet = quiet
        self._id = ""

    def show(self, event: Event) -> None:
        match event:
            case Chunk(data=data):
                self._write(data)
            case Attached(job=job):
                self._id = job.id
            case Ended(job=job) if self._quiet and exits.of_outcome(job.outcome) == 0:
                pass
            case _:
                if text := explain(event, self._id):
                    self.notice(text.plain)

    def _write(self, data: bytes) -> None:
        write_all(STDOUT, data)

    def notice(self, text: str) -> None:
        say(text)

    def hint(self, text: str, state: State | None = None) -> None:
        pass

    def tick(self) -> None:
        pass

    def suspend(self) -> None:
        pass

    def patience(self) -> float | None:
        return None

    def close(self) -> None:
        pass


class Lines(Piped):
    """For other programs: everything, as JSON lines."""

    def show(self, event: Event) -> None:
        write_all(STDOUT, document.dump(line(event)).encode() + b"\n")

    def notice(self, text: str) -> None:
        pass  # nothing that the events do not say


class OnTerminal:
    """For people."""

    live = True

    def __init__(self, console: Console, *, footer: bool, fd: int = STDOUT) -> None:
        self._console = console
        self._cleaner = Cleaner()
        dumb = console.is_dumb_terminal
        self._screen = Screen(fd, self._footer if footer and not dumb else None)
        self._job: Job | None = None
        self._state: State | None = None
        self._hint = ""

    def show(self, event: Event) -> None:
        match event:
            case Chunk(data=data):
                if text := self._cleaner.feed(data):
                    self._screen.write(text)
            case Attached(job=job):
                self._job = job
                self._screen.draw()
            case _:
                if isinstance(event, Ended):
                    self._job = event.job
                if told := explain(event, self._job.id if self._job else ""):
                    self._tell(told)

    def notice(self, text: str) -> None:
        self._tell(Text(text, "dim"))

    def _tell(self, text: Text) -> None:
        if sys.stderr.isatty():
            self._screen.line(self._ansi(text))  # whole, however long: there may be a command in it to copy
        else:
            say(text.plain)

    def hint(self, text: str, state: State | None = None) -> None:
        self._hint, self._state = text, state or self._state

    def tick(self) -> None:
        self._screen.draw()

    def suspend(self) -> None:
        self._screen.close()

    def patience(self) -> float | None:
        """Until the next second of the job's own time begins."""
        if self._job is None or self._job.started is None:
            return None
        return 1.0 - (time.time() - self._job.started) % 1.0 + 0.01

    def close(self) -> None:
        with suppress(OSError):  # a terminal that has gone
            if rest := self._cleaner.feed(b"", final=True):
                self._screen.write(rest)
            self._screen.close()

    def _footer(self, columns: int) -> str:
        if self._job is None:
            return ""
        job = replace(self._job, state=self._state) if self._state and not self._job.ended else self._job
        return self._ansi(render.footer(job, time.time(), self._hint), columns - 1)

    def _ansi(self, text: Text, columns: int | None = None) -> str:
        """`text` in one line, cut to so many columns; without them, the terminal wraps it where it has to."""
        with self._console.capture() as capture:
            if columns is None:
                self._console.print(text, end="", soft_wrap=True)
            else:
                self._console.print(text, end="", no_wrap=True, overflow="ellipsis", crop=True, width=columns)
        return capture.get()


def explain(event: Event, job: str) -> Text | None:
    """What a notice says about an event that is no output."""
    match event:
        case Lost(begin=begin, end=end):
            size = format_size(end - begin)
            return Text(f"lost {size} of output: bytes {begin} to {end} are no longer kept", "yellow")
        case Ended(job=ended):
            return render.ended(ended)
        case Detached(reason=reason, offset=offset):
            again = f"tasker attach --offset {offset} {job}"
            return Text(f"{REASONS[reason]}: {again}", "yellow")
        case Interrupted(offset=offset):
            return Text(f"the connection broke off at byte {offset}; trying again", "yellow")
        case Resumed(offset=offset, after=after):
            return Text(f"connected again after {format_duration(after)}; going on at byte {offset}", "yellow")
    return None


def line(event: Event) -> dict[str, Any]:
    """An event as the API's AttachJobResponse has it; a break of the connection is this side's own."""
    match event:
        case Attached(job=job, offset=offset):
            return {"attached": {"job": document.job(job), "offset": offset}}
        case Chunk(offset=offset, data=data):
            return {"chunk": {"offset": offset, "data": base64.b64encode(data).decode()}}
        case Lost(begin=begin, end=end):
            return {"lost": {"begin": begin, "end": end}}
        case Ended(job=job, offset=offset):
            return {"ended": {"job": document.job(job), "offset": offset}}
        case Detached(reason=reason, offset=offset):
            return {"detached": {"reason": str(reason), "offset": offset}}
        case Interrupted(offset=offset, error=error):
            return {"interrupted": {"offset": offset, "error": error.message}}
        case Resumed(job=job, offset=offset, after=after):
            return {"resumed": {"job": document.job(job), "offset": offset, "after": after}}
