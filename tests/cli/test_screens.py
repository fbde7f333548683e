"""The verbs about jobs as a person sees them: every screen read by a terminal emulator and compared to golden/."""

from __future__ import annotations

import re
import signal
import socket
import termios
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.cli import golden
from tests.cli.conftest import Machine
from tests.cli.terminal import Terminal
from tests.support.waiting import DEADLINE

OWNER = "goldie"
VARY = {
    r"18790\d{5}": "60000",  # an owner's own uid
    r"[ ]{2}[ \dms]{5}\ds(?=  )": "     1.5s",  # at the right of a column as wide as ELAPSED
    r", 0 % now": "",  # there only where it was looked at before
    r"\^C": "",
}
USED = {
    "cpu.stat": "usage_usec 12340000\nnr_periods 100\nnr_throttled 34\nthrottled_usec 5200000\n",
    "memory.current": f"{490 << 20}\n",
    "memory.peak": f"{500 << 20}\n",
    "memory.events": "low 0\nhigh 0\nmax 3\noom 0\noom_kill 0\noom_group_kill 0\n",
    "io.stat": "8:0 rbytes=3221225472 wbytes=20971520 rios=1 wios=1 dbytes=0 dios=0\n",
    "io.pressure": "some avg10=34.00 total=4200000\nfull avg10=10.00 total=1\n",
    "pids.current": "5\n",
}
ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
"""The alternate screen."""


@dataclass
class Scene:
    """Three jobs of one owner: one that is at work, one that is paused, one that has failed."""

    machine: Machine
    busy: str
    paused: str
    failed: str

    @property
    def words(self) -> dict[str, str]:
        return {self.busy: "k3v9x2mq", self.paused: "7h2mtz4c", self.failed: "p0q8r5s1"}

    def screen(self, name: str, *words: str, columns: int = 100, rows: int = 40, code: int = 0) -> None:
        """What a command line leaves on a terminal."""
        with Terminal(columns, rows) as terminal:
            assert self.machine.spawn(terminal, *words).wait(DEADLINE) == code
            golden.check(name, terminal.settle(), self.words, VARY)


@pytest.fixture(scope="module")
def scene(machine: Machine) -> Iterator[Scene]:
    def start(*words: str) -> str:
        return machine.out("start", *words, user=OWNER)

    busy = start("--name", "build", "--memory", "512M", "--cpu", "0.5", "--grace", "1m", "-e", "A=1", "sleep", "600")
    paused, failed = start("sleep", "600"), start("--name", "世界", "--", "sh", "-c", "echo out; exit 3")
    cgroup = machine.tasker.systemd.cgroup(f"tasker-{busy}.scope")
    for name, text in USED.items():
        (cgroup / name).write_text(text)
    machine.out("pause", paused)
    assert machine.run("wait", failed).returncode == 3
    yield Scene(machine, busy, paused, failed)
    machine.out("stop", busy, paused)


@pytest.mark.parametrize("columns", [60, 100])
def test_list(scene: Scene, columns: int) -> None:
    scene.screen(f"list-{columns}", "list", "--owner", OWNER, columns=columns)


def test_list_wide(scene: Scene) -> None:
    scene.screen("list-wide", "list", "--wide", "--owner", OWNER, columns=240)


@pytest.mark.parametrize(
    ("name", "line", "code"),
    [
        ("get-running", "get BUSY", 0),
        ("get-ended", "get FAILED", 0),
        ("signal", "signal BUSY PAUSED CONT", 0),
        ("signal-unknown", "signal BUSY CNT", 2),
        ("pause", "pause PAUSED", 0),
        ("resume", "resume BUSY", 0),
        ("wait", "wait --any BUSY FAILED", 3),
        ("wait-timeout", "wait --timeout 10ms BUSY", 124),
    ],
)
def test_what_is_printed(scene: Scene, name: str, line: str, code: int) -> None:
    ids = {"BUSY": scene.busy, "PAUSED": scene.paused, "FAILED": scene.failed}
    scene.screen(name, *(ids.get(word, word) for word in line.split()), code=code)


def test_top_once(scene: Scene) -> None:
    scene.screen("top-once", "top", "--once", "--owner", OWNER, columns=120)


def test_top(scene: Scene) -> None:
    with Terminal(120, 12) as terminal:
        before = termios.tcgetattr(terminal.fd)
        top = scene.machine.spawn(terminal, "top", "--owner", OWNER)
        terminal.until_shown("disk 34 %")
        terminal.until_shown("0 %")
        terminal.type(b"n")
        terminal.until_shown("by name")
        assert LEAVE not in terminal.raw
        shown = terminal.settle()
        terminal.type(b"q")
        assert top.wait(DEADLINE) == 0
        terminal.settle()
        assert terminal.raw.index(ENTER) < terminal.raw.index(LEAVE)
        assert terminal.screen.cursor.hidden is False
        assert termios.tcgetattr(terminal.fd) == before
    check_top("top", scene, shown)


def test_top_where_there_is_little_room(scene: Scene) -> None:
    with Terminal(120, 12) as terminal:
        top = scene.machine.spawn(terminal, "top", "--sort", "memory", "--owner", OWNER)
        terminal.until_shown("disk 34 %")
        terminal.resize(50, 6)
        terminal.until(lambda: "LIMIT" not in "".join(terminal.screen.rows()))
        terminal.until_shown("0 %")
        shown = terminal.settle()
        terminal.type(b"q")
        assert top.wait(DEADLINE) == 0
    check_top("top-narrow", scene, shown)


def check_top(name: str, scene: Scene, shown: list[str]) -> None:
    """The title is as long as the machine's name."""
    machine, _, title = shown[0].partition(" · ")
    assert machine == socket.gethostname()
    golden.check(name, [f"db1 · {re.sub('  +', '    ', title)}", *shown[1:]], scene.words, VARY)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_every_end_of_top_gives_the_terminal_back(scene: Scene, number: signal.Signals, code: int) -> None:
    with Terminal(120, 12) as terminal:
        before = termios.tcgetattr(terminal.fd)
        top = scene.machine.spawn(terminal, "top", "--owner", OWNER)
        terminal.until_shown("sort by")
        top.send_signal(number)
        assert top.wait(DEADLINE) == code
        terminal.settle()
        assert LEAVE in terminal.raw
        assert termios.tcgetattr(terminal.fd) == before


def test_ctrl_z_gives_the_terminal_back_for_a_while(scene: Scene) -> None:
    machine = scene.machine
    with Terminal(120, 12) as terminal:
        shell = machine.program(terminal, ["bash", "--norc", "-i"], PS1="$ ")
        terminal.type(f"{' '.join(machine.command('top', '--owner', OWNER))}\n".encode())
        terminal.until_shown("sort by")
        terminal.type(b"\x1a")
        terminal.until_shown("Stopped")
        assert terminal.raw.count(ENTER) == terminal.raw.count(LEAVE) == 1
        terminal.type(b"fg\n")
        terminal.until(lambda: terminal.raw.count(ENTER) == 2)
        terminal.type(b"m")
        terminal.until_shown("by memory")
        terminal.type(b"q")
        terminal.until(lambda: terminal.raw.count(LEAVE) == 2)
        terminal.type(b"exit\n")
        shell.wait(DEADLINE)


def test_top_survives_a_restart(scene: Scene) -> None:
    with Terminal(120, 12) as terminal:
        top = scene.machine.spawn(terminal, "top", "--owner", OWNER)
        terminal.until_shown(scene.busy)
        scene.machine.tasker.frontend.end()
        terminal.until_shown("reconnecting")
        assert any(scene.busy in row for row in terminal.settle())
        scene.machine.tasker.frontend.start()
        terminal.until(lambda: "reconnecting" not in "".join(terminal.screen.rows()))
        terminal.until_shown(scene.busy)
        terminal.type(b"q")
        assert top.wait(DEADLINE) == 0


def test_watch(scene: Scene) -> None:
    with Terminal(100, 12) as terminal:
        watch = scene.machine.spawn(terminal, "watch", "--owner", OWNER)
        terminal.until_shown(f"{scene.paused} goldie   is paused")
        job = scene.machine.out("start", "--", "sh", "-c", "exit 4", user=OWNER)
        terminal.until_shown(f"{job} goldie   exited with code 4")
        scene.machine.out("resume", scene.paused)
        terminal.until_shown("resumed")
        scene.machine.out("pause", scene.paused)
        terminal.until_shown(f"{scene.paused} goldie   paused")
        terminal.type(b"\x03")
        assert watch.wait(DEADLINE) == 0
        golden.check("watch", terminal.settle(), {**scene.words, job: "a1b2c3d4"}, VARY)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("limit", "limit BUSY --cpu 0.25 --io-weight 50"),
        ("archive", "archive FAILED"),
        ("archive-ended", "archive --older-than 1d"),
        ("list-archived", f"list --archived --owner {OWNER}"),
        ("get-archived", "get FAILED"),
        ("stop", "stop BUSY PAUSED"),
    ],
)
def test_what_changes_the_scene(scene: Scene, name: str, line: str) -> None:
    if "archived" in name:
        scene.machine.out("archive", scene.failed)
    if name == "stop":  # its limit is in the verdict
        scene.machine.out("limit", scene.busy, "--cpu", "0.25")
    test_what_is_printed(scene, name, line, 0)
