"""Puts the time of receipt before each line. Pure: pieces of text with their times in, text out.

A line received in parts has the time of its first part. On a terminal, a progress bar would overwrite the time after a
carriage return, so the time is written again there. It is dim; after it, the job's own colours are restored.
"""

from __future__ import annotations

import re
from datetime import datetime

from tasker.cli.show.clean import SGR

_RESETS = re.compile(r"0*(;|\Z)")
STYLES = 64
"""Maximum length of the SGR sequences kept since the last reset; more than colours and attributes need. A job can cause
all of them to be repeated with every second character, so at most about fifty times the printed bytes are shown."""


def stamp(when: float) -> str:
    """Returns a local time with milliseconds."""
    return datetime.fromtimestamp(when).isoformat(" ", "milliseconds")


class Stamps:
    """Inserts times into a stream of text."""

    def __init__(self, *, terminal: bool, styled: bool = True) -> None:
        """`styled`: whether the terminal understands SGR."""
        self._terminal = terminal
        self._style_of_time = ("\x1b[0;2m", "\x1b[0m") if terminal and styled else ("", "")
        self._styles: dict[str, None] = {}
        """The SGR sequences in effect, each once, in order."""
        self._line = ""
        """The time of the current line; "" at its start."""
        self._returned = False
        """Whether the last character was a carriage return."""

    def feed(self, text: str, when: float) -> str:
        """Returns the next piece with times. `when`: the time of receipt, in seconds since the epoch."""
        now = stamp(when)
        out: list[str] = []
        *whole, rest = text.split("\n")
        for line in whole:
            out += [self._prefixed(line, now), "\n"]
            self._line, self._returned = "", False
        if rest:
            out.append(self._prefixed(rest, now))
        return "".join(out)

    def _prefixed(self, text: str, now: str) -> str:
        first = "" if self._line else self._prefix(now, styled=bool(text))
        self._line = self._line or now
        return first + (self._on_terminal(text) if self._terminal else text)

    def _on_terminal(self, text: str) -> str:
        """Inserts the line's time after each carriage return that is not at the end of the line."""
        parts = re.split(r"\r+(?!\Z)", text)
        out = [self._prefix(self._line)] if self._returned and text else []
        self._returned = text.endswith("\r")
        for number, part in enumerate(parts):
            out += ["\r", self._prefix(self._line)] if number else []
            out.append(part)
            self._styled(part)
        return "".join(out)

    def _prefix(self, when: str, styled: bool = True) -> str:
        begin, end = self._style_of_time
        return f"{begin}{when}{end} {''.join(self._styles) if styled else ''}"

    def _styled(self, text: str) -> None:
        for sequence in SGR.finditer(text):
            if _RESETS.match(sequence[1]):
                self._styles.clear()
            if sequence[1].strip("0"):
                self._styles.pop(sequence[0], None)
                self._styles[sequence[0]] = None
            while sum(map(len, self._styles)) > STYLES:
                del self._styles[next(iter(self._styles))]
