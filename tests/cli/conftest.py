"""The whole of Tasker under the command line: real collector, engine, frontend and TLS; only systemd is a stub."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tasker.client import Client
from tasker.identity import Role
from tests.cli.terminal import Terminal
from tests.support.stack import Stack, stack
from tests.support.waiting import DEADLINE

ADMINS = ("root",)


@dataclass(frozen=True)
class Machine:
    """Everything up, and people to be: root is an admin, everybody else a user."""

    tasker: Stack

    @property
    def directory(self) -> Path:
        """Laid out as /etc/tasker."""
        return self.tasker.directory

    def environment(self, user: str = "root", **more: str) -> dict[str, str]:
        """What a command line finds in its environment."""
        inherited = self.tasker.environment(user, _role(user))
        kept = {
            key: value for key, value in inherited.items() if key not in ("XDG_CONFIG_HOME", "NO_COLOR", "TASKER_KEY")
        }
        return {**kept, "HOME": str(self.directory), "TERM": "xterm-256color", **more}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-m", "tasker.cli", *words]

    def run(self, *words: str, user: str = "root", **more: str) -> subprocess.CompletedProcess[str]:
        """One command line, on no terminal."""
        return subprocess.run(
            self.command(*words),
            env=self.environment(user, **more),
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=DEADLINE,
        )

    def out(self, *words: str, user: str = "root") -> str:
        """stdout, stripped, of one that succeeds."""
        done = self.run(*words, user=user)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def popen(self, *words: str) -> subprocess.Popen[str]:
        """One command line on two pipes, still running."""
        pipe = subprocess.PIPE
        return subprocess.Popen(self.command(*words), env=self.environment(), stdout=pipe, stderr=pipe, text=True)

    def spawn(self, terminal: Terminal, *words: str, **more: str) -> subprocess.Popen[bytes]:
        """One command line in the foreground of `terminal`, as its controlling terminal."""
        return self.program(terminal, self.command(*words), **more)

    def program(self, terminal: Terminal, command: list[str], **more: str) -> subprocess.Popen[bytes]:
        return self.program_on(terminal.fd, command, **more)

    def program_on(self, fd: int, command: list[str], **more: str) -> subprocess.Popen[bytes]:
        whole = ["setsid", "--ctty", "--wait", *command]
        return subprocess.Popen(whole, env=self.environment(**more), stdin=fd, stdout=fd, stderr=fd)

    def client(self, user: str = "root") -> Client:
        return self.tasker.client(user, _role(user))


def _role(user: str) -> Role:
    return Role.ADMIN if user in ADMINS else Role.USER


@pytest.fixture(scope="session", autouse=True)
def _signals_as_in_a_terminal() -> Iterator[None]:
    """A test run in the background of a script inherits an ignored SIGINT, and so would every program it starts."""
    heeded: dict[int, Any] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGHUP: signal.SIG_DFL,
        signal.SIGTERM: signal.SIG_DFL,
    }
    before = {number: signal.signal(number, handler) for number, handler in heeded.items()}
    yield
    for number, handler_before in before.items():
        signal.signal(number, handler_before)


CONFIG = """[server]
[owner]
tasks = 4000
[total]
memory = "64G"
tasks = 8000
[output]
memory = "2G"
"""
"""What info shows is the same on every machine that runs the tests."""


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    with stack(CONFIG, frontend=True) as tasker:
        yield Machine(tasker)
