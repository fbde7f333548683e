"""A terminal that knows no escape sequences gets none from Tasker, whatever the verb, and still says all there is."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import threading
from collections.abc import Iterator

import pytest

from tasker.cli.grammar.verbs import VERBS
from tests.cli.conftest import Machine
from tests.support.waiting import DEADLINE

DUMB: list[dict[str, str | None]] = [{"TERM": "dumb"}, {"TERM": ""}, {"TERM": None}, {"TERM": "unknown"}]
COLOURED = {"COLORTERM": "truecolor", "FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"}
"""What asks programs for colours; TERM says that there cannot be any."""
LINES = [
    *("--help", "start --help", "certs show --help", "help attach", "--version"),
    *("start -- true", "run -- echo here", "run -- sh -c 'exit 3'", "list", "list --wide", "get JOB", "get ENDED"),
    *("pause JOB", "resume JOB", "signal JOB CONT", "limit JOB --tasks 100", "wait ENDED", "stop ENDED"),
    *("attach ENDED", "attach -t ENDED", "attach --no-footer ENDED", "logs ENDED", "logs -t ENDED"),
    *("attach --output /dev/null/x ENDED", "detach JOB", "top --once", "info", "doctor", "archive ENDED"),
    *("certs show", "certs list", "context list", "completion bash"),
    *("candidates job", "top", "frobnicate", "list --frob", "get nothing", "get ENDED --ca /nowhere", "--json start"),
]
"""Command lines, good ones and bad ones."""
SCRIPT = r"printf '\033[1mbold\033[0m\033[2J and \033]0;title\007plain\n10 %%\r20 %%\nopen'"


class Pty:
    """Everything that a command line writes to its terminal, and the keys that it gets."""

    def __init__(self, machine: Machine, *words: str, **terms: str | None) -> None:
        self._master, slave = pty.openpty()
        self.seen = b""
        unset = [word for name, value in terms.items() if value is None for word in ("-u", name)]
        more = {name: value for name, value in terms.items() if value is not None}
        self.process = machine.program_on(slave, ["env", *unset, *machine.command(*words)], **COLOURED, **more)
        os.close(slave)
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def until(self, text: bytes) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: text in self.seen, DEADLINE), self.seen

    def end(self) -> bytes:
        """All of it, once the process has ended."""
        try:
            self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            os.close(self._master)  # hangs up on it
            raise
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive()
        os.close(self._master)
        return self.seen

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # EIO: nobody has the other end open any more
            while data := os.read(self._master, 65536):
                with self._changed:
                    self.seen += data
                    self._changed.notify_all()


@pytest.fixture(scope="module")
def jobs(machine: Machine) -> Iterator[dict[str, str]]:
    job = machine.out("start", "--name", "naïve", "--", "sleep", "600")
    ended = machine.out("start", "--", "sh", "-c", SCRIPT)
    machine.out("wait", ended)
    yield {"JOB": job, "ENDED": ended}
    machine.out("stop", "--grace", "0", job)


def words(line: str, jobs: dict[str, str]) -> list[str]:
    return [jobs.get(word, word.strip("'")) for word in re.findall(r"'[^']*'|\S+", line)]


@pytest.mark.parametrize("line", LINES)
def test_no_verb_writes_a_sequence(machine: Machine, jobs: dict[str, str], line: str) -> None:
    seen = Pty(machine, *words(line, jobs), TERM="dumb").end()
    assert seen
    assert b"\x1b" not in seen, seen


def test_the_lines_have_every_verb() -> None:
    assert set(VERBS) - {"watch"} <= {line.split()[0] for line in LINES}


@pytest.mark.parametrize("terms", DUMB, ids=str)
@pytest.mark.parametrize("line", ["list", "attach -t ENDED", "frobnicate", "top"])
def test_what_counts_as_dumb(machine: Machine, jobs: dict[str, str], line: str, terms: dict[str, str | None]) -> None:
    assert b"\x1b" not in Pty(machine, *words(line, jobs), **terms).end()


def test_a_terminal_that_can_gets_them(machine: Machine, jobs: dict[str, str]) -> None:
    """So that the others show something."""
    for line in ("list", "attach -t ENDED", "frobnicate"):
        assert b"\x1b[" in Pty(machine, *words(line, jobs), TERM="xterm").end(), line


def test_the_text_of_a_job_is_whole(machine: Machine, jobs: dict[str, str]) -> None:
    seen = Pty(machine, "attach", jobs["ENDED"], TERM="dumb").end()
    assert seen.startswith(b"bold and plain\r\n10 %\r20 %\r\nopen\r\n"), seen
    assert b"exited with code 0" in seen


def test_raw_is_the_jobs_own_everywhere(machine: Machine, jobs: dict[str, str]) -> None:
    assert b"\x1b[1mbold\x1b[0m\x1b[2J" in Pty(machine, "attach", "--raw", jobs["ENDED"], TERM="dumb").end()


def test_a_job_that_is_followed_and_stopped(machine: Machine) -> None:
    run = Pty(machine, "run", "--", "sh", "-c", f"{SCRIPT}; exec sleep 600", TERM="dumb")
    run.until(b"open")
    run.type(b"\x03")
    run.until(b"g continues?")
    run.type(b"\x03")
    assert b"\x1b" not in run.end()


def test_watch(machine: Machine, jobs: dict[str, str]) -> None:
    watch = Pty(machine, "watch", TERM="dumb")
    watch.until(jobs["JOB"].encode())
    watch.type(b"\x03")
    assert b"\x1b" not in watch.end()
