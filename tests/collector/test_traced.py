"""A leader that is traced is its tracer's to reap first. The collector tells its end at once and waits for nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tasker import wire
from tests.collector.conftest import Engine
from tests.stub.control import REPOSITORY
from tests.support.daemon import Daemon
from tests.support.tracer import traced
from tests.support.waiting import DEADLINE, readable, until_gone


def leader_of(engine: Engine, job: str) -> int:
    leader = engine.leader(job)
    assert leader is not None
    return leader.pid


@pytest.mark.parametrize(
    ("end", "code", "number"),
    [("exit 3", 3, None), ("exit 0", 0, None), ("kill -KILL $$", None, signal.SIGKILL)],
)
def test_its_end_is_told_as_it_was(
    engine: Engine, collector: Daemon, end: str, code: int | None, number: int | None
) -> None:
    go = collector.directory / "go"
    os.mkfifo(go)
    job = engine.run("sh", "-c", f"read x < {go}; {end}")
    pid = leader_of(engine, job)
    with traced(pid):
        go.write_text("go\n")
        exit = engine.exit(job)
        assert (exit.code, exit.signal) == (code, number)
        assert engine.output(engine.run("echo", "heard")) == b"heard\n"
        engine.ask(wire.Finish(job))
        engine.ask(wire.Forget(job))
        assert os.path.exists(f"/proc/{pid}")
    until_gone(pid)


def test_one_that_is_forgotten_at_its_gate_is_buried_when_the_tracer_has_gone(engine: Engine) -> None:
    job = engine.launch("sleep", "60")
    pid = leader_of(engine, job)
    pidfd = os.pidfd_open(pid)
    with traced(pid):
        engine.ask(wire.Forget(job))
        readable("the end of the leader", pidfd)
        assert engine.output(engine.run("echo", "heard")) == b"heard\n"
    until_gone(pid)
    os.close(pidfd)


def test_a_status_that_may_not_be_read_is_unknown_and_not_0() -> None:
    """Without capabilities /proc gives 0 for the status of another uid's process, whatever it is."""
    pid = os.fork()
    if pid == 0:
        os.setuid(1234)
        os._exit(5)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    look = [sys.executable, "-c", f"from tasker.collector import reaping; print(reaping.peek({pid}).code)"]
    environment = dict(os.environ, PYTHONPATH=str(REPOSITORY))
    for who, code in (((), "5"), (("setpriv", "--reuid=1235", "--regid=1235", "--clear-groups"), "None")):
        command = [*who, *look]
        seen = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=DEADLINE)
        assert seen.stdout.strip() == code
    os.waitpid(pid, 0)
