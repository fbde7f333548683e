"""attach, logs, run and detach as a person sees them: whole screens, news of the job, and a broken connection."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import termios
import threading

import pytest

from tests.cli.conftest import Machine
from tests.cli.golden import check
from tests.cli.terminal import Terminal
from tests.support.waiting import DEADLINE, TEST_DEADLINE, until

SCRIPT = r"printf '\033[1mbold\033[0m and plain\n10 %%\r20 %%\nopen'; exec sleep 60"
FIGURES = {r"CPU [\d.]+ %": "CPU 10 %", r"memory \S+": "memory 5M", r"cores": "cores"}


def footer(terminal: Terminal) -> str:
    return terminal.screen.rows()[-1]


def start(machine: Machine, *words: str) -> str:
    return machine.out("start", "--name", "golden", *words)


def test_attach_and_detach_from_elsewhere(machine: Machine) -> None:
    job = start(machine, "--", "sh", "-c", SCRIPT)
    with Terminal(90, 8) as terminal:
        attach = machine.spawn(terminal, "attach", job)
        terminal.until_shown("open")
        terminal.until(lambda: "memory" in footer(terminal) and "CPU" in footer(terminal))
        check("attach", terminal.settle(), {job: "k3v9x2mq"}, FIGURES)
        with Terminal(60, 4) as other:
            assert machine.spawn(other, "detach", job).wait(DEADLINE) == 0
            check("detach", other.settle(), {})
        assert attach.wait(DEADLINE) == 0
        check("attach-detached", terminal.settle(), {job: "k3v9x2mq"})
        assert terminal.screen.margins is None
        assert terminal.screen.buffer[0][0].bold
    machine.out("stop", job)


def test_detach_json(machine: Machine) -> None:
    job = start(machine, "--", "sleep", "60")
    with Terminal(60, 4) as terminal:
        assert machine.spawn(terminal, "detach", "--json", job).wait(DEADLINE) == 0
        check("detach-json", terminal.settle(), {})
    machine.out("stop", job)


def test_logs(machine: Machine) -> None:
    job = start(machine, "--", "sh", "-c", SCRIPT)
    until(lambda: "open" in machine.run("logs", job).stdout)
    with Terminal(90, 8) as terminal:
        assert machine.spawn(terminal, "logs", job).wait(DEADLINE) == 0
        check("logs", terminal.settle(), {job: "k3v9x2mq"})
    with Terminal(90, 8) as terminal:
        assert machine.spawn(terminal, "logs", "--tail", "2", "--timestamps", job).wait(DEADLINE) == 0
        check("logs-timestamps", terminal.settle(), {job: "k3v9x2mq"}, {r"(?<=:\d\d)\.\d{3}": ".678"})
    machine.out("stop", job)


@pytest.mark.parametrize("verb", ["attach", "logs"])
def test_attach_and_logs_json(machine: Machine, verb: str) -> None:
    job = start(machine, "--", "echo", "hi")
    with Terminal(3000, 6) as terminal:
        assert machine.spawn(terminal, verb, "--json", job).wait(DEADLINE) == 0
        rows = [json.loads(row) for row in terminal.settle() if row]
        assert [next(iter(row)) for row in rows] == ["attached", "chunk", "ended"]
        assert b"\x1b7" not in terminal.raw  # no footer


def test_run(machine: Machine) -> None:
    with Terminal(70, 8) as terminal:
        code = machine.spawn(terminal, "run", "--", "sh", "-c", r"printf 'one\n50 %%\r99 %%'; exit 3").wait(DEADLINE)
        assert code == 3
        rows = terminal.settle()
        check("run", rows, {}, {r"^\w{8}(?= exited)|(?<=\n)\w{8}(?= exited)": "k3v9x2mq"})


def test_run_json(machine: Machine) -> None:
    with Terminal(3000, 6) as terminal:
        assert machine.spawn(terminal, "run", "--json", "--", "echo", "hi").wait(DEADLINE) == 0
        rows = [json.loads(row) for row in terminal.settle() if row]
        assert [next(iter(row)) for row in rows] == ["attached", "chunk", "ended"]


def test_what_others_do_to_the_job_shows_at_once(machine: Machine) -> None:
    job = start(machine, "--memory", "64M", "--", "sh", "-c", "trap '' TERM; while :; do sleep 0.1; done")
    with Terminal(140, 8) as terminal:
        attach = machine.spawn(terminal, "attach", job)
        terminal.until(lambda: "running" in footer(terminal) and "of 64M" in footer(terminal))
        machine.out("pause", job)
        terminal.until(lambda: "paused" in footer(terminal))
        machine.out("resume", job)
        terminal.until(lambda: "running" in footer(terminal))
        machine.out("limit", job, "--memory", "128M")
        terminal.until(lambda: "of 128M" in footer(terminal))
        other = machine.popen("attach", job)
        terminal.until(lambda: "2 followers" in footer(terminal))
        other.send_signal(signal.SIGINT)
        other.communicate(timeout=DEADLINE)
        terminal.until(lambda: "followers" not in footer(terminal))
        stop = machine.popen("stop", "--grace", "1h", job)
        terminal.until(lambda: "stopping" in footer(terminal))
        machine.out("stop", "--grace", "0", job)
        assert attach.wait(DEADLINE) == 0
        assert stop.wait(DEADLINE) == 0
        rows = [row for row in terminal.settle() if row]
        assert rows[-1].startswith(f"{job} stopped by root")


def test_a_connection_that_breaks_is_reported_and_taken_up(machine: Machine) -> None:
    job = start(machine, "--", "sh", "-c", "echo one; while ! test -e $0; do sleep 0.05; done; echo two",
                str(machine.directory / "mended"))  # fmt: skip
    with Terminal(110, 8) as terminal:
        attach = machine.spawn(terminal, "attach", job)
        terminal.until(lambda: "one" in terminal.screen.rows() and "CPU" in footer(terminal))
        machine.tasker.frontend.end(signal.SIGKILL)
        try:
            terminal.until(lambda: "connection lost, reconnecting" in footer(terminal))
            terminal.until_shown("connection lost at byte 4; reconnecting")
        finally:
            machine.tasker.frontend.start()
        terminal.until_shown("resuming at byte 4")
        terminal.until(lambda: "connection lost" not in footer(terminal) and "CPU" in footer(terminal))
        (machine.directory / "mended").touch()
        assert attach.wait(DEADLINE) == 0
        rows = [row for row in terminal.settle() if row]
        assert rows[:2] == ["one", "connection lost at byte 4; reconnecting"]
        assert re.fullmatch(r"reconnected after .*s; resuming at byte 4", rows[2])
        assert rows[3] == "two"


def test_what_a_killed_one_left_is_put_right(machine: Machine) -> None:
    job = start(machine, "--", "sh", "-c", "seq 30; exec sleep 60")
    with Terminal(80, 10) as terminal:
        killed = machine.spawn(terminal, "attach", job)
        terminal.until(lambda: "30" in terminal.screen.rows() and "Ctrl-C detaches" in footer(terminal))
        killed.kill()
        killed.wait(DEADLINE)
        terminal.settle()
        assert terminal.screen.margins is not None
        attach = machine.spawn(terminal, "attach", "--tail", "3", job)
        terminal.until(lambda: terminal.screen.rows()[:8] == ["26", "27", "28", "29", "30", "28", "29", "30"])
        terminal.until(lambda: "Ctrl-C detaches" in footer(terminal))
        terminal.type(b"\x03")
        assert attach.wait(DEADLINE) == 0
        terminal.settle()
        assert terminal.screen.margins is None
    machine.out("stop", job)


def test_output_into_a_file_shows_how_far_it_is(machine: Machine) -> None:
    job = start(machine, "--", "sh", "-c", "echo hello; exec sleep 60")
    path = machine.directory / "recorded"
    with Terminal(120, 8) as terminal:
        attach = machine.spawn(terminal, "attach", "--output", str(path), job)
        terminal.until_shown("following")
        assert "6/? bytes" in " ".join(terminal.screen.rows())
        terminal.type(b"\x03")
        assert attach.wait(DEADLINE) == 0
        rows = [row for row in terminal.settle() if row]
        assert not any("following" in row for row in rows)
        assert not terminal.screen.cursor.hidden
    assert path.read_bytes() == b"hello\n"
    machine.out("stop", job)


def test_a_very_loud_job_costs_no_memory(machine: Machine) -> None:
    """300 MB through a footer onto a terminal that somebody reads as fast as they can."""
    job = machine.out("start", "--", "sh", "-c", "seq 10000000 40000000 | head -c 300000000; echo; echo over; sleep 60")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    seen, small, over = bytearray(), threading.Event(), threading.Event()

    def read() -> None:
        while not over.is_set():
            seen.extend(os.read(ours, 1 << 16))
            if len(seen) > 1 << 20:
                small.set()
                del seen[: -(1 << 10)]
            if b"\nover\r\n" in seen[-100:] or b"over\r\n" in seen[-400:]:
                over.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    attach = machine.program_on(theirs, machine.command("attach", job))
    assert small.wait(DEADLINE)
    first = peak(attach.pid)
    assert over.wait(TEST_DEADLINE)
    assert peak(attach.pid) < first + (96 << 10)  # buffers of grpc and of the terminal, and not the 300 MB
    os.write(ours, b"\x03")
    assert attach.wait(DEADLINE) == 0
    os.close(theirs)
    os.close(ours)
    machine.out("stop", job)


def peak(pid: int) -> int:
    """The most memory that a process has had, in KiB."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
