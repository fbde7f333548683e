"""A time before each line: when its first byte was received. Pure: text in pieces, each with its time, in and out.

A line that comes in parts has one time, that of its first. On a terminal a carriage return would let a progress bar
overwrite the time, so it is written again after it; it is dim, and the job's own colours go on behind it.
"""

from __future__ import annotations

import re
from datetime import datetime

from tasker.cli.show.clean import SGR

_RESETS = re.compile(r"0*(;|\Z)")
STYLES = 64
"""Characters of SGR sequences since the last reset that are kept: more than colours and attributes need. A job may ask
for all of them again with every second character, so what is shown is at most fifty times what was printed."""


def stamp(when: float) -> str:
    """Local time with milliseconds."""
    return datetime.fromtimestamp(when).isoformat(" ", "milliseconds")


class Stamps:
    """Puts times into a stream of text."""

    def __init__(self, *, terminal: bool, styled: bool = True) -> None:
        """`styled`: whether the terminal knows SGR."""
        self._terminal = terminal
        self._style_of_time = ("\x1b[0;2m", "\x1b[0m") if terminal and styled else ("", "")
        self._styles: dict[str, None] = {}
        """The SGR sequences in force, each once, in order."""
        self._line = ""
        """The time of the current line; "" at its start."""
        self._returned = False
        """Whether the last character was a carriage return."""

    def feed(self, text: str, when: float) -> str:
        """The next piece, received at `when`, in seconds since the epoch."""
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
        """With the line's time again after each carriage return but that of a line's end."""
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
