"""An upgrade keeps the run: from the package of an earlier commit (tests/system/upgrade-from) to that of the tree.

The collector of the earlier package goes on with the jobs; engine and frontends are the tree's.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker.client import Chunk, Client, Ended
from tasker.job import Job, Kind
from tasker.limits import Limits
from tests.support.waiting import join, until, until_equal
from tests.system.conftest import User, cgroup, install, run, show, until_serving

pytestmark = pytest.mark.late(2)
MIB = 1 << 20


@pytest.fixture
def earlier() -> Iterator[None]:
    """A new run of the earlier package; the tree's package is there after the test, whatever it did."""
    begin(os.environ["TASKER_DEB_BEFORE"])
    yield
    begin(os.environ["TASKER_DEB"])


def begin(package: str) -> None:
    run("systemctl", "stop", "tasker")
    install(package)
    run("systemctl", "start", "tasker")
    until_serving()


class Follower(threading.Thread):
    """Attaches to a job, through the upgrade, and keeps what it gets."""

    def __init__(self, client: Client, job: Job) -> None:
        super().__init__(name=f"follower of {job.id}")
        self._client = client
        self._job = job
        self.data = b""
        self.last: object = None

    def run(self) -> None:
        for event in self._client.attach(self._job.id, offset=0):
            if isinstance(event, Chunk):
                assert event.offset == len(self.data), "every byte once"
                self.data += event.data
            self.last = event


def test_an_upgrade_keeps_the_run(alice: User, earlier: None, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    for directory in tmp_path.parents:
        if str(directory).startswith("/tmp/"):  # noqa: S108
            directory.chmod(0o755)
    gate, counting = tmp_path / "gate", "i=0; while :; do echo $i; i=$((i + 1)); sleep 0.1; done"
    client = alice.connect()
    alice.client = client

    untouched = alice.start("sleep", "600")
    sleeping = alice.start("sleep", "600")
    limited = alice.start("sleep", "600", limits=Limits(memory=64 * MIB))
    waiting = alice.sh(f"until [ -e {gate} ]; do sleep 0.2; done; exit 7")
    followed = alice.sh(counting)
    paused = client.pause(alice.start("sleep", "600").id)
    stopping = alice.sh("trap '' TERM; echo ready; while :; do sleep 0.1; done", grace=600.0)
    lingering = alice.sh("setsid sh -c 'echo left; exec sleep 600' & exit 5", linger=600.0)
    ended = alice.wait(alice.sh("echo done; exit 3"))
    alice.first_line(stopping)
    stopper = threading.Thread(target=lambda: alice.connect().stop(stopping.id, reconnect_timeout=60.0))
    stopper.start()
    until_equal(lambda: client.get(stopping.id).state, "stopping")
    until_equal(lambda: client.get(lingering.id).state, "ending")
    follower = Follower(alice.connect(), followed)
    follower.start()
    until(lambda: follower.data, what="the follower gets output")

    collector, engine = (show(unit, "MainPID") for unit in ("tasker-collector.service", "tasker.service"))
    install(os.environ["TASKER_DEB"])
    until_serving()
    assert show("tasker-collector.service", "MainPID") == collector
    assert show("tasker.service", "MainPID") != engine
    alice.client = client = alice.connect()

    states = {job.id: job.state for job in client.list()}
    running = {job.id: "running" for job in (untouched, sleeping, limited, waiting, followed)}
    others = {paused.id: "paused", stopping.id: "stopping", lingering.id: "ending", ended.id: "ended"}
    assert states == running | others

    had = len(follower.data)
    until(lambda: len(follower.data) > had, what="the follower goes on")
    now = client.limit(limited.id, Limits(memory=96 * MIB, tasks=20))
    assert (now.limits.memory, now.limits.tasks, now.differing) == (96 * MIB, 20, ())
    assert (cgroup(limited) / "memory.max").read_text().strip() == str(96 * MIB)
    gate.touch()
    assert outcome(client.wait(waiting.id)) == (Kind.EXITED, 7)
    assert client.resume(paused.id).state == "running"
    assert outcome(client.stop(sleeping.id)) == (Kind.STOPPED, None)
    assert outcome(client.stop(stopping.id, grace=0)) == (Kind.STOPPED, None)
    left = client.stop(lingering.id, grace=0)
    assert (outcome(left), alice.output(left)) == ((Kind.EXITED, 5), b"left\n")
    assert (outcome(client.get(ended.id)), alice.output(ended)) == ((Kind.EXITED, 3), b"done\n")
    assert alice.output(alice.sh("echo new")) == b"new\n"

    client.stop(followed.id)
    for thread in (stopper, follower):
        join(thread)
    assert isinstance(follower.last, Ended)
    numbers = follower.data.decode().split()
    assert numbers == [str(number) for number in range(len(numbers))]


def outcome(job: Job) -> tuple[Kind, int | None]:
    assert job.outcome is not None, job
    return job.outcome.kind, job.outcome.exit_code
