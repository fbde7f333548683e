"""All of Tasker without a systemd as process 1: real collector, engine and frontend, the stub systemd under them.

with stack() as tasker:
    job = tasker.ask(wire.StartJob(ALICE, JobSpec(("true",)))).job
"""

from __future__ import annotations

import builtins
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tasker import certfiles, wire
from tasker.client import Client
from tasker.identity import Identity, Role
from tasker.job import Job, JobSpec
from tasker.lifecycle import State
from tasker.limits import Limits
from tasker.ring import RingReader
from tests.stub.control import REPOSITORY, StubSystemd, stub_systemd
from tests.support.daemon import Daemon, Peer
from tests.support.port import Port
from tests.support.waiting import DEADLINE, limit, readable

ALICE = Identity("alice", Role.USER, "a1")
BOB = Identity("bob", Role.USER, "b0")
ROOT = Identity("root", Role.ADMIN, "ad")
AS_OTHERS = "[server]\n[jobs]\nas_others = true\n"
"""The configuration of a stack in which admins may start jobs as root. As shipped they may not."""


class Stack:
    """What `stack` gives."""

    def __init__(self, directory: Path, systemd: StubSystemd, engine_arguments: Sequence[str] = ()) -> None:
        self.directory = directory
        self.systemd = systemd
        self.config = directory / "tasker.toml"
        self.socket = directory / "engine.sock"
        self.port = Port()
        self.address = f"localhost:{self.port.number}"
        self.journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.journal.bind(str(directory / "journal"))
        self.journal.settimeout(DEADLINE)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(self.socket))
        self._listener.listen(64)
        control = directory / "control.sock"
        self.collector = Daemon(directory, "tasker.collector", "--socket", str(control))
        self.engine = Daemon(
            directory,
            "tasker.engine",
            *("--bus", systemd.address, "--cgroups", str(systemd.cgroups), "--collector", str(control)),
            *("--config", str(self.config), "--state", str(directory), "--journal", str(directory / "journal")),
            *engine_arguments,
            listen=self._listener,
        )
        reaching = ("--engine", str(self.socket), "--journal", str(directory / "journal"))
        self.frontend = Daemon(directory, "tasker.frontend", *reaching)

    def configure(self, text: str) -> None:
        """Write tasker.toml: `text`, and the certificates' places."""
        pems = {"ca": "ca.crt", "certificate": "server.crt", "key": "server.key"}
        server = f'listen = ["{self.address}"]\n'
        server += "".join(f'{key} = "{self.directory / name}"\n' for key, name in pems.items())
        self.config.write_text(text.replace("[server]\n", f"[server]\n{server}"))

    def certificate(self, name: str, role: Role = Role.USER) -> tuple[Path, Path]:
        """Files of a client certificate and its key."""
        stem = self.directory / "clients" / name
        if not stem.with_suffix(".crt").exists():
            certfiles.new_client(self.directory, name, role)
        return stem.with_suffix(".crt"), stem.with_suffix(".key")

    def client(self, name: str, role: Role = Role.USER) -> Client:
        """Somebody's connection to the frontend."""
        certificate, key = (file.read_bytes() for file in self.certificate(name, role))
        return Client(self.address, ca=(self.directory / "ca.crt").read_bytes(), certificate=certificate, key=key)

    def cli(self, *arguments: str, name: str = "alice", role: Role = Role.USER) -> subprocess.CompletedProcess[bytes]:
        """Run `tasker …` as somebody, to its end."""
        command = [sys.executable, "-m", "tasker.cli", *arguments]
        environment = self.environment(name, role)
        return subprocess.run(command, env=environment, capture_output=True, timeout=DEADLINE, check=False)

    def environment(self, name: str, role: Role = Role.USER) -> dict[str, str]:
        """What the command line needs to be somebody."""
        certificate, key = self.certificate(name, role)
        own = {"TASKER_ADDRESS": self.address, "TASKER_CA": str(self.directory / "ca.crt")}
        own |= {"TASKER_CERT": str(certificate), "TASKER_KEY": str(key), "PYTHONPATH": str(REPOSITORY)}
        left_out = ("TASKER_", "COLUMNS", "LINES")  # the size of a terminal is that of the test's own
        return {key: value for key, value in os.environ.items() if not key.startswith(left_out)} | own

    def connect(self) -> Peer:
        """A connection to the engine, as a frontend has it."""
        return Peer(self.socket)

    def ask(self, message: wire.Message) -> wire.Message:
        """One request on a connection of its own. Raises TaskerError."""
        with self.connect() as peer:
            return peer.ask(message)

    def start_job(self, *argv: str, caller: Identity = ROOT, **spec: Any) -> Job:
        reply = self.ask(wire.StartJob(caller, JobSpec(argv, **spec)))
        assert isinstance(reply, wire.JobReply)
        return reply.job

    @staticmethod
    def spec(*argv: str) -> JobSpec:
        return JobSpec(argv)

    @staticmethod
    def limits(**limits: Any) -> Limits:
        return Limits(**limits)

    def get(self, job: Job, caller: Identity = ROOT) -> Job:
        reply = self.ask(wire.GetJob(caller, job.id))
        assert isinstance(reply, wire.JobReply)
        return reply.job

    def list(self, *, owner: str = "", running: bool = False, archived: bool = False) -> builtins.list[Job]:
        jobs: builtins.list[Job] = []
        page = ""
        while True:
            reply = self.ask(wire.ListJobs(ROOT, owner, running, archived, page))
            assert isinstance(reply, wire.JobsReply)
            jobs += reply.jobs
            page = reply.next
            if not page:
                return jobs

    @staticmethod
    def alive(pid: int) -> bool:
        """Whether a process runs; a zombie does not."""
        try:
            return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
        except (FileNotFoundError, ProcessLookupError):  # gone before it was opened, or while it was read
            return False

    def until_state(self, job: Job, state: State) -> None:
        """Wait until a job is in a state. The engine reports every change to a connection that watches."""
        with limit(f"job {job.id} is {state.value}"), self.connect() as peer:
            peer.ask(wire.Watch(changes=True, usage=False))
            now = self.get(job).state
            while now is not state:
                message = peer.receive()[0].message
                if isinstance(message, wire.Changed) and message.job.id == job.id:
                    now = message.job.state

    def until_printed(self, job: Job, size: int = 1) -> None:
        """Wait until a job has printed so many bytes. The collector wakes whoever follows the output."""
        with self.connect() as peer:
            _, (ring, wake) = peer.ask_with_descriptors(wire.AttachJob(ROOT, job.id))
        reader = RingReader(ring)
        try:
            while reader.written < size:
                readable(f"{size} bytes of job {job.id}; it has printed {reader.written}", wake)
                assert os.read(wake, 4096), f"the collector ended before job {job.id} had printed {size} bytes"
        finally:
            reader.free()
            os.close(ring)
            os.close(wake)

    def printed(self, job: Job) -> int:
        """How many bytes it has printed by now."""
        with self.reader(job) as reader:
            return reader.written

    def wait(self, job: Job) -> Job:
        """The job, ended."""
        reply = self.ask(wire.WaitJob(ROOT, job.id, False))
        assert isinstance(reply, wire.JobReply)
        return reply.job

    def output(self, job: Job) -> bytes:
        """All that a job printed, once it has ended."""
        self.wait(job)
        with self.reader(job) as reader:
            return reader.read(0, reader.written)[1]

    @contextlib.contextmanager
    def reader(self, job: Job) -> Iterator[RingReader]:
        with self.connect() as peer:
            _, descriptors = peer.ask_with_descriptors(wire.AttachJob(ROOT, job.id))
        reader = RingReader(descriptors[0])
        for descriptor in descriptors:
            os.close(descriptor)
        yield reader
        reader.free()

    def kill_jobs(self) -> None:
        """What the end of a run does where there is a systemd."""
        for unit in self.systemd.units.values():
            for pid in unit["pids"]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """Release what the test's own process holds."""
        self.port.close()
        self.journal.close()
        self._listener.close()


@contextlib.contextmanager
def stack(config: str = "[server]\n", *, frontend: bool = False) -> Iterator[Stack]:
    """Everything up and, at the end, everything down and no job left."""
    directory = Path(tempfile.mkdtemp(prefix="tsk-"))  # short: a socket's path has at most 107 bytes
    directory.chmod(0o755)
    try:
        with stub_systemd(directory) as systemd:
            tasker = Stack(directory, systemd)
            certfiles.init(directory, ["localhost"])
            tasker.configure(config)
            daemons = [tasker.collector, tasker.engine, *([tasker.frontend] if frontend else [])]
            try:
                for daemon in daemons:
                    daemon.start()
                yield tasker
            finally:
                tasker.kill_jobs()
                for daemon in reversed(daemons):
                    if daemon.process is not None:
                        daemon.end()
                tasker.close()
    finally:
        shutil.rmtree(directory)
