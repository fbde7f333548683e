"""A frontend that goes away under `run` and `attach`: the output is whole, and the end is the job's."""

from __future__ import annotations

import hashlib
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tasker.job import JobSpec
from tests.cli.conftest import Machine
from tests.client.forwarder import Forwarder, forwarding
from tests.support.stack import stack
from tests.support.waiting import DEADLINE, next_line

LINES = 200_000
PRINT = f"seq {LINES}; while [ ! -e {{go}} ]; do sleep 0.05; done; seq {LINES}; exit 3"
WHOLE = hashlib.sha256("".join(f"{number}\n" for number in range(1, LINES + 1)).encode() * 2).digest()


@pytest.fixture
def own() -> Iterator[Machine]:
    """Not the one that all share: its frontend goes."""
    with stack(frontend=True) as tasker:
        yield Machine(tasker)


@pytest.fixture
def network(machine: Machine) -> Iterator[Forwarder]:
    host, _, port = machine.tasker.address.rpartition(":")
    with forwarding(host, int(port)) as forwarder:
        yield forwarder


def popen(machine: Machine, *words: str, **more: str) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE  # unbuffered: communicate goes on where a read ended
    environment = machine.environment("alice", **more)
    return subprocess.Popen(machine.command(*words), env=environment, stdout=pipe, stderr=pipe, bufsize=0)


def through(network: Forwarder) -> dict[str, str]:
    return {"TASKER_ADDRESS": network.address.replace("127.0.0.1", "localhost")}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "restarted"])
def test_run_and_attach_go_on(own: Machine, number: int) -> None:
    go = own.directory / "go"  # where the job, which is somebody else, sees it
    run = popen(own, "run", "--", "sh", "-c", PRINT.format(go=go))
    assert run.stdout is not None
    start = run.stdout.read(1 << 16)  # what is left of the first half waits in the pipe, or in the ring
    [job] = own.tasker.list()
    attach = popen(own, "attach", job.id)
    assert attach.stdout is not None
    begin = attach.stdout.read(1)
    own.tasker.frontend.restart(number)
    go.touch()
    rest, _ = run.communicate(timeout=DEADLINE)
    assert hashlib.sha256(start + rest).digest() == WHOLE
    assert run.returncode == 3
    rest, _ = attach.communicate(timeout=DEADLINE)
    assert hashlib.sha256(begin + rest).digest() == WHOLE
    assert attach.returncode == 0


def test_a_run_that_nobody_can_watch_says_which_job_it_started() -> None:
    with stack("[server]\nstreams_per_user = 1\n", frontend=True) as tasker:
        machine = Machine(tasker)
        client = tasker.client("alice")
        first = client.start(JobSpec(("sleep", "600")))
        watched = client.attach(first.id)
        next(watched)
        run = machine.run("run", "--", "sleep", "600", user="alice")
        assert (run.returncode, run.stdout) == (125, "")
        [job] = [job.id for job in tasker.list() if job.id != first.id]
        ways = f"resume with: tasker attach --offset 0 {job}, or stop it with: tasker stop {job}"
        assert run.stderr.startswith("tasker: cannot open more attach streams: alice has 1 of them")
        assert run.stderr.endswith(f"; job {job} may still run; {ways}\n")
        assert machine.run("stop", job, user="alice").returncode == 0
        watched.cancel()
        client.close()


def test_a_stop_gets_through_once_the_connection_is_back(machine: Machine, network: Forwarder) -> None:
    run = popen(machine, "run", "--", "sh", "-c", "echo ready; exec sleep 600", **through(network))
    assert next_line(run) == b"ready\n"
    network.down()
    next_line(run, "connection lost at byte 6", stderr=True)
    run.send_signal(signal.SIGTERM)
    next_line(run, "stopping", stderr=True)
    network.up()
    _, told = run.communicate(timeout=DEADLINE)
    assert run.returncode == 143, told


def test_a_stop_that_never_gets_through_is_reported(machine: Machine, network: Forwarder) -> None:
    run = popen(machine, "run", "--reconnect", "3s", "--", "sh", "-c", "echo ready; exec sleep 600", **through(network))
    assert next_line(run) == b"ready\n"
    [job] = machine.tasker.list(owner="alice", running=True)
    network.down()
    next_line(run, "connection lost at byte 6", stderr=True)
    run.send_signal(signal.SIGHUP)
    _, told = run.communicate(timeout=DEADLINE)
    assert run.returncode == 125
    last = told.decode().splitlines()[-1]
    assert last.startswith(f"tasker: cannot request the stop of job {job.id}: cannot reach localhost:")
    assert last.endswith(f"; it may still run; to stop it: tasker stop {job.id}")
    machine.out("stop", job.id)


def test_a_watch_says_that_it_waits_and_ends_at_ctrl_c(machine: Machine, network: Forwarder) -> None:
    watch = popen(machine, "watch", "--json", **through(network))
    assert b"snapshot" in next_line(watch)
    network.down()
    next_line(watch, "away")
    watch.send_signal(signal.SIGINT)
    _, told = watch.communicate(timeout=DEADLINE)
    assert (watch.returncode, told) == (0, b"")
    watch = popen(machine, "watch", **through(network))
    _, told = watch.communicate(timeout=DEADLINE)  # never heard: at once
    assert watch.returncode == 125
    assert b"connection refused" in told
