"""The whole of Tasker under the command line: real collector, engine, frontend and TLS; only systemd is a stub."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasker import certfiles
from tasker.client import Client
from tasker.identity import Role
from tests.cli.terminal import Terminal
from tests.stack import DEADLINE, Stack, stack

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Machine:
    """Everything up. `address` is the frontend's; certificates lie in `directory` as in /etc/tasker."""

    tasker: Stack
    address: str

    @property
    def directory(self) -> Path:
        return self.tasker.directory

    def environment(self, user: str = "root") -> dict[str, str]:
        """What the command line needs to know, for this user."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("TASKER_", "XDG_", "NO_COLOR"))}
        named = {"ADDRESS": self.address, "CA": "ca.crt", "CERT": f"clients/{user}.crt"}
        paths = {f"TASKER_{key}": str(self.directory / value) for key, value in named.items() if key != "ADDRESS"}
        return {
            **kept,
            **paths,
            "TASKER_ADDRESS": self.address,
            "HOME": str(self.directory),
            "PYTHONPATH": str(REPOSITORY),
            "TERM": "xterm-256color",
        }

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-m", "tasker.cli", *words]

    def run(self, *words: str, user: str = "root", **more: str) -> subprocess.CompletedProcess[str]:
        """One command line, on no terminal."""
        return subprocess.run(
            self.command(*words),
            env={**self.environment(user), **more},
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

    def spawn(
        self, terminal: Terminal, *words: str, user: str = "root", more: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """One command line in the foreground of `terminal`, as its controlling terminal."""
        return subprocess.Popen(
            ["setsid", "--ctty", "--wait", *self.command(*words)],
            env={**self.environment(user), **(more or {})},
            stdin=terminal.fd,
            stdout=terminal.fd,
            stderr=terminal.fd,
        )

    def client(self, user: str = "root") -> Client:
        files = [self.directory / name for name in ("ca.crt", f"clients/{user}.crt", f"clients/{user}.key")]
        ca, certificate, key = (path.read_bytes() for path in files)
        return Client(self.address, ca=ca, certificate=certificate, key=key)


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with stack(f'[server]\nlisten = ["127.0.0.1:{port}"]\n') as tasker:
        certfiles.init(tasker.directory, ["localhost"], force=True)
        for user, role in (("root", Role.ADMIN), ("alice", Role.USER), ("bob", Role.USER)):
            certfiles.new_client(tasker.directory, user, role)
        tasker.engine.restart()  # it reads certificates when it starts
        tasker.frontend.start()
        try:
            yield Machine(tasker, f"localhost:{port}")
        finally:
            tasker.frontend.end()
