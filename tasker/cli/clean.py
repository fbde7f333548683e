"""What a job prints, made harmless for a terminal. Pure: bytes in, text out; it knows no terminal and no job.

Kept: printable text, SGR (colours and the like), tab, newline, carriage return, backspace. Everything else that a
terminal would act on is dropped: cursor movement, titles, the clipboard, queries that the terminal would answer as if
typed, character sets, C0 and C1 controls. Bytes that are no UTF-8 become U+FFFD. However the bytes are cut into
chunks, the text is the same.

    GROUND ──ESC [ … final──▶ kept if SGR, else dropped      at most SEQUENCE characters, else only the ESC [ goes
       └─────ESC ] P X ^ _──▶ STRING ──BEL, ST, CAN, newline, ESC or STRING characters──▶ GROUND

A real terminal would wait for ever for the end of a string; here it ends with the line, so that a stray ESC in binary
output hides one line and not all the rest.
"""

from __future__ import annotations

import codecs
import re

SEQUENCE = 256
"""Characters of one control sequence."""
STRING = 1 << 20
"""Characters of one control string, e.g. a picture."""
SGR = re.compile(r"\x1b\[([0-9;:]*)m")
"""Colours and the like; their numbers."""

_SUSPECT = re.compile(r"[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f]")
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

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._string_left = 0
        """Characters that the current control string may still have; 0 outside of one."""

    def feed(self, data: bytes, final: bool = False) -> str:
        """The harmless text of the next chunk. With `final` nothing is held back: no more will come."""
        text = self._held + self._decoder.decode(data, final)
        self._held = ""
        kept: list[str] = []
        at = 0
        while at < len(text):
            if self._string_left:
                at = self._skip_string(text, at)
                continue
            suspect = _SUSPECT.search(text, at)
            if suspect is None:
                kept.append(text[at:])
                break
            kept.append(text[at : suspect.start()])
            token = _TOKEN.match(text, suspect.start())
            assert token is not None
            at = token.end()
            match token.lastgroup:
                case "csi" if SGR.fullmatch(token[0]):
                    kept.append(token[0])
                case "string":
                    self._string_left = STRING
                case "open" if not final:
                    self._held = token[0]
        return "".join(kept)

    def _skip_string(self, text: str, at: int) -> int:
        end = _STRING_END.search(text, at, at + self._string_left)
        if end is not None:
            self._string_left = 0
            return end.end()
        skipped = min(len(text) - at, self._string_left)
        self._string_left -= skipped
        return at + skipped


def visible(text: str) -> str:
    r"""One word or line for a table: whatever is not printable is written as an escape, e.g. \x1b."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8, as os.fsdecode keeps it
        code -= 0xDC00
    named = {"\n": r"\n", "\t": r"\t", "\r": r"\r"}
    return named.get(char) or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    )
