"""A job fits into one datagram, whatever was asked of it: else its owner could hide it, and the list, from all."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker import wire
from tasker.errors import TaskerError
from tasker.identity import Identity, Role
from tasker.job import LARGEST_COMMAND
from tasker.lifecycle import State
from tasker.limits import LONGEST_PATHS, IoLimit, Limits
from tests.support.stack import ALICE, ROOT, Stack, stack

HARMLESS = range(50, 58)
SLEEP = ("sh", "-c", f"trap '' {' '.join(map(str, HARMLESS))}; exec sleep 60")


def longest(tasker: Stack) -> str:
    """Of an argument that a job may have here: what is longer is refused."""
    least, most = 1, LARGEST_COMMAND  # each takes two bytes in a message
    while most - least > 1:
        length = (least + most) // 2
        try:
            tasker.start_job(*SLEEP, "\\" * length, caller=ALICE)
            least = length
        except (TaskerError, wire.WireError):
            most = length
    return "\\" * (least - 16)  # a number in the record may have a digit more next time


@pytest.fixture
def tasker() -> Iterator[Stack]:
    none = 'memory = "none"\ntasks = "none"\n'
    with stack(f"[server]\n[owner]\n{none}[total]\n{none}") as tasker:
        yield tasker


def test_the_longest_job_gets_the_longest_limits(tasker: Stack) -> None:
    job = tasker.start_job(*SLEEP, longest(tasker), caller=ALICE)
    each = LONGEST_PATHS // 16
    for number in range(16):
        path = f"{tasker.directory}/{number:x}/"
        path += "ü" * ((each - len(path)) // 2)  # what takes most in a record: a byte becomes 3.5
        Path(path).mkdir(parents=True)
        disk = IoLimit(path, 1 << 60, 1 << 60, 1 << 32, 1 << 32)
        limits = Limits(0.5, 1, 1 << 60, 1 << 60, 1 << 60, 1 << 22, (disk,), 1)
        reply = tasker.ask(wire.LimitJob(ALICE, job.id, limits, ()))
    assert isinstance(reply, wire.JobReply)
    assert len(reply.job.limits.io) == 16
    for number in HARMLESS:
        tasker.ask(wire.SignalJob(Identity("n" * 32, Role.ADMIN, "f" * 40), job.id, number))
    tasker.engine.restart(signal.SIGKILL)
    assert len(tasker.get(job).limits.io) == 16
    tasker.ask(wire.StopJob(ROOT, job.id, 0.0))
    tasker.engine.restart(signal.SIGKILL)
    assert tasker.get(job).state is State.ENDED
    assert job.id in [one.id for one in tasker.list()]
