"""What the service says of itself."""

from __future__ import annotations

import socket
import time

import tasker as package
from tasker import wire
from tasker.info import Info
from tasker.limits import Limits
from tests.support.stack import ALICE, BOB, Stack, stack

MIB = 1 << 20
CONFIG = """[server]
contact = "Carol"
[jobs]
running = 9
[owner]
running = 5
starts = "50, 2.5/s"
tasks = "none"
[owners.alice]
memory = "64M"
[defaults]
time = "1h"
[maxima]
cpu = 0.5
[total]
memory = "none"
tasks = 99
[output]
ring = "1M"
memory = "100M"
"""


def info(tasker: Stack) -> Info:
    reply = tasker.ask(wire.GetInfo(ALICE))
    assert isinstance(reply, wire.InfoReply)
    return reply.info


def test_everything_that_holds_for_a_caller() -> None:
    with stack(CONFIG) as tasker:
        tasker.start_job("sleep", "60", caller=ALICE)
        tasker.wait(tasker.start_job("true", caller=ALICE))
        tasker.start_job("sleep", "60", caller=BOB)
        job = tasker.start_job("sleep", "60", caller=ALICE)
        slice = tasker.systemd.cgroup(job.unit).parent
        assert info(tasker).use is None
        (slice / "cpu.stat").write_text("usage_usec 2500000\n")
        (slice / "memory.current").write_text("4096\n")
        before = time.time()
        said = info(tasker)
        assert before <= said.time <= time.time()
    assert (said.version, said.hostname, said.contact) == (package.__version__, socket.gethostname(), "Carol")
    assert said.caller == ALICE
    assert (said.running, said.most_running, said.total_running, said.most_total_running) == (2, 5, 3, 9)
    assert (said.starts_burst, said.starts_rate) == (50, 2.5)
    assert said.use is not None
    assert (said.use.cpu_time, said.use.memory) == (2.5, 4096)
    assert (said.owner, said.total) == (Limits(memory=64 * MIB), Limits(tasks=99))
    assert (said.ring, said.rings, said.most_rings) == (MIB, 2 * MIB, 50 * MIB)
    assert (said.total_rings, said.most_total_rings) == (3 * MIB, 100 * MIB)
    assert (said.streams, said.streams_per_user) == (300, 100)
    assert (said.defaults, said.maxima) == (Limits(run_time=3600.0), Limits(cpu=0.5))
