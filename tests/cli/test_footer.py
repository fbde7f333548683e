"""The row under the output: what it says, and what it leaves out where there is no room. No terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasker.cli.live.footer import Standing, footer
from tasker.job import JobSpec
from tasker.lifecycle import State
from tasker.limits import Limits
from tasker.usage import Pressure, Usage
from tests.cli.jobs import RUNNING, ended

NOW = 1195.6
BUSY = Usage(
    1000.0,
    cpu_rate=1.9,
    memory=410 << 20,
    io_write_rate=12.0 * (1 << 20),
    cpu_pressure=Pressure(0.12, 0, 1.0),
    io_pressure=Pressure(0.34, 0, 1.0),
)
JOB = replace(RUNNING, limits=Limits(memory=512 << 20), followers=2)


def shown(standing: Standing, columns: int = 300, now: float = NOW) -> str:
    return footer(standing, columns, now).plain


def test_everything() -> None:
    assert shown(Standing(JOB, BUSY, lost=5 << 20, hint="Ctrl-C detaches")) == (
        "▌k3v9x2mq · running · 3m 15s · lost 5M · CPU 190 % · ██████▍  410M of 512M · writes 12M/s · "
        "waiting for disk 34 % · 2 followers · nap · Ctrl-C detaches"
    )


def test_what_is_not_known_is_not_there() -> None:
    assert shown(Standing(RUNNING, hint="Ctrl-C detaches")) == "▌k3v9x2mq · running · 3m 15s · nap · Ctrl-C detaches"
    assert shown(Standing(RUNNING, Usage(1.0))) == "▌k3v9x2mq · running · 3m 15s · nap"
    assert shown(Standing(RUNNING, Usage(1.0, memory=1 << 20))) == "▌k3v9x2mq · running · 3m 15s · memory 1M · nap"


def test_a_label_is_cut_and_a_clock_may_be_behind() -> None:
    job = replace(RUNNING, spec=JobSpec(("x" * 100,)))
    assert shown(Standing(job), now=3.0) == f"▌k3v9x2mq · running · 0s · {'x' * 31}…"


def test_parts_go_whole_the_least_important_first() -> None:
    standing = Standing(JOB, BUSY, lost=5 << 20, hint="Ctrl-C detaches")
    order = (
        *("nap", "2 followers", "Ctrl-C detaches", "writes 12M/s", "waiting for disk 34 %", "CPU 190 %"),
        *("██████▍  410M of 512M", "lost 5M", "3m 15s", "k3v9x2mq"),
    )
    rows = [shown(standing, columns) for columns in range(200, 7, -1)]
    assert all(len(row) <= columns for row, columns in zip(rows, range(200, 7, -1), strict=True))
    left = [{part for part in order if part in row} for row in rows]
    assert left[0] == set(order)
    for gone, part in enumerate(order, 1):
        assert set(order[gone:]) in left, part
    assert rows[-1] == "▌running"


def test_trouble_stays_longer_than_any_figure() -> None:
    standing = Standing(JOB, BUSY, trouble="connection lost", hint="Ctrl-C detaches")
    assert shown(standing, 48) == "▌k3v9x2mq · running · 3m 15s · connection lost"
    assert shown(standing, 28) == "▌running · connection lost"


def test_a_question_takes_the_row() -> None:
    standing = Standing(JOB, BUSY, question="stop it?")
    assert shown(standing) == "▌stop it?"
    assert shown(standing, 6) == "▌stop…"


@pytest.mark.parametrize(
    ("memory", "bar", "colour"),
    [
        (0, " " * 8, "green"),
        (1 << 20, " " * 8, "green"),
        (256 << 20, "████    ", "green"),
        (400 << 20, "██████▎ ", "yellow"),
        (500 << 20, "███████▊", "red"),
        (600 << 20, "████████", "red"),
    ],
)
def test_the_bar_of_memory(memory: int, bar: str, colour: str) -> None:
    text = footer(Standing(JOB, Usage(1.0, memory=memory)), 300, NOW)
    assert f" · {bar} " in text.plain
    assert any(str(span.style).startswith(colour) for span in text.spans if text.plain[span.start : span.end] == bar)


def test_the_limit_in_force_is_the_one() -> None:
    job = replace(JOB, in_force=Limits(memory=1 << 30, memory_high=820 << 20))
    assert "██████▎  of" not in shown(Standing(job, BUSY))
    assert "410M of 820M" in shown(Standing(job, BUSY))


def test_little_pressure_is_not_worth_a_word() -> None:
    assert "waiting" not in shown(Standing(JOB, Usage(1.0, memory_pressure=Pressure(0.09, 0, 5.0))))
    assert "waiting for memory 10 %" in shown(Standing(JOB, Usage(1.0, memory_pressure=Pressure(0.1, 0, 5.0))))


def test_what_was_asked_for_here_shows_before_the_service_says_so() -> None:
    standing = Standing(RUNNING, asked=State.STOPPING)
    assert "stopping" in shown(standing)
    standing.take(ended())
    assert "ended" in shown(standing)


def test_who_asked_for_the_end_where_there_is_room() -> None:
    standing = Standing(replace(RUNNING, state=State.STOPPING, stopping_by="bob"))
    assert " · stopping · requested by bob · " in shown(standing)
    narrow = footer(standing, 24).plain
    assert "stopping" in narrow
    assert "bob" not in narrow


def test_news_are_taken_until_the_end() -> None:
    standing = Standing(RUNNING)
    standing.take(replace(RUNNING, state=State.PAUSED))
    assert "paused" in shown(standing)
    standing.take(BUSY)
    assert "CPU 190 %" in shown(standing)
    standing.take(ended())
    standing.take(RUNNING)
    assert "ended" in shown(standing)
