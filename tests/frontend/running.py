"""A real frontend process before a Peer, and clients of it: what the tests of both ends of the network stand on."""

from __future__ import annotations

import dataclasses
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tasker import issuing
from tasker.certs import Pair
from tasker.client import Client
from tasker.identity import Role
from tasker.wire import Setup
from tests.frontend.peer import Peer
from tests.support.waiting import DEADLINE, readable

UNIT = Path(__file__).parents[2] / "systemd" / "tasker-frontend@.service"


def of_the_unit() -> dict[str, str]:
    """The environment that systemd starts it with, but for where the package has its files."""
    lines = [line for line in UNIT.read_text().splitlines() if line.startswith("Environment=")]
    pairs = " ".join(line.removeprefix("Environment=") for line in lines).split()
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs) if name != "PYTHONPATH"}


class Frontend:
    """`python -m tasker.frontend` in a process, ready to serve."""

    def __init__(self, directory: Path, ca: Pair, /, *, listen: str = "127.0.0.1:0", **changes: Any) -> None:
        self.ca = ca
        server = issuing.make_server(ca, [])
        setup = Setup(
            listen=(listen,),
            frontends=1,
            streams_per_user=100,
            streams=1000,
            ca=ca.certificate.decode(),
            certificate=server.certificate.decode(),
            key=server.key.decode(),
            revoked=(),
        )
        self.setup = dataclasses.replace(setup, **changes)
        self.peer = Peer(directory / "engine.sock", self.setup)
        self.log = directory / "log"
        self._news = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._news.bind(str(directory / "notify.sock"))
        self.journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._trail = str(directory / "journal")
        self.journal.bind(self._trail)
        self.journal.settimeout(DEADLINE)
        self.environment = {**os.environ, **of_the_unit(), "NOTIFY_SOCKET": str(directory / "notify.sock")}
        self.arguments: list[str] = []
        """More of them for the process."""
        self._clients: list[Client] = []

    def launch(self) -> None:
        """Start the process; it may or may not become ready."""
        command = [sys.executable, "-m", "tasker.frontend", "--engine", str(self.peer.path), "--journal", self._trail]
        command += self.arguments
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                env=self.environment,
                stderr=log,
            )
        self._dead = os.pidfd_open(self.process.pid)

    def relaunch(self) -> None:
        """Another process once this one has ended; at the same address, if `listen` named its port."""
        self.process.wait(DEADLINE)
        os.close(self._dead)
        while select.select([self._news], [], [], 0)[0]:
            self._news.recv(4096)
        self.launch()
        self.heard("READY=1")

    def start(self) -> None:
        self.peer.start()
        self.launch()
        status = next(line for line in self.heard("READY=1").splitlines() if line.startswith("STATUS="))
        self.address = status.removeprefix("STATUS=Listening on ")
        host, _, port = self.address.rpartition(":")
        self.host, self.port = host.strip("[]"), int(port) if port.isdecimal() else 0

    def heard(self, line: str) -> str:
        """Wait until the process has told systemd this line; the whole message."""
        while True:
            ready = readable(f"{line} of the frontend", self._news.fileno(), self._dead)
            assert self._news.fileno() in ready, f"the frontend ended: {self.log.read_text()}"
            message = self._news.recv(4096).decode()
            if line in message.splitlines():
                return message

    def client(self, user: str = "alice", role: Role = Role.USER, pair: Pair | None = None) -> Client:
        pair = pair or issuing.make_client(self.ca, user, role)
        client = Client(self.address, ca=self.ca.certificate, certificate=pair.certificate, key=pair.key)
        self._clients.append(client)
        return client

    def reload(self, **changes: Any) -> None:
        """Another Setup, sent as the engine does at a reload."""
        self.setup = self.peer.setup = dataclasses.replace(self.setup, **changes)
        self.peer.notify(self.setup)

    def close(self) -> None:
        for client in self._clients:
            client.close()
        if hasattr(self, "process"):
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
            self.process.wait(DEADLINE)
            os.close(self._dead)
        self.peer.close()
        self._news.close()
        self.journal.close()
        sys.stderr.write(self.log.read_text() if self.log.exists() else "")


@contextmanager
def running(directory: Path, ca: Pair, /, *, listen: str = "127.0.0.1:0", **changes: Any) -> Iterator[Frontend]:
    """A frontend that is ready; at the end it is stopped, and what it logged is shown by a test that failed."""
    frontend = Frontend(directory, ca, listen=listen, **changes)
    try:
        frontend.start()
        yield frontend
    finally:
        frontend.close()
