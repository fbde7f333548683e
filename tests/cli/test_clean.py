"""The cleaner: nothing that a terminal acts on comes through, and the cut into chunks makes no difference."""

from __future__ import annotations

import random
import re
import unicodedata

import pytest

from tasker.cli.show.clean import SEQUENCE, STRING, Cleaner
from tasker.cli.show.hidden import HIDDEN, HIDDEN_ASTRAL, MARKS, is_mark, visible

HARMLESS = re.compile(r"(?:[^\x00-\x1f\x7f-\x9f]|[\t\n\r\b]|\x1b\[[0-9;:]*m)*")

TOO_MANY = re.compile(f"[\u0301\u200d\ufe0f]{{{MARKS + 1}}}|\u202e")

CASES: list[tuple[bytes, str]] = [
    (b"plain\ttext\r\nand 50 %\rprogress\bx", "plain\ttext\r\nand 50 %\rprogress\bx"),
    (b"\x1b[1;31mred\x1b[0m \x1b[38:2::1:2:3mtrue\x1b[m", "\x1b[1;31mred\x1b[0m \x1b[38:2::1:2:3mtrue\x1b[m"),
    ("wörld 世界 👩‍👩‍👧".encode(), "wörld 世界 👩‍👩‍👧"),
    (b"a\x1b[2J\x1b[Hb\x1b[10;20Hc\x1b[?1049hd\x1b[5ne\x1b[cf", "abcdef"),
    (b"a\x1b[?25mb\x1b[>4;1mc\x1b[1 md", "abcd"),  # look like SGR, are not
    (b"a\x1b]0;title\x07b\x1b]52;c;aGk=\x1b\\c", "abc"),
    (b"a\x1bPq#0;2;0;0;0\x1b\\b\x1b_Gf=100;AAAA\x1b\\c\x1b^pm\x1b\\d\x1bXsos\x1b\\e", "abcde"),
    (b"a\x1b]0;no end\nb", "a\nb"),
    (b"a\x1b]0;t\x1b[31mb", "a\x1b[31mb"),
    ("a\x9b31mb\x9d0;title\x9cc\x90dcs\x9cd\x85e".encode(), "abcde"),  # C1 as code points
    (b"a\x9b2Jb\xff\xc3(", "a\ufffd2Jb\ufffd\ufffd("),  # C1 as bytes are no UTF-8
    (b"a\x00b\x07c\x0bd\x0ce\x0ef\x0fg\x7fh", "abcdefgh"),
    (b"a\x1bcb\x1b7c\x1b8d\x1bDe\x1bMf\x1b(0g\x1b#8h\x1b%Gi\x1b=j", "abcdefghij"),
    (b"a\x1b\x1b[31mb", "a\x1b[31mb"),
    (b"a\x1b[3\n1mb", "a3\n1mb"),  # not one sequence any more: its ESC [ is gone, its rest is text
    (b"a\x1b[31\x1b[32mb", "a31\x1b[32mb"),
    (b"a\x1b\x80b", "a\ufffdb"),
    (b"a\x1b[" + b"1" * (SEQUENCE + 1) + b"mb", "a" + "1" * (SEQUENCE + 1) + "mb"),
    (b"end\x1b[3", "end"),
    (b"end\x1b", "end"),
    (b"end\xe4\xb8", "end\ufffd"),
    ("a\x1b(0\ufe0fb".encode(), r"a\ufe0fb"),  # the 0 is dropped
    ("a\u202eb\u2066c\u200bd\ufeffe".encode(), r"a\u202eb\u2066c\u200bd\ufeffe"),
    ("a\U000e0041b\U0001d173c\u00add\u3164e\u2028f".encode(), r"a\U000e0041b\U0001d173c\xadd\u3164e\u2028f"),
    ("\x1b[31m\u202e\x1b[0m".encode(), "\x1b[31m\\u202e\x1b[0m"),
    ("❤️ 1️⃣ 👩‍💻 👩🏽‍🚀 می‌خواهم क्‍ष 葛\ufe00".encode(), "❤️ 1️⃣ 👩‍💻 👩🏽‍🚀 می‌خواهم क्‍ष 葛\ufe00"),
    ("a\u200db a\ufe0fb 👩\u200c م\u200c\u200c".encode(), r"a\u200db a\ufe0fb 👩\u200c " + "م\u200c" + r"\u200c"),
    ("👩\x1b[1m\u200d👧 👩\x1b[2J\u200d👧".encode(), "👩\x1b[1m\u200d👧 👩\u200d👧"),  # no character is between them
    ("e\u0301 สวัสดีครับ नमस्ते שָׁלוֹם ཧྐྵྨླྺྼྻྂ".encode(), "e\u0301 สวัสดีครับ नमस्ते שָׁלוֹם ཧྐྵྨླྺྼྻྂ"),
    (("z" + "\u0301" * 300 + "y").encode(), "z" + "\u0301" * MARKS + "\ufffdy"),
    (("z" + "\u0301\x1b[1m" * 20).encode(), "z" + "\u0301\x1b[1m" * MARKS + "\ufffd\x1b[1m" + "\x1b[1m" * (19 - MARKS)),
    (("ᄀ" + "\u1161" * 20).encode(), "ᄀ" + "\u1161" * MARKS + "\ufffd"),
    (("𓀀" * 20 + "\U0001d165" * 20).encode(), "𓀀" * 20 + "\U0001d165" * MARKS + "\ufffd"),
    (("म" + "\u200d" * 3).encode(), "म\u200d" + r"\u200d" * 2),
]


def clean(chunks: list[bytes]) -> str:
    cleaner = Cleaner()
    return "".join([cleaner.feed(chunk) for chunk in chunks] + [cleaner.feed(b"", final=True)])


@pytest.mark.parametrize(("printed", "shown"), CASES)
def test_what_is_kept(printed: bytes, shown: str) -> None:
    assert clean([printed]) == shown


@pytest.mark.parametrize(("printed", "shown"), CASES)
def test_any_cut_gives_the_same(printed: bytes, shown: str) -> None:
    assert clean([bytes([byte]) for byte in printed]) == shown
    for at in range(len(printed)):
        assert clean([printed[:at], printed[at:]]) == shown


def test_random_soup_is_harmless_and_cut_makes_no_difference() -> None:
    dice = random.Random(8275)  # noqa: S311 - a reproducible soup, no secret
    pieces = [
        b"\x1b",
        b"[",
        b"]",
        b"P",
        b"\\",
        b"m",
        b"H",
        b";",
        b"1",
        b"?",
        b" ",
        b"\x07",
        b"\n",
        b"\r",
        b"\x9b",
        b"a",
    ]
    pieces += [char.encode() for char in ("\u0301", "\u0301" * 5, "\u200d", "\ufe0f", "\u202e", "👩", "म", "𓀀")]
    pieces += ["世".encode(), "\x9b".encode(), "\x9d".encode(), "\x9c".encode(), b"\xff", b"\x18", b"(", b"0"]
    for _ in range(2000):
        soup = b"".join(dice.choices(pieces, k=dice.randint(1, 60)))
        whole = clean([soup])
        assert HARMLESS.fullmatch(whole), soup
        assert not TOO_MANY.search(re.sub(r"\x1b\[[0-9;:]*m", "", whole)), soup
        cuts = sorted(dice.sample(range(len(soup) + 1), k=min(4, len(soup))))
        assert clean([soup[a:b] for a, b in zip([0, *cuts], [*cuts, len(soup)], strict=True)]) == whole, soup


def test_what_is_held_between_chunks_is_bounded() -> None:
    cleaner = Cleaner()
    cleaner.feed(b"\x1b[")
    for _ in range(100):
        cleaner.feed(b"1" * 1000)
    assert cleaner.feed(b"x") == "x"


def test_an_endless_string_ends_at_its_bound() -> None:
    for cut in (1, 1000, STRING):
        printed = b"\x1bP" + b"q" * (STRING + 3)
        cut = max(cut, 4096)
        assert clean([printed[at : at + cut] for at in range(0, len(printed), cut)]) == "qqq"


def test_every_hidden_character_is_shown() -> None:
    """All of category Cf but those with a form of their own, of Zl and Zp, and fillers: alone, and in a name."""
    hidden = re.compile(f"[{HIDDEN}{HIDDEN_ASTRAL}]")
    for code in range(0xA0, 0x110000):
        char = chr(code)
        if unicodedata.category(char) in ("Cf", "Zl", "Zp") and not seen(code):
            assert hidden.fullmatch(char), hex(code)
        if hidden.fullmatch(char):
            escape = visible(char)
            assert escape.startswith("\\"), hex(code)
            assert clean([f"a{char}b".encode()]) == f"a{escape}b", hex(code)


def seen(code: int) -> bool:
    """Signs around digits (Arabic, Syriac, Kaithi), and hieroglyphs' own layout: they show, or stand among signs."""
    around = (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD)
    return code in around or 0x13430 <= code < 0x13460


def test_every_mark_counts() -> None:
    for code in range(0x300, 0xE0000):
        char = chr(code)
        if unicodedata.category(char)[0] == "M" and not re.fullmatch(f"[{HIDDEN}]", char):
            assert is_mark(char)
            assert clean([("a" + char * 50).encode()]) == "a" + char * MARKS + "\ufffd", hex(code)


def test_words_in_tables_show_what_they_hide() -> None:
    assert visible("naïve 世界") == "naïve 世界"
    assert visible("a\x1b[2J\nb\tc\u202e") == r"a\x1b[2J\nb\tc\u202e"
    assert visible("\udcff\U000e0001") == r"\xff\U000e0001"
    assert visible("❤️ 👩‍💻 می‌خواهم") == "❤️ 👩‍💻 می‌خواهم"
    assert visible("a\u3164b a\u200db a\ufe0fb 👩\x1b\u200d") == r"a\u3164b a\u200db a\ufe0fb 👩\x1b\u200d"
    assert visible("z" + "\u0336" * 30) == "z" + "\u0336" * MARKS + "\ufffd"
    assert visible("") == ""
