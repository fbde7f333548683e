"""Escapes invisible characters, and bounds the number of combining marks on a character. Pure.

A reader must see every character that a program printed: a bidi control reorders a line ("Trojan Source",
CVE-2021-42574), a zero-width character makes two words look the same, tags and variation selectors hide text. So each
is shown as an escape, e.g. \\u202e. The set is Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt;
bidi controls, zero-width characters, fillers, tags, variation selectors) with the line and paragraph separators and the
interlinear annotations.

Three kinds belong to ordinary text. One such character is kept, depending on the character before it:

    ZWNJ, ZWJ    after a letter or mark of a script that joins its letters (Arabic, Devanagari, Khmer, …)
    ZWJ          after a pictograph: 👩‍👧 is three characters
    VS1 to VS16  after a pictograph, a keycap's digit, or a letter of a script that has variants (❤️, 1️⃣, CJK)

At most MARKS combining marks are shown on one character. Unicode sets no bound; "zalgo" text has hundreds and covers
the lines around it. The Tibetan syllable ཧྐྵྨླྺྼྻྂ has 8, more than any other word in use; Hebrew and Vedic have up to
4, Thai 2. U+FFFD replaces further marks.
"""

from __future__ import annotations

import re
from functools import cache

MARKS = 8
"""Maximum number of combining marks shown on one character."""
JOINERS = "\u200c\u200d"
LEFT_OUT = "\ufffd"
"""Replaces all further marks."""

HIDDEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
)
"""The invisible characters up to U+FFFF, for a character class of a regular expression."""
HIDDEN_ASTRAL = "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
"""The invisible characters beyond U+FFFF; separate because a class with them is slower."""

_JOINED = "\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\ua840-\ua87f\ua8e0-\ua8ff\U00010ac0-\U00010aff"
_PICTURES = "\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff"
_VARIED = f"#*0-9{_PICTURES}\u1000-\u109f\u1800-\u18af\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
OUT_OF_PLACE = f"(?<![{_JOINED}]\u200c)(?<![{_JOINED}{_PICTURES}\ufe0f]\u200d)(?<![{_VARIED}][\ufe00-\ufe0f])"
"""Follows an invisible character in a regular expression; excludes characters that are kept."""
_NAMED = {"\n": r"\n", "\t": r"\t", "\r": r"\r"}


def is_mark(char: str) -> bool:
    """Returns whether `char` combines with the character before, as joiners and later parts of Hangul syllables do."""
    import unicodedata  # here: not needed for ASCII

    return (
        unicodedata.category(char)[0] == "M"
        or char in JOINERS
        or "\u1160" <= char <= "\u11ff"
        or ("\ud7b0" <= char <= "\ud7ff")
    )


@cache
def _out_of_place() -> re.Pattern[str]:
    """Returns the pattern of an invisible character to escape. Compiled on first use: it takes milliseconds."""
    return re.compile(f"([{HIDDEN}{HIDDEN_ASTRAL}]{OUT_OF_PLACE})")


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Returns the pattern of one mark, and that of too many marks in a row.

    For speed, the class has every mark up to U+FFFF and one range for all marks beyond.
    """
    from itertools import groupby

    spans = (range(0x300, 0x3400), range(0xA000, 0xAC00), range(0xD7B0, 0xD800), range(0xFB00, 0x10000))
    marks = [code for span in spans for code in span if is_mark(chr(code))]
    runs = (list(run) for _, run in groupby(enumerate(marks), lambda one: one[1] - one[0]))
    mark = "".join(f"{chr(run[0][1])}-{chr(run[-1][1])}" for run in runs)
    mark = f"[{mark}\U00010000-\U0001efff]"
    return re.compile(mark), re.compile(f"{mark}{mark}{{{MARKS},}}")  # a separate first mark makes the search faster


class Revealing:
    """Processes a text in pieces: `plain` takes ordinary text, `hidden` an invisible character."""

    def __init__(self) -> None:
        self._last = ""
        """The previous character."""
        self._piled = 0
        """The number of marks in a row so far; at most MARKS + 1."""

    def plain(self, text: str) -> str:
        """Returns the piece, with the number of marks on one character bounded."""
        if not text:
            return ""
        self._last = text[-1]
        if text.isascii():
            self._piled = 0
            return text
        mark, pile = _patterns()
        if not self._piled and mark.search(text[MARKS :: MARKS + 1]) is None and not is_mark(text[-1]):
            return text  # too many marks in a row would put one at one of these positions
        before = self._piled
        whole = "\u0301" * before + text
        self._piled = _height(whole)
        return pile.sub(_bounded, whole)[before:]

    def hidden(self, char: str) -> str:
        """Returns an escape, or the character itself if it belongs to the end of the previous piece."""
        if _out_of_place().search(self._last + char, len(self._last)) is None:
            return self.plain(char)
        self._last, self._piled = char, 0
        return escape(char)


def _height(text: str) -> int:
    """Returns the number of marks in a row at the end of `text`; at most MARKS + 1."""
    for count, char in enumerate(reversed(text[-MARKS - 1 :])):
        if not is_mark(char):
            return count
    return min(len(text), MARKS + 1)


def _bounded(pile: re.Match[str]) -> str:
    kept: list[str] = []
    count = 0
    for char in pile[0]:
        count = count + 1 if is_mark(char) else 0
        kept.append(char if count <= MARKS else LEFT_OUT if count == MARKS + 1 else "")
    return "".join(kept)


def visible(text: str) -> str:
    r"""Returns a word or line for people, with escapes for invisible and control characters, e.g. \x1b."""
    if text.isascii() and text.isprintable():
        return text
    revealing = Revealing()
    pieces = _out_of_place().split(text)  # plain, hidden, plain, …
    return "".join(
        escape(piece) if number % 2 else revealing.plain(_printable(piece)) for number, piece in enumerate(pieces)
    )


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() or char in JOINERS else escape(char) for char in text)


def escape(char: str) -> str:
    """Returns the escape of a character, as in Python source."""
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8, as decoded by os.fsdecode
        code -= 0xDC00
    return _NAMED.get(char) or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    )
