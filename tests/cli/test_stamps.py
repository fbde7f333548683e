"""Times before lines: however a line is cut, it has one; the job's colours and carriage returns stay right."""

from __future__ import annotations

import random
import re

import pyte
import pytest

from tasker.cli.live.timestamps import STYLES, Stamps, stamp
from tests.cli.terminal import Emulator

ONE, TWO = 1_700_000_000.25, 1_700_000_001.5
T1, T2 = stamp(ONE), stamp(TWO)


def test_a_stamp_is_local_time_with_milliseconds() -> None:
    assert re.fullmatch(r"2023-11-1[45] \d\d:\d\d:20\.250", T1)


def test_each_line_has_the_time_of_its_first_byte() -> None:
    stamps = Stamps(terminal=False)
    pieces = (("a", ONE), ("b\nc\n", TWO), ("\n", ONE), ("", TWO), ("d", TWO))
    shown = [stamps.feed(text, when) for text, when in pieces]
    assert "".join(shown) == f"{T1} ab\n{T2} c\n{T1} \n{T2} d"


def rows(text: str) -> list[str]:
    emulator = Emulator(60, 110)
    pyte.Stream(emulator).feed(text.replace("\n", "\r\n"))
    return emulator.rows()


def test_however_it_is_cut_it_looks_the_same() -> None:
    dice = random.Random(8275)  # noqa: S311 - reproducible, no secret
    for _ in range(20):
        bits = dice.choices(["a", "\n", "\r", "\r\n", "\x1b[31m", "\x1b[0m", "word "], k=100)
        cut = sorted(dice.sample(range(100), 20))
        pieces = ["".join(bits[i:j]) for i, j in zip([0, *cut], [*cut, 100], strict=True)]
        piped, shown = Stamps(terminal=False), Stamps(terminal=True)
        assert "".join(piped.feed(piece, ONE) for piece in pieces) == Stamps(terminal=False).feed("".join(bits), ONE)
        whole = rows(Stamps(terminal=True).feed("".join(bits), ONE))
        assert rows("".join(shown.feed(piece, ONE) for piece in pieces)) == whole
        assert all(row.startswith(T1) for row in whole if row)


def test_on_a_terminal_they_are_dim_and_colours_go_on_behind_them() -> None:
    stamps = Stamps(terminal=True)
    assert stamps.feed("\x1b[1;31mred\nstill\x1b[m\nplain", ONE) == (
        f"\x1b[0;2m{T1}\x1b[0m \x1b[1;31mred\n\x1b[0;2m{T1}\x1b[0m \x1b[1;31mstill\x1b[m\n\x1b[0;2m{T1}\x1b[0m plain"
    )


def test_on_a_terminal_a_progress_bar_leaves_the_time_of_its_line() -> None:
    stamps = Stamps(terminal=True)
    prefix = f"\x1b[0;2m{T1}\x1b[0m "
    assert stamps.feed("1 %\r2 %", ONE) + stamps.feed("\r3 %\r\n", TWO) == f"{prefix}1 %\r{prefix}2 %\r{prefix}3 %\r\n"


def test_styles_that_are_never_reset_do_not_add_up() -> None:
    stamps = Stamps(terminal=True)
    stamps.feed("\x1b[1m", ONE)
    for _ in range(100):
        stamps.feed("\x1b[31mred\x1b[39mplain\n", ONE)
    assert stamps.feed("x", ONE).endswith(" \x1b[1m\x1b[31m\x1b[39mx")


@pytest.mark.parametrize("printed", ["\ra", "\n", "a\n", "\r\n", "\ra\x1b[1m", "\x1b[1m"])
@pytest.mark.parametrize("length", [4, 20, STYLES, 250])
def test_what_is_shown_is_a_small_multiple_of_what_was_printed(printed: str, length: int) -> None:
    """Whatever styles a job asks for first, to have them written again after each of its carriage returns or lines."""
    stamps = Stamps(terminal=True)
    for number in range(32):
        stamps.feed(f"\x1b[{number:0{length - 3}}m", ONE)
    shown = sum(len(stamps.feed(printed * 1000, ONE)) for _ in range(10))
    assert shown <= 50 * len(printed) * 10_000
