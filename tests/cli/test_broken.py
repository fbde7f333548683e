"""A frontend that goes away under `run` and `attach`: the output is whole, and the end is the job's."""

from __future__ import annotations

import hashlib
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.cli.conftest import Machine
from tests.daemon import DEADLINE
from tests.stack import stack

LINES = 200_000
PRINT = f"seq {LINES}; while [ ! -e {{go}} ]; do sleep 0.05; done; seq {LINES}; exit 3"
WHOLE = hashlib.sha256("".join(f"{number}\n" for number in range(1, LINES + 1)).encode() * 2).digest()


@pytest.fixture
def own() -> Iterator[Machine]:
    """Not the one that all share: its frontend goes."""
    with stack(frontend=True) as tasker:
        yield Machine(tasker)


def popen(machine: Machine, *words: str) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE  # unbuffered: communicate goes on where a read ended
    return subprocess.Popen(
        machine.command(*words), env=machine.environment("alice"), stdout=pipe, stderr=pipe, bufsize=0
    )


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
