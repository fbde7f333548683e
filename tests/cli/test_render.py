"""What people see of jobs: aligned, cut where it must be, and never a control character."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
from rich.console import Console, RenderableType

from tasker.cli.live.footer import Standing, footer
from tasker.cli.show import jobs
from tasker.cli.show import json as document
from tasker.cli.show.details import facts
from tasker.cli.show.table import fitting, for_pipe, for_terminal
from tasker.job import JobSpec, Kind, Outcome
from tasker.limits import IoLimit, Limits
from tests.cli.jobs import RUNNING, ended

NASTY = JobSpec(("printf", "\x1b[2J\nx", "\udcff", "世界"), name="bad\x1b]0;t\x07")
LIMITS = Limits(0.5, 50, 1 << 29, 1 << 28, 0, 9, (IoLimit("/var", 1 << 20, None, None, 100),), 7, 5400.0)


def shown(renderable: RenderableType, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    with console.capture() as capture:
        console.print(renderable)
    return [line.rstrip() for line in capture.get().splitlines()]


def test_the_table() -> None:
    failed = ended(Outcome(Kind.EXITED, exit_code=3), id="aaaaaaaa", spec=JobSpec(("sh", "-c", "exit 3; " + "x" * 99)))
    assert shown(for_terminal(jobs.table([RUNNING, failed], now=1065.5, wide=False), 96), 96) == [
        "ID        NAME  OWNER  STATE    ELAPSED  HOW IT ENDED        COMMAND",
        "k3v9x2mq  nap   alice  running  1m 5s                        sleep 60",
        "aaaaaaaa        alice  ended    3.5s     exited with code 3  sh -c 'exit 3; xxxxxxxxxxxxxxxxxxx…",
    ]


@pytest.mark.parametrize("name", ["nap", "a name that is so long that it would be nearly all of the row"])
def test_the_command_keeps_a_quarter_of_a_terminal(name: str) -> None:
    spec = JobSpec(("sleep", "60", "and", "more"), name=name)
    job = ended(Outcome(Kind.STOPPED, stopped_by="somebody", killed=True), spec=spec)
    lines = shown(for_terminal(jobs.table([job], 0, wide=False), 80))
    assert len(lines) == 2
    assert lines[1].startswith("k3v9x2mq  ")
    assert re.search(r"  stopped by s.*…  +sleep 60 and more$", lines[1])
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (80, "ID NAME OWNER STATE ELAPSED HOW IT ENDED COMMAND"),
        (72, "ID NAME STATE ELAPSED HOW IT ENDED COMMAND"),
        (64, "ID NAME STATE HOW IT ENDED COMMAND"),
        (55, "ID STATE HOW IT ENDED COMMAND"),
        (10, "ID STATE HOW IT ENDED COMMAND"),
    ],
)
def test_a_narrow_terminal_has_fewer_columns(width: int, columns: str) -> None:
    job = ended(Outcome(Kind.STOPPED, stopped_by="somebody"), spec=JobSpec(("sleep", "60", "and more"), name="n" * 20))
    table = fitting(jobs.table([RUNNING, job], 0, wide=False), width, jobs.EXPENDABLE)
    assert " ".join(cell.text for cell in table[0]) == columns
    assert all(len(row) == len(table[0]) for row in table)


def test_the_lines_for_a_pipe() -> None:
    assert for_pipe(jobs.table([RUNNING], now=1065.5, wide=False)) == [
        "ID        NAME  OWNER  STATE    ELAPSED  HOW IT ENDED  COMMAND",
        "k3v9x2mq  nap   alice  running  1m 5s    -             sleep 60",
    ]
    wide = for_pipe(jobs.table([replace(RUNNING, user="")], now=1065.5, wide=True))
    assert wide[1].split()[3] == "1000"
    assert "tasker-k3v9x2mq.scope" in wide[1]
    assert len(for_pipe(jobs.table([replace(RUNNING, spec=JobSpec(("x" * 500,)))], 0, False))[1]) > 500


def test_wide_characters_keep_the_columns() -> None:
    lines = for_pipe(jobs.table([RUNNING, replace(RUNNING, spec=JobSpec(("x",), name="世界世界"))], 0, False))
    assert lines[2].index("alice") + 4 == lines[1].index("alice") == lines[0].index("OWNER")


@pytest.mark.parametrize("wide", [False, True])
def test_no_control_characters(wide: bool) -> None:
    job = replace(RUNNING, spec=NASTY, owner="o\x1b[1m", outcome=Outcome(Kind.STOPPED, stopped_by="\x1b[2J"))
    whole = "".join(
        [
            *for_pipe(jobs.table([job], 0, wide)),
            *shown(for_terminal(jobs.table([job], 0, wide)), 300),
            *for_pipe(facts(job, 0)),
            jobs.ended(job),
            footer(Standing(job, hint="hint"), 300, 0).plain,
        ]
    )
    assert whole.isprintable()
    assert r"bad\x1b]0;t\x07" in whole
    assert r"$'" not in whole
    assert "世界" in whole


@pytest.mark.parametrize(
    ("outcome", "line", "style"),
    [
        (Outcome(Kind.EXITED, exit_code=0), "k3v9x2mq exited with code 0 after 3.5s", "green"),
        (Outcome(Kind.EXITED, exit_code=1), "k3v9x2mq exited with code 1 after 3.5s", "red"),
        (Outcome(Kind.STOPPED, stopped_by="bob"), "k3v9x2mq stopped by bob after 3.5s", "yellow"),
    ],
)
def test_the_end_in_one_line(outcome: Outcome, line: str, style: str) -> None:
    job = ended(outcome)
    assert (jobs.ended(job), jobs.outcome_style(job.outcome)) == (line, style)


def test_json_has_the_keys_of_the_api() -> None:
    from tasker.api.v1 import tasker_pb2 as pb

    document_ = document.job(ended(spec=JobSpec(("a",), limits=LIMITS)))
    for value, message in (
        (document_, pb.Job),
        (document_["spec"], pb.JobSpec),
        (document_["spec"]["limits"], pb.Limits),
        (document_["spec"]["limits"]["io"][0], pb.IoLimit),
        (document_["outcome"], pb.Outcome),
    ):
        keys = {field.name for field in message.DESCRIPTOR.fields}
        assert set(value) == keys, f"the JSON has other keys than message {message.DESCRIPTOR.name} of tasker.proto"


def test_json_values() -> None:
    text = document.dump({"job": document.job(replace(RUNNING, spec=NASTY))})
    assert text.isascii()
    assert "\n" not in text
    job = json.loads(text)["job"]
    assert job["created"] == "1970-01-01T00:16:40.000Z"
    assert job["started"] == "1970-01-01T00:16:40.500Z"
    assert (job["ended"], job["outcome"], job["state"], job["uid"]) == (None, None, "running", 1000)
    assert job["spec"]["argv"] == list(NASTY.argv)
