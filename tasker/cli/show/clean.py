"""Makes the output of a job harmless for a terminal. Pure: bytes in, text out; independent of terminal and job.

It keeps printable text, SGR (colours and attributes), tab, newline, carriage return and backspace. It drops everything
else that a terminal would act on: cursor movement, titles, the clipboard, queries whose answers the terminal would
type, character sets, C0 and C1 controls. Invalid UTF-8 becomes U+FFFD. Invisible characters become escapes, and
combining marks are bounded (hidden.py). The result does not depend on how the bytes are divided into chunks.

    GROUND ──ESC [ … final──▶ kept if SGR, else dropped      at most SEQUENCE characters, else only the ESC [ goes
       └─────ESC ] P X ^ _──▶ STRING ──BEL, ST, CAN, newline, ESC or STRING characters──▶ GROUND

A real terminal waits for the end of a string without limit; here a string ends with the line, so that a stray ESC in
binary output hides only one line.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from tasker.cli.show.hidden import HIDDEN, HIDDEN_ASTRAL, OUT_OF_PLACE, Revealing

SEQUENCE = 256
"""Maximum number of parameter characters in a control sequence."""
STRING = 1 << 20
"""Maximum number of characters in a control string, e.g. a picture."""
SGR = re.compile(rf"\x1b\[([0-9;:]{{0,{SEQUENCE}}})m")
"""Colours and attributes; the group holds the parameters."""

_LAST_CONTROL = "\x9f"
_CONTROLS = r"\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f"
_is_hidden = re.compile(f"[{HIDDEN}{HIDDEN_ASTRAL}]").match
_IN_ASCII = re.compile(f"[{_CONTROLS}]")
_IN_BMP = re.compile(f"[{_CONTROLS}{HIDDEN}]{OUT_OF_PLACE}")
_IN_ALL = re.compile(f"[{_CONTROLS}{HIDDEN}{HIDDEN_ASTRAL}]{OUT_OF_PLACE}")
"""Find the next character that is not plain text. Three patterns for speed: a smaller class is faster."""
_TOKEN = re.compile(
    rf"""
      (?P<csi> (?: \x1b\[ | \x9b) [\x30-\x3f]{{0,{SEQUENCE}}} [\x20-\x2f]{{0,8}} [\x40-\x7e])
    | (?P<string> \x1b[\]PX^_] | [\x90\x98\x9d-\x9f])
    | (?P<escape> \x1b [\x20-\x2f]{{1,8}} [\x30-\x7e] | \x1b [\x30-\x5a\x5c\x60-\x7e])
    | (?P<open> (?: \x1b [\x20-\x2f]{{0,8}} | (?: \x1b\[ | \x9b) [\x30-\x3f]{{0,{SEQUENCE}}} [\x20-\x2f]{{0,8}} ) \Z)
    | (?P<stray> \x1b\[ | .)
    """,
    re.VERBOSE | re.DOTALL,
)
_STRING_END = re.compile(r"[\x07\x18\x1a\x9c]|(?=[\x1b\n])")


class Cleaner:
    """A streaming cleaner. Holds at most one unfinished sequence between two chunks."""

    def __init__(self, *, colours: bool = True) -> None:
        """Without `colours`, SGR is dropped, too: for a terminal without escape sequences."""
        self._colours = colours
        self._undecoded = b""
        self._held = ""
        self._revealing = Revealing()
        self._string_left = 0
        """Characters left of the limit of the current control string; 0 outside a control string."""

    def feed(self, data: bytes, final: bool = False) -> str:
        """Returns the harmless text of the next chunk. `final`: no more chunks follow, so nothing is held back."""
        text, search = self._decoded(data, final)
        kept: list[str] = []
        at = 0
        while at < len(text):
            if self._string_left:
                at = self._skip_string(text, at)
                continue
            if text[at] > _LAST_CONTROL and _is_hidden(text, at):  # the character before may have been dropped
                kept.append(self._revealing.hidden(text[at]))
                at += 1
                continue
            suspect = search(text, at)
            end = len(text) if suspect is None else suspect.start()
            kept.append(self._revealing.plain(text[at:end]))
            if suspect is None:
                break
            if text[end] > _LAST_CONTROL:
                kept.append(self._revealing.hidden(text[end]))
                at = end + 1
                continue
            if sequence := SGR.match(text, end):
                kept.append(sequence[0] if self._colours else "")
                at = sequence.end()
                continue
            token = _TOKEN.match(text, end)
            assert token is not None
            at = token.end()
            match token.lastgroup:
                case "string":
                    self._string_left = STRING
                case "open" if not final:
                    self._held = token[0]
        return "".join(kept)

    def _decoded(self, data: bytes, final: bool) -> tuple[str, Callable[[str, int], re.Match[str] | None]]:
        """Returns the next text, and the function that finds its first character that is not plain."""
        raw = self._undecoded + data
        text, used = codecs.utf_8_decode(raw, "replace", final)
        self._undecoded = raw[used:]
        text, self._held = self._held + text, ""
        if text.isascii():
            return text, _IN_ASCII.search
        astral = b"\xf0" in raw or b"\xf3" in raw  # the first bytes of HIDDEN_ASTRAL in UTF-8
        return text, (_IN_ALL if astral else _IN_BMP).search

    def _skip_string(self, text: str, at: int) -> int:
        end = _STRING_END.search(text, at, at + self._string_left)
        if end is not None:
            self._string_left = 0
            return end.end()
        skipped = min(len(text) - at, self._string_left)
        self._string_left -= skipped
        return at + skipped
