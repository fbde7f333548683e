"""Output above a footer looks exactly as it would on a terminal that is one row lower, whatever is printed.

Every case runs on a real pseudo-terminal whose emulator forgets a pending wrap when the cursor is restored, as some
terminals do: so it is a hard one.
"""

from __future__ import annotations

import os
import queue
import random
import re
from dataclasses import replace

import pyte
import pytest
from rich.console import Console

from tasker.cli.live import keyboard as keys
from tasker.cli.live import screen as module
from tasker.cli.live.screen import Screen
from tasker.cli.live.terminal import OnTerminal
from tasker.client import Attached, Chunk
from tasker.job import JobSpec
from tasker.limits import Limits
from tasker.usage import Pressure, Usage
from tests.cli.jobs import RUNNING
from tests.cli.terminal import Emulator, Terminal
from tests.support.waiting import DEADLINE

COLUMNS, ROWS = 24, 8


@pytest.fixture(autouse=True)
def _draw_at_every_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BETWEEN_DRAWS", 0.0)


class Counting:
    """A footer that looks different at every draw."""

    def __init__(self) -> None:
        self.draws = 0

    def __call__(self, columns: int) -> str:
        self.draws += 1
        return f"\x1b[7mfooter {self.draws}".ljust(columns)[: columns + 3]


def plainly(before: str, pieces: list[str], rows: int = ROWS - 1) -> Emulator:
    """What a terminal without a footer shows, one row lower."""
    emulator = Emulator(COLUMNS, rows, history=100_000, ratio=0.5)
    pyte.Stream(emulator).feed("".join([before, *pieces]).replace("\n", "\r\n"))
    return emulator


def with_footer(terminal: Terminal, before: str, pieces: list[str]) -> Screen:
    terminal.write(before.encode())
    screen = Screen(terminal.fd, Counting())
    for piece in pieces:
        screen.write(piece)
    return screen


CASES: dict[str, list[str]] = {
    "nothing": [],
    "lines": [f"line {n}\n" for n in range(30)],
    "a line in parts": list("one line, a letter at a time, longer than the row is wide, and on\nend"),
    "progress": [f"\r{n:3} % {'#' * (n // 8)}" for n in range(0, 101, 5)] + ["\ndone\n"],
    "progress, return last": [f"{n:3} %\r" for n in range(0, 101, 10)],
    "spinner": ["working |", "\b/", "\b-", "\b\\", "\b|", "\n"],
    "exactly full rows": ["x" * COLUMNS, "y" * COLUMNS, "\n", "z" * COLUMNS, "\n\n", "w" * COLUMNS * 2, "v"],
    "wide": ["世界" * 5, "世", "界界", "a", "世" * 11, "世", "\n", "x", "世" * 12, "y\n"],
    "combining": ["e\u0301" * 30, "\n", "🏳\ufe0f\u200d🌈" * 4, "\n"],
    "tabs": ["a\tb\tc\td\te\n", "\t", "\t", "\t", "x\n", "y" * 23, "\t", "z\n"],
    "colours": ["\x1b[31mred", " still red\n", "\x1b[44mon blue\n", "\n" * 9, "blue\x1b[0m\nplain\n"],
    "colours, cut": ["a\x1b[3", "1mb\n"],
    "empty lines": ["\n"] * 20,
    "one big piece": ["".join(f"{n} " + "x" * (n % 60) + "\n" for n in range(300))],
}


@pytest.mark.parametrize(
    "before", ["", "$ tasker attach\n", "\n" * 20 + "$ tasker attach\n"], ids=["top", "mid", "end"]
)
@pytest.mark.parametrize("name", CASES)
def test_output_looks_as_without_a_footer(name: str, before: str) -> None:
    pieces = CASES[name]
    if name == "colours, cut":
        pieces = ["".join(pieces)]
    with Terminal(COLUMNS, ROWS) as terminal:
        screen = with_footer(terminal, before, pieces)
        screen.draw()
        rows = terminal.settle()
        plain = plainly(before, pieces)
        assert rows[:-1] == plain.rows()
        assert terminal.screen.scrolled() == plain.scrolled()
        assert [
            row[x].fg + row[x].bg for row in (terminal.screen.buffer[y] for y in range(ROWS - 1)) for x in range(9)
        ] == [row[x].fg + row[x].bg for row in (plain.buffer[y] for y in range(ROWS - 1)) for x in range(9)]
        assert sum("footer" in row for row in rows) <= 1


def test_random_output_looks_as_without_a_footer() -> None:
    dice = random.Random(8275)  # noqa: S311 - reproducible, no secret
    bits = ["a", "word ", "世", "\n", "\r", "\b", "\t", "\x1b[32m", "\x1b[0m", "x" * COLUMNS, "e\u0301", "y" * 7]
    for _ in range(150):
        pieces = ["".join(dice.choices(bits, k=dice.randint(1, 8))) for _ in range(dice.randint(1, 40))]
        with Terminal(COLUMNS, ROWS) as terminal:
            with_footer(terminal, "", pieces)
            assert terminal.settle()[:-1] == plainly("", pieces).rows(), pieces


def test_the_footer_stands_in_the_last_row_and_goes() -> None:
    with Terminal(COLUMNS, ROWS) as terminal:
        screen = with_footer(terminal, "", ["out\n" * 20])
        assert re.fullmatch(r"footer \d+", terminal.settle()[-1])
        screen.close()
        rows = terminal.settle()
        assert not any("footer" in row for row in rows)
        assert terminal.screen.margins is None
        assert terminal.screen.cursor.x == 0
        terminal.write(b"$ ")
        assert terminal.settle()[terminal.screen.cursor.y] == "$"


def test_the_terminal_comes_back_below_an_open_line() -> None:
    with Terminal(COLUMNS, ROWS) as terminal:
        screen = with_footer(terminal, "", ["\x1b[31mno newline"])
        screen.close()
        terminal.write(b"$ ")
        assert terminal.settle()[:2] == ["no newline", "$"]
        assert terminal.screen.buffer[1][0].fg == "default"


def test_a_line_of_our_own_gets_a_row_of_its_own() -> None:
    with Terminal(COLUMNS, ROWS) as terminal:
        screen = with_footer(terminal, "", ["open"])
        screen.line("notice 1")
        screen.line("notice 2")
        screen.write(" 50 %\r")
        screen.line("notice 3")
        screen.write("end\n")
        assert terminal.settle()[:6] == ["open", "notice 1", "notice 2", " 50 %", "notice 3", "end"]


def test_what_a_person_types_at_the_end_is_cleared() -> None:
    with Terminal(COLUMNS, ROWS) as terminal:
        screen = with_footer(terminal, "", ["line\n"])
        terminal.write(b"^C")
        screen.close()
        terminal.write(b"tasker: detached")
        assert terminal.settle()[:2] == ["line", "tasker: detached"]


@pytest.mark.parametrize(
    "sizes",
    [
        [(24, 12), (24, 6), (24, 20)],
        [(60, 8), (12, 8), (24, 8)],
        [(50, 20), (20, 5), (80, 24), (20, 4)],
        [(24, 2), (24, 8)],
        [(5, 8), (24, 8)],
    ],
)
@pytest.mark.parametrize("filled", [3, 50])
def test_resizing(sizes: list[tuple[int, int]], filled: int) -> None:
    """After every resize the newest lines stand above one footer, and none was overwritten."""
    with Terminal(COLUMNS, ROWS) as terminal:
        screen = with_footer(terminal, "", [f"old {n}\n" for n in range(filled)])
        number = filled
        for columns, rows in sizes:
            terminal.resize(columns, rows)
            for _ in range(rows // 2):
                screen.write(f"{number}\n")
                number += 1
            shown = terminal.settle()
            footers = [y for y, row in enumerate(shown) if "footer" in row]
            assert footers == ([rows - 1] if rows >= 4 and columns >= 20 else []), shown
            lines = [row for row in shown if row and "footer" not in row]
            newest = [str(n) for n in range(number - rows // 2, number)]
            assert lines[len(lines) - len(newest) :] == newest, shown


def test_an_open_line_survives_a_resize() -> None:
    with Terminal(COLUMNS, ROWS) as terminal:
        screen = with_footer(terminal, "", ["old\n" * 30, "open"])
        terminal.resize(40, 12)
        screen.draw()
        screen.write(" line\nnext")
        rows = terminal.settle()
        assert [row for row in rows if row][-3:-1] == ["open line", "next"], rows
        assert "footer" in rows[-1]


def test_no_footer_writes_nothing_but_the_output() -> None:
    with Terminal(COLUMNS, ROWS) as terminal:
        screen = Screen(terminal.fd, None)
        screen.write("a\x1b[1mb\n")
        screen.draw()
        terminal.settle()
        assert bytes(terminal.raw).startswith(b"a\x1b[1mb\r\n\x1b]2;sync")


def test_draws_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BETWEEN_DRAWS", 3600.0)
    with Terminal(COLUMNS, ROWS) as terminal:
        footer = Counting()
        screen = Screen(terminal.fd, footer)
        for _ in range(1000):
            screen.write("loud\n")
        assert footer.draws == 1


def test_an_unchanged_footer_is_not_drawn_again() -> None:
    with Terminal(COLUMNS, ROWS) as terminal:
        screen = Screen(terminal.fd, lambda _columns: "still")
        screen.draw()
        terminal.settle()
        seen = terminal.raw.count(b"still")
        screen.draw()
        terminal.settle()
        assert (seen, terminal.raw.count(b"still")) == (1, 1)


def test_a_nonblocking_terminal_gets_every_byte() -> None:
    with Terminal(COLUMNS, ROWS) as terminal:
        os.set_blocking(terminal.fd, False)
        screen = Screen(terminal.fd, None)
        screen.write("".join(f"{n}\n" for n in range(20_000)))
        os.set_blocking(terminal.fd, True)
        assert terminal.settle()[-2] == "19999"


class Busy(OnTerminal):
    """A whole attach of a job of which everything can be said, with other figures at every draw."""

    def __init__(self, fd: int) -> None:
        super().__init__(Console(force_terminal=True), footer=True, fd=fd)
        self._dice = random.Random(8275)  # noqa: S311 - reproducible, no secret
        job = replace(RUNNING, spec=JobSpec(("世界" * 20,)), limits=Limits(memory=1 << 30), followers=3)
        self.show(Attached(job, 0))

    def change(self) -> None:
        waits = Pressure(self._dice.random(), 0.0, 1.0)
        memory, rate = self._dice.randrange(1 << 30), self._dice.random() * 1e9
        self.status(Usage(1.0, cpu_rate=rate / 1e8, memory=memory, io_read_rate=rate, io_pressure=waits))


@pytest.mark.parametrize("columns", [20, 24, 40, 79, 80, 200])
def test_a_busy_footer_keeps_to_its_row_whatever_is_printed(columns: int) -> None:
    dice = random.Random(columns)  # noqa: S311
    bits = ["a", "word ", "世", "\n", "\r", "\b", "\t", "x" * (columns - 1), "世" * (columns // 2), "e\u0301"]
    with Terminal(columns, ROWS) as terminal:
        output, printed = Busy(terminal.fd), ""
        for _ in range(120):
            piece = "".join(dice.choices(bits, k=dice.randint(1, 6)))
            printed += piece
            output.show(Chunk(0, piece.encode()))
            output.change()
        output.show(Chunk(0, b"\nend"))
        output.change()
        rows = terminal.settle()
        plain = Emulator(columns, ROWS - 1, history=100_000, ratio=0.5)
        pyte.Stream(plain).feed((printed + "\nend").replace("\n", "\r\n"))
        assert rows[:-1] == plain.rows()
        assert rows[-1].startswith("▌")
        assert "running" in rows[-1]
        output.close()
        assert not any("running" in row for row in terminal.settle())


def test_a_question_comes_and_goes_in_the_row_of_the_footer(monkeypatch: pytest.MonkeyPatch) -> None:
    with Terminal(60, ROWS) as terminal:
        monkeypatch.setattr(keys, "STDIN", terminal.fd)
        output = Busy(terminal.fd)
        output.show(Chunk(0, b"open line"))
        pressed: queue.Queue[str] = queue.Queue()
        terminal.type(b"s")  # before the question: discarded, once the terminal has it, which its echo tells
        terminal.until_shown("open lines")
        output.ask("stop it?", pressed.put)
        assert terminal.settle()[-1] == "▌stop it?"
        assert not terminal.canonical
        terminal.type(b"g")
        assert pressed.get(timeout=DEADLINE) == "g"
        output.suspend()
        assert terminal.canonical
        output.unask()
        output.show(Chunk(9, b" goes on"))
        assert terminal.canonical
        assert "running" in terminal.settle()[-1]
        assert any(row.endswith("goes on") for row in terminal.settle())
        output.close()
