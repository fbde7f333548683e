"""One of Tasker's three processes, started as systemd starts it; and an end of a connection to the engine."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Self

from tasker import wire
from tasker.errors import TaskerError
from tests.stub.control import REPOSITORY
from tests.support.waiting import DEADLINE, readable, until


class Daemon:
    """One of the three processes. `start` returns when it says READY, as it would to systemd."""

    def __init__(
        self,
        directory: Path,
        module: str,
        *arguments: str,
        listen: socket.socket | None = None,
        through: tuple[str, ...] = (),
    ) -> None:
        """`listen` is handed over as systemd does; `through` is a command that executes the one given to it."""
        self.directory = directory
        self._command = [*through, sys.executable, "-P", "-m", module, *arguments]
        self._notify = directory / f"{module}.notify"
        self._log = directory / f"{module}.log"
        self._listen = listen
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """All it has logged."""
        return self._log.read_text() if self._log.exists() else ""

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def until_logged(self, text: str) -> None:
        """Wait until its log contains a text. A file that grows is no event without inotify."""
        until(lambda: self.log, lambda log: text in log, f"{text!r} in the log of {self._log.stem}")

    def spawn(self) -> subprocess.Popen[bytes]:
        """Without waiting for anything."""
        environment = dict(os.environ, PYTHONPATH=str(REPOSITORY), NOTIFY_SOCKET=str(self._notify))
        command, pass_fds = self._command, tuple[int, ...]()
        if self._listen is not None:  # as systemd hands a socket over
            number = self._listen.fileno()
            script = f'exec 3<&{number}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
            command, pass_fds = ["bash", "-c", script, "-", *command], (number,)
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command], env=environment, pass_fds=pass_fds, stderr=log
            )
        return self.process

    def start(self) -> None:
        self._notify.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(self._notify))
            process = self.spawn()
            ended = os.pidfd_open(process.pid)
            try:
                while notify.fileno() in readable(f"READY=1 of {self._log.stem}", notify.fileno(), ended):
                    if b"READY=1" in notify.recv(4096):
                        return
                raise AssertionError(f"{self._log.stem} ended before it was ready: {self.log}")
            finally:
                os.close(ended)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end: the exit status, as Popen has it."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        return self.process.wait(DEADLINE)

    def send_signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def restart(self, number: int = signal.SIGTERM) -> None:
        self.end(number)
        self.start()


class Peer:
    """The frontend's end of a connection, one request at a time."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(DEADLINE)
        self._socket.connect(str(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, number: int, message: wire.Message) -> None:
        self._socket.send(wire.encode(number, message))

    def receive(self) -> tuple[wire.Datagram, list[int]]:
        """The next datagram and its descriptors. Raises EOFError where the engine is gone."""
        data, descriptors, _, _ = socket.recv_fds(self._socket, wire.LARGEST_DATAGRAM, 2)
        if not data:
            raise EOFError
        return wire.decode(data), descriptors

    def ask_with_descriptors(self, message: wire.Message) -> tuple[wire.Message, list[int]]:
        self.send(1, message)
        while True:
            datagram, descriptors = self.receive()
            if datagram.number == -1:
                break
        if isinstance(datagram.message, wire.Failed):
            failed = datagram.message
            raise TaskerError(failed.reason, failed.message, failed.retry_after)
        return datagram.message, descriptors

    def ask(self, message: wire.Message) -> wire.Message:
        reply, descriptors = self.ask_with_descriptors(message)
        for descriptor in descriptors:
            os.close(descriptor)
        return reply
