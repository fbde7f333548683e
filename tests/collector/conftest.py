"""A real collector, and an engine's connection to it."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker import wire
from tasker.ring import RingReader
from tests.support.daemon import Daemon, Peer
from tests.support.waiting import readable

_ids = itertools.count(1)


class Engine(Peer):
    """What an engine asks, one thing at a time; notices are kept until somebody waits for them."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.exits: dict[str, wire.Exit] = {}

    def receive(self) -> tuple[wire.Datagram, list[int]]:
        datagram, descriptors = super().receive()
        if isinstance(datagram.message, wire.Exited):
            self.exits[datagram.message.job] = datagram.message.exit
        return datagram, descriptors

    def launch(self, *argv: str, uid: int = 0, ring: int = 1 << 20, owner: str = "", **environment: str) -> str:
        """A leader at the gate: its job's id."""
        job = f"job{next(_ids)}"
        environment = {"PATH": os.environ["PATH"], "TASKER_JOB": job} | environment
        self.ask(wire.Launch(job, argv, environment, "/", uid, uid, (), ring, f"record of {job}", owner))
        return job

    def release(self, job: str) -> wire.Released:
        reply = self.ask(wire.Release(job))
        assert isinstance(reply, wire.Released)
        return reply

    def run(self, *argv: str, uid: int = 0, ring: int = 1 << 20, owner: str = "", **environment: str) -> str:
        job = self.launch(*argv, uid=uid, ring=ring, owner=owner, **environment)
        assert self.release(job) == wire.Released(0, "")
        return job

    def exit(self, job: str) -> wire.Exit:
        """Wait until it was reaped."""
        while job not in self.exits:
            self.receive()
        return self.exits[job]

    def leader(self, job: str) -> wire.Leader | None:
        reply = self.ask(wire.ListLeaders(0))
        assert isinstance(reply, wire.Leaders)
        return next((leader for leader in reply.leaders if leader.job == job), None)

    def follow(self, job: str) -> tuple[RingReader, int]:
        """The ring, and the descriptor to sleep on."""
        _, (ring, wake) = self.ask_with_descriptors(wire.Follow(job))
        try:
            return RingReader(ring), wake
        finally:
            os.close(ring)

    def printed(self, job: str) -> bytes:
        """Wait until it has printed something: that."""
        reader, wake = self.follow(job)
        while not reader.written:
            readable(f"output of job {job}", wake)
            os.read(wake, 4096)
        os.close(wake)
        return reader.read(0, reader.written)[1]

    def output(self, job: str) -> bytes:
        """All it printed, once it has ended."""
        self.exit(job)
        self.ask(wire.Finish(job))
        reader, wake = self.follow(job)
        os.close(wake)
        return reader.read(0, reader.written)[1]


@pytest.fixture
def collector() -> Iterator[Daemon]:
    directory = Path(tempfile.mkdtemp(prefix="tsk-"))
    daemon = Daemon(directory, "tasker.collector", "--socket", str(directory / "control.sock"))
    daemon.start()
    yield daemon
    daemon.end()
    assert "Traceback" not in daemon.log, daemon.log
    shutil.rmtree(directory)


@pytest.fixture
def engine(collector: Daemon) -> Iterator[Engine]:
    with Engine(collector.directory / "control.sock") as engine:
        assert isinstance(engine.ask(wire.Hello(wire.COLLECTOR_VERSION)), wire.Welcome)
        yield engine
