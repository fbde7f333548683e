"""An output for people: cleaned output above a footer, notices between its lines, keys to answer questions."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

from rich.console import Console
from rich.text import Text

from tasker.cli.live.footer import Standing, footer
from tasker.cli.live.keyboard import Keys, in_foreground
from tasker.cli.live.notices import Notices
from tasker.cli.live.screen import Screen
from tasker.cli.live.timestamps import Stamps
from tasker.cli.live.view import STDOUT, View, received
from tasker.cli.show.clean import Cleaner
from tasker.cli.show.stderr import say
from tasker.client import Attached, Chunk, Ended, Event, Exited, Interrupted, Resumed
from tasker.job import Job
from tasker.lifecycle import State
from tasker.usage import Usage


class OnTerminal(View):
    """Shows an attach on the terminal `fd`; reads keys from stdin."""

    suspends = True

    def __init__(
        self,
        console: Console,
        *,
        footer: bool,
        timestamps: bool = False,
        sequences: bool = True,
        fd: int = STDOUT,
    ) -> None:
        """`sequences`: whether the terminal understands escape sequences; without them there is no footer."""
        self.wants_status = footer and sequences
        self._console = console
        self._cleaner = Cleaner(colours=sequences)
        self._stamps = Stamps(terminal=True, styled=sequences) if timestamps else None
        self._screen = Screen(fd, self._footer if self.wants_status else None, sequences=sequences)
        self._notices = Notices()
        self._standing: Standing | None = None
        self._hint: tuple[str, State | None] = ("", None)
        self._keys = ExitStack()
        self._reading = False
        self._question: tuple[str, Callable[[str], None]] | None = None

    def show(self, event: Event) -> None:
        match event:
            case Chunk(data=data):
                if text := self._cleaner.feed(data):
                    self._screen.write(text if self._stamps is None else self._stamps.feed(text, received(event)))
            case Attached(job=job):
                self._standing = Standing(job)
            case Exited(job=job) if self._standing is not None:
                self._standing.take(job)
            case Ended(job=job) if self._standing is not None:
                self._standing.job = job
            case Interrupted() if self._standing is not None:
                self._standing.usage = None  # outdated
            case Resumed(job=job) if self._standing is not None:
                self._standing.take(job)
        for notice in self._notices.of(event):
            self._report(notice)
        if not isinstance(event, Chunk):
            self._screen.draw()

    def status(self, status: Job | Usage) -> None:
        if self._standing is not None:
            self._standing.take(status)
            self._screen.draw()

    def notice(self, text: str) -> None:
        self._report(Text(text, "dim"))

    def _report(self, text: Text) -> None:
        if sys.stderr.isatty():
            self._screen.line(self._ansi(text))  # never cut off: it may contain a command to copy
        else:
            say(text.plain)

    def hint(self, text: str, asked: State | None = None) -> None:
        self._hint = (text, asked or self._hint[1])

    def asks(self) -> bool:
        return in_foreground()

    def ask(self, question: str, pressed: Callable[[str], None]) -> None:
        self._question = (question, pressed)
        self._keys.enter_context(Keys(pressed, fresh=True))
        self._reading = True
        self._screen.clear_typed()
        if not self._screen.draw():
            self._screen.line(self._ansi(Text(question, "bold")))

    def unask(self) -> None:
        self._question = None
        self._close_keys()
        self._screen.draw()

    def tick(self) -> None:
        if self._question and not self._reading and self.asks():
            self.ask(*self._question)  # after a suspend
        for text in self._notices.now():
            self._report(text)
        self._screen.draw()

    def suspend(self) -> None:
        self._close_keys()
        self._screen.close()

    def until_tick(self) -> float | None:
        """Returns the seconds until the job's elapsed time changes, or until the next notice."""
        started = self._standing.job.clock.started if self._standing else None
        waits = [self._notices.due(), None if started is None else 1.0 - (time.monotonic() - started) % 1.0 + 0.01]
        return min((wait for wait in waits if wait is not None), default=None)

    def close(self) -> None:
        with suppress(OSError):  # the terminal was closed
            self._close_keys()
            if rest := self._cleaner.feed(b"", final=True):
                self._screen.write(rest)
            for text in self._notices.rest():
                self._report(text)
            self._screen.close()

    def _close_keys(self) -> None:
        self._keys.close()
        self._reading = False

    def _footer(self, columns: int) -> str:
        if self._standing is None:
            return ""
        self._standing.hint, self._standing.asked = self._hint
        self._standing.lost, self._standing.trouble = self._notices.lost, self._notices.trouble
        self._standing.question = self._question[0] if self._question else ""
        return self._ansi(footer(self._standing, columns - 1), columns - 1)

    def _ansi(self, text: Text, columns: int | None = None) -> str:
        """Returns `text` on one line with SGR, cut to `columns`; with None, not cut, so that the terminal wraps it."""
        with self._console.capture() as capture:
            if columns is None:
                self._console.print(text, end="", soft_wrap=True)
            else:
                self._console.print(text, end="", no_wrap=True, overflow="ellipsis", crop=True, width=columns)
        return capture.get()
