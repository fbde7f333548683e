"""What top shows: ordered, summed up, in as many columns and rows as fit, and never a control character."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasker.cli.show import top
from tasker.cli.show.changes import Board
from tasker.cli.show.table import for_pipe
from tasker.cli.show.top import Row
from tasker.client.watching import Changed, Snapshot, Used
from tasker.job import Clock, JobSpec
from tasker.limits import Limits
from tasker.usage import JobUsage, Pressure, Usage
from tests.cli.jobs import RUNNING, ended
from tests.cli.test_render import shown

LOUD = Row(
    replace(RUNNING, id="aaaaaaaa", owner="bob", spec=JobSpec(("make", "-j8")), limits=Limits(memory=1 << 30)),
    Usage(5.0, cpu_rate=1.534, memory=1000 << 20, io_write_rate=2e6, tasks=9, io_pressure=Pressure(0.34, 0.1, 4.0)),
)
OLD = replace(RUNNING, clock=Clock(started=900.0))
QUIET = Row(OLD, Usage(5.0, cpu_rate=0.004, memory=3 << 20, io_read_rate=5e6, tasks=12))
NEW = Row(replace(RUNNING, id="zzzzzzzz", started=None, created=2000.0, clock=Clock()), Usage(0.0))


def test_the_table() -> None:
    lines = for_pipe(top.table(top.ordered([NEW, QUIET, LOUD], "cpu"), 1065.5))
    assert lines == [
        "ID        NAME  OWNER  STATE    ELAPSED    CPU  MEMORY  LIMIT    READ   WRITE  TASKS  WAITS FOR  COMMAND",
        "aaaaaaaa  -     bob    running    1m 5s  153 %   1000M     1G       -  1.9M/s      9  disk 34 %  make -j8",
        "k3v9x2mq  nap   alice  running   2m 45s  0.4 %      3M      -  4.8M/s       -     12  -          sleep 60",
        "zzzzzzzz  nap   alice  running        -      -       -      -       -       -      -  -          sleep 60",
        "3 jobs    -     -      -              -  154 %   1003M      -  4.8M/s  1.9M/s     21  -          -",
    ]


@pytest.mark.parametrize(
    ("by", "order"),
    [
        ("cpu", "akz"),
        ("memory", "akz"),
        ("io", "kaz"),
        ("tasks", "kaz"),
        ("elapsed", "kaz"),
        ("id", "akz"),
        ("name", "akz"),
        ("owner", "kza"),
    ],
)
def test_orders(by: str, order: str) -> None:
    assert "".join(row.job.id[0] for row in top.ordered([NEW, QUIET, LOUD], by)) == order
    assert all(key == name[0] and name in top.SORTS for key, name in top.KEYS.items())


@pytest.mark.parametrize("columns", [20, 24, 30, 40, 60, 80, 100, 200])
def test_a_narrow_terminal_has_fewer_columns(columns: int) -> None:
    lines = shown(top.screen([LOUD, QUIET], "cpu", "db1", (1065.5, 1065.5), (columns, 24)), columns)
    assert len(lines) == 5
    assert all(len(line) <= columns for line in lines)
    assert lines[2].startswith("aaaaaaaa  ")
    assert "153 %" in lines[2]
    assert ("make -j8" in lines[2]) == (columns >= 40)
    assert ("LIMIT" in lines[1]) == (columns >= 110)


def test_more_jobs_than_rows() -> None:
    many = [replace(QUIET, job=replace(QUIET.job, id=f"job{n:05}")) for n in range(50)]
    lines = shown(top.screen(many, "id", "db1", (1065.5, 1065.5), (80, 10), {"": "a notice"}), 80)
    assert len(lines) == 10
    assert lines[1] == "a notice"
    assert [line.split()[0] for line in lines[3:9]] == [f"job{n:05}" for n in range(6)]
    assert lines[9].startswith("50 jobs")
    assert "150M" in lines[9]
    assert lines[9].endswith("… and 44 more")
    assert len(shown(top.screen(many, "id", "db1", (0.0, 0.0), (80, 2)), 80)) <= 3


def test_every_machine_that_is_down_has_a_line() -> None:
    down = {f"db{n}": f"db{n}: cannot reach it" for n in range(5)}
    every = [f"db{n}: cannot reach it" for n in range(5)]
    lines = shown(top.screen([QUIET], "cpu", "all contexts", (0.0, 0.0), (80, 15), down), 80)
    assert lines[1:6] == every
    lines = shown(top.screen([QUIET], "cpu", "all contexts", (0.0, 0.0), (80, 10), down), 80)
    assert lines[1:4] == [*every[:2], "and 3 more: db2, db3, db4"]
    assert lines[5].split()[0] == QUIET.job.id
    lines = shown(top.screen([QUIET], "cpu", "all contexts", (0.0, 0.0), (80, 5), down), 80)
    assert lines[1] == "trouble with: db0, db1, db2, db3, db4"


def test_nothing_runs() -> None:
    assert shown(top.screen([], "cpu", "db1", (0.0, 0.0), (80, 24)))[-1].startswith("0 jobs")


def test_hostile_words() -> None:
    nasty = replace(LOUD, job=replace(LOUD.job, owner="\x1b[1m", spec=JobSpec(("\x1b[2J", "世界"), name="\x07\n")))
    lines = shown(top.screen([nasty], "cpu", "\x1b[5n", (0.0, 0.0), (200, 24), {"a": "\x1b[2J"}), 200)
    assert "".join(lines).isprintable()
    assert "世界" in "".join(lines)


def test_only_what_has_not_ended() -> None:
    board = Board()
    board.take(Snapshot((RUNNING, ended(id="bbbbbbbb")), True, True))
    board.take(Used((JobUsage(RUNNING.id, QUIET.usage),)))
    assert top.running({"": board}) == [replace(QUIET, job=RUNNING)]
    board.take(Changed(ended()))
    assert top.running({"": board}) == []


def test_json() -> None:
    said = top.as_json([LOUD, NEW], "db1", 0.0)
    assert (said["time"], said["machine"]) == ("1970-01-01T00:00:00.000Z", "db1")
    assert [job["usage"] and job["usage"]["cpu_rate"] for job in said["jobs"]] == [1.534, None]
    assert said["total"]["jobs"] == 2
    assert said["total"]["memory"] == 1000 << 20
