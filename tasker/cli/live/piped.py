"""Outputs for programs: only the job's bytes on stdout, or all events as JSON lines."""

from __future__ import annotations

from tasker.cli import exits
from tasker.cli.live.notices import Notices
from tasker.cli.live.screen import write_all
from tasker.cli.live.timestamps import Stamps
from tasker.cli.live.view import STDOUT, View, received
from tasker.cli.show import json
from tasker.cli.show.stderr import say
from tasker.client import Chunk, Ended, Event


class Piped(View):
    """Writes the job's bytes unchanged to stdout, notices to stderr."""

    def __init__(self, *, quiet: bool = False, timestamps: bool = False) -> None:
        """`quiet`: print no notice for a job that exited with code 0, like any command in a script."""
        self._quiet = quiet
        self._stamps = Stamps(terminal=False) if timestamps else None
        self._notices = Notices()

    def show(self, event: Event) -> None:
        match event:
            case Chunk(data=data) if self._stamps is not None:
                self._write(self._stamps.feed(data.decode("latin-1"), received(event)).encode("latin-1"))
            case Chunk(data=data):
                self._write(data)
        quiet = self._quiet and isinstance(event, Ended) and exits.of_outcome(event.job.outcome) == 0
        for text in self._notices.rest() if quiet else self._notices.of(event):
            self.notice(text.plain)

    def _write(self, data: bytes) -> None:
        write_all(STDOUT, data)

    def notice(self, text: str) -> None:
        say(text)

    def tick(self) -> None:
        for text in self._notices.now():
            self.notice(text.plain)

    def until_tick(self) -> float | None:
        return self._notices.due()

    def close(self) -> None:
        for text in self._notices.rest():
            self.notice(text.plain)


class Lines(View):
    """Writes all events as JSON lines."""

    def show(self, event: Event) -> None:
        write_all(STDOUT, json.dump(json.event(event)).encode() + b"\n")
