"""Where a text leaves the cursor: enough to know whether a row is used and whether the cursor hangs at the margin."""

from __future__ import annotations

import pytest

from tasker.cli.live.screen import Column


@pytest.mark.parametrize(
    ("text", "at", "used"),
    [
        ("", 0, False),
        ("abc", 3, True),
        ("abc\n", 0, False),
        ("abc\r", 0, True),
        ("abc\rx", 1, True),
        ("a\tb", 9, True),
        ("12345678\t", 16, True),
        ("ab\b", 1, True),
        ("\b\b", 0, False),
        ("\t", 8, False),
        ("世界", 4, True),
        ("\x1b[31mab\x1b[0m", 2, True),
        ("one\ntwo\rthree\x1b[1m", 5, True),
        ("e\u0301", 1, True),
    ],
)
def test_after_a_text(text: str, at: int, used: bool) -> None:
    for pieces in ([text], list(text) if "\x1b" not in text and "\u0301" not in text else [text]):
        column = Column()
        for piece in pieces:
            column.feed(piece, 80)
        assert (column.at, column.used) == (at, used)


def test_the_margin() -> None:
    hangs = {cells for cells in range(50) if _after("x" * cells).may_hang(20)}
    assert hangs == {19, 20, 39, 40}
    assert _after("x" + "世" * 10).at == 22  # the last did not fit into the first row


def _after(text: str) -> Column:
    column = Column()
    column.feed(text, 20)
    return column
