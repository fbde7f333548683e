"""What a person sees: every verb in a real pseudo-terminal, with real processes and TLS behind it."""

from __future__ import annotations

import re
import signal

import pytest

from tests.cli.conftest import Machine
from tests.cli.terminal import Terminal
from tests.support.waiting import DEADLINE


def footer(terminal: Terminal) -> str:
    return terminal.screen.rows()[-1]


def test_attach_shows_output_above_a_footer(machine: Machine) -> None:
    job = machine.out("start", "--name", "demo", "--", "sh", "-c", "seq 50; printf open; read x; exec sleep 60")
    with Terminal(100, 12) as terminal:
        attach = machine.spawn(terminal, "attach", job)
        terminal.until_shown("open")
        terminal.until(
            lambda: (
                re.fullmatch(rf"▌{job} · running · \d+s · .*memory .* · demo · Ctrl-C detaches", footer(terminal))
                is not None
            )
        )
        assert terminal.settle()[:11] == [*map(str, range(41, 51)), "open"]
        terminal.type(b"\x03")
        assert attach.wait(DEADLINE) == 0
        rows = [row for row in terminal.settle() if row]
        again = f"tasker attach --offset 145 {job}"
        assert rows[-1] == f"tasker: detached from {job}, which keeps running; to resume: {again}"
        assert not any("Ctrl-C detaches" in row for row in rows)
        assert terminal.screen.margins is None
    machine.out("stop", job)


def test_elapsed_ticks_while_nothing_is_printed(machine: Machine) -> None:
    job = machine.out("start", "sleep", "60")
    with Terminal(80, 12) as terminal:
        attach = machine.spawn(terminal, "attach", job)
        terminal.until(lambda: "running · " in footer(terminal))
        first = footer(terminal)
        terminal.until(lambda: "running · " in footer(terminal) and footer(terminal) != first)
        terminal.type(b"\x03")
        assert attach.wait(DEADLINE) == 0
    machine.out("stop", job)


def test_a_notice_is_whole_however_narrow_the_terminal(machine: Machine) -> None:
    job = machine.out("start", "--", "sh", "-c", "echo hi; exec sleep 60")
    with Terminal(32, 12) as terminal:
        attach = machine.spawn(terminal, "attach", job)
        terminal.until_shown("hi")
        machine.out("detach", job)
        assert attach.wait(DEADLINE) == 0
        whole = "".join(row.ljust(32) for row in terminal.settle()).strip()
    again = f"tasker attach --offset 3 {job}"
    assert whole.endswith(f"detached by `tasker detach`; the job keeps running: {again}")
    machine.out("stop", job)


def test_the_end_is_reported(machine: Machine) -> None:
    with Terminal(80, 12) as terminal:
        assert machine.spawn(terminal, "run", "--", "sh", "-c", "printf 'no newline'; exit 3").wait(DEADLINE) == 3
        rows = terminal.settle()
        assert rows[0] == "no newline"
        assert re.fullmatch(r"\w{8} exited with code 3 after \d\.\ds", rows[1])
        assert rows[2:] == [""] * 10
        assert terminal.screen.margins is None


def test_the_terminal_is_not_the_jobs(machine: Machine) -> None:
    evil = r"a\033[2J\033[Hb\033]0;owned\007c\033[31mred\033[0m\033[?1049hd\033[5n\n"
    with Terminal(80, 12) as terminal:
        assert machine.spawn(terminal, "run", "printf", evil).wait(DEADLINE) == 0
        assert terminal.settle()[0] == "abcredd"
        assert "owned" not in terminal.screen.title
        assert terminal.screen.buffer[0][4].fg == "red"
        assert b"\x1b[5n" not in terminal.raw


def test_raw_is_raw(machine: Machine) -> None:
    with Terminal(80, 12) as terminal:
        assert machine.spawn(terminal, "run", "--raw", "printf", r"gone\033[2J\033[Htop\n").wait(DEADLINE) == 0
        rows = terminal.settle()
        assert rows[0] == "top"
        assert b"\x1b[1;11r" not in terminal.raw


def test_no_footer(machine: Machine) -> None:
    with Terminal(80, 12) as terminal:
        assert machine.spawn(terminal, "run", "--no-footer", "printf", r"a\033[2Jb\n").wait(DEADLINE) == 0
        assert terminal.settle()[0] == "ab"
        assert b"\x1b7" not in terminal.raw


def test_a_dumb_terminal_gets_no_footer(machine: Machine) -> None:
    with Terminal(80, 12) as terminal:
        assert machine.spawn(terminal, "run", "echo", "hi", TERM="dumb").wait(DEADLINE) == 0
        assert terminal.settle()[0] == "hi"
        assert b"\x1b7" not in terminal.raw


QUESTION = "▌Ctrl-C: s stops the job, d detaches, g continues?"
HEEDS_TERM = "trap 'echo bye; exit 0' TERM; echo hi; sleep 60 & wait"


@pytest.mark.parametrize("answer", [b"s", b"\x03"])
def test_ctrl_c_in_run_asks_and_stops(machine: Machine, answer: bytes) -> None:
    with Terminal(80, 12) as terminal:
        run = machine.spawn(terminal, "run", "--", "sh", "-c", HEEDS_TERM)
        terminal.until_shown("Ctrl-C asks")
        terminal.until(lambda: "hi" in terminal.screen.rows())
        terminal.type(b"ddd")  # typed before the question: no answer to it
        terminal.type(b"\x03")
        terminal.until(lambda: footer(terminal) == QUESTION)
        assert not terminal.canonical
        terminal.type(b"x" + answer)
        assert run.wait(DEADLINE) == 143
        rows = [row for row in terminal.settle() if row]
        assert terminal.canonical
        assert rows[0] == "hi"
        assert re.fullmatch(r"stopping \w{8}; Ctrl-C kills it at once", rows[1])
        assert rows[2] == "bye"
        assert re.fullmatch(r"\w{8} stopped by root after .*s \(code 0\)", rows[3])
        assert len(rows) == 4


def test_ctrl_c_in_run_asks_and_detaches(machine: Machine) -> None:
    with Terminal(80, 12) as terminal:
        run = machine.spawn(terminal, "run", "--", "sh", "-c", "echo hi; exec sleep 60")
        terminal.until(lambda: "hi" in terminal.screen.rows())
        terminal.until_shown("Ctrl-C asks")
        job = footer(terminal)[1:9]
        terminal.type(b"\x03")
        terminal.until(lambda: footer(terminal) == QUESTION)
        terminal.type(b"d")
        assert run.wait(DEADLINE) == 125
        rows = [row for row in terminal.settle() if row]
        said = f"tasker: detached from {job}, which keeps running; to resume: tasker attach --offset 3 {job}"
        assert "".join(row.ljust(80) for row in rows).rstrip() == "hi".ljust(80) + said
        assert terminal.canonical
    assert '"state": "running"' in machine.out("get", "--json", job)
    machine.out("stop", job)


def test_ctrl_c_in_run_asks_and_goes_on(machine: Machine) -> None:
    script = "echo hi; while ! test -e $0; do sleep 0.05; done; printf done"
    flag = machine.directory / "goes-on"
    with Terminal(80, 12) as terminal:
        run = machine.spawn(terminal, "run", "--", "sh", "-c", script, str(flag))
        terminal.until(lambda: "hi" in terminal.screen.rows())
        terminal.until_shown("Ctrl-C asks")
        terminal.type(b"\x03")
        terminal.until(lambda: footer(terminal) == QUESTION)
        terminal.type(b"g")
        terminal.until_shown("Ctrl-C asks")
        assert terminal.canonical
        flag.touch()
        assert run.wait(DEADLINE) == 0
        assert terminal.settle()[:2] == ["hi", "done"]


def test_ctrl_z_while_it_asks_and_it_asks_again(machine: Machine) -> None:
    with Terminal(80, 12) as terminal:
        shell = machine.program(terminal, ["bash", "--norc", "-i"], PS1="$ ")
        terminal.type(f"{' '.join(machine.command('run', 'sleep', '60'))}\n".encode())
        terminal.until_shown("Ctrl-C asks")
        terminal.type(b"\x03")
        terminal.until(lambda: footer(terminal) == QUESTION)
        terminal.type(b"\x1a")
        terminal.until_shown("Stopped")
        terminal.type(b"fg\n")
        terminal.until(lambda: footer(terminal) == QUESTION)
        terminal.type(b"s")
        terminal.until_shown("stopped by root")
        terminal.type(b"exit\n")
        shell.wait(DEADLINE)


def test_a_question_finds_a_row_where_there_is_no_footer(machine: Machine) -> None:
    with Terminal(80, 12) as terminal:
        run = machine.spawn(terminal, "run", "--no-footer", "--", "sh", "-c", "echo hi; exec sleep 60")
        terminal.until(lambda: "hi" in terminal.screen.rows())
        terminal.type(b"\x03")
        terminal.until_shown(QUESTION[1:])
        terminal.type(b"s")
        assert run.wait(DEADLINE) == 143


def test_ctrl_z_gives_the_terminal_back_for_a_while(machine: Machine) -> None:
    job = machine.out("start", "sleep", "60")
    with Terminal(80, 12) as terminal:
        shell = machine.program(terminal, ["bash", "--norc", "-i"], PS1="$ ")
        terminal.type(f"{' '.join(machine.command('attach', job))}\n".encode())
        terminal.until_shown("Ctrl-C detaches")
        terminal.type(b"\x1a")
        terminal.until_shown("Stopped")
        terminal.until(lambda: "Ctrl-C detaches" not in "".join(terminal.screen.rows()))
        assert terminal.screen.margins is None
        terminal.type(b"fg\n")
        terminal.until(lambda: "Ctrl-C detaches" in footer(terminal))
        terminal.type(b"\x03")
        terminal.until_shown("which keeps running")
        terminal.type(b"exit\n")
        shell.wait(DEADLINE)
    machine.out("stop", job)


def test_resizing_moves_the_footer(machine: Machine) -> None:
    job = machine.out("start", "--name", "n", "--", "sh", "-c", "seq 50; exec sleep 60")
    with Terminal(80, 12) as terminal:
        attach = machine.spawn(terminal, "attach", job)
        terminal.until(lambda: "50" in terminal.screen.rows())
        terminal.until(lambda: "Ctrl-C detaches" in footer(terminal))
        for columns, rows in ((60, 20), (70, 8)):
            terminal.resize(columns, rows)
            terminal.until(lambda: "running" in footer(terminal))
            shown = terminal.settle()
            assert sum("running" in row for row in shown) == 1
            assert "50" in shown
        terminal.type(b"\x03")
        assert attach.wait(DEADLINE) == 0
    machine.out("stop", job)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_attach_and_gives_the_terminal_back(machine: Machine, number: signal.Signals) -> None:
    job = machine.out("start", "sleep", "60")
    with Terminal(80, 12) as terminal:
        attach = machine.spawn(terminal, "attach", job)
        terminal.until_shown("Ctrl-C detaches")
        attach.send_signal(number)
        assert attach.wait(DEADLINE) == 128 + number
        assert not any("Ctrl-C detaches" in row for row in terminal.settle())
        assert terminal.screen.margins is None
    assert '"state": "running"' in machine.out("get", "--json", job)
    machine.out("stop", job)


@pytest.mark.parametrize("columns", [120, 60])
def test_list_fits_the_terminal(machine: Machine, columns: int) -> None:
    job = machine.out("start", "--name", "wide", "--", "sh", "-c", "sleep 60; " + ": " * 100, user="alice")
    with Terminal(columns, 40) as terminal:
        assert machine.spawn(terminal, "list", "--running", "--owner", "alice").wait(DEADLINE) == 0
        rows = [row for row in terminal.settle() if row]
        assert rows[0].startswith("ID        NAME")
        assert rows[-1].startswith(f"{job}  wide")
        assert rows[-1].endswith("…")
        assert terminal.screen.buffer[0][0].bold
    machine.out("stop", job)


def test_get_and_no_color(machine: Machine) -> None:
    job = machine.out("start", "--memory", "64M", "true")
    with Terminal(80, 40) as terminal:
        assert machine.spawn(terminal, "get", job, NO_COLOR="1").wait(DEADLINE) == 0
        assert any(row.startswith("memory limit  64M") for row in terminal.settle())
        assert re.search(rb"\x1b\[[0-9;]*3[0-9]m", terminal.raw) is None


def test_errors_are_red_and_one_line(machine: Machine) -> None:
    with Terminal(120, 10) as terminal:
        assert machine.spawn(terminal, "get", "nosuchjob").wait(DEADLINE) == 125
        rows = [row for row in terminal.settle() if row]
        assert rows == ["tasker: cannot find job 'nosuchjob'; tasker list shows all jobs"]
        assert terminal.screen.buffer[0][0].fg == "red"


def test_a_slow_stop_says_what_it_waits_for(machine: Machine) -> None:
    job = machine.out("start", "--", "sh", "-c", "trap '' TERM; while :; do sleep 0.1; done")
    with Terminal(80, 10) as terminal:
        stop = machine.spawn(terminal, "stop", "--grace", "1h", job)
        terminal.until_shown(f"waiting for {job} to end")
        machine.out("stop", "--grace", "0", job)
        assert stop.wait(DEADLINE) == 0
        rows = [row for row in terminal.settle() if row]
        assert rows[-1].startswith(f"{job} stopped by root: killed after the grace period")
