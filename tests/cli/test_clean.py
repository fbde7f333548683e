"""The cleaner: nothing that a terminal acts on comes through, and the cut into chunks makes no difference."""

from __future__ import annotations

import random
import re

import pytest

from tasker.cli.clean import SEQUENCE, STRING, Cleaner, visible

HARMLESS = re.compile(r"(?:[^\x00-\x1f\x7f-\x9f]|[\t\n\r\b]|\x1b\[[0-9;:]*m)*")

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
    pieces += ["世".encode(), "\x9b".encode(), "\x9d".encode(), "\x9c".encode(), b"\xff", b"\x18", b"(", b"0"]
    for _ in range(2000):
        soup = b"".join(dice.choices(pieces, k=dice.randint(1, 60)))
        whole = clean([soup])
        assert HARMLESS.fullmatch(whole), soup
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


def test_words_in_tables_show_what_they_hide() -> None:
    assert visible("naïve 世界") == "naïve 世界"
    assert visible("a\x1b[2J\nb\tc\u202e") == r"a\x1b[2J\nb\tc\u202e"
    assert visible("\udcff\U000e0001") == r"\xff\U000e0001"
