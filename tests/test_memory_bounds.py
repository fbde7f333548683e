"""As shipped, the three services fit into a machine, whatever jobs print and clients ask: the collector, which has no
MemoryMax because its end would end every job, by what the configuration allows; the others by their units.

Jobs are no part of this sum: where the machine runs out of memory all the same, they are killed before any service.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tasker import config, wire
from tasker.collector.child import OOM_SCORE_ADJ
from tasker.engine.capacity import Capacity
from tasker.engine.retention import SPARE
from tasker.engine.rings import Rings
from tasker.ring import HEADER, RingWriter, most_memory

SYSTEMD = Path(__file__).parent.parent / "systemd"
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
BASE = 32 * MIB
"""Of a collector without jobs; measured: 18 MB."""
OBJECTS = 16 * KIB
"""Of Python for one job, its text apart; measured: 10 kB."""
WAKE_PIPE = 4 * KIB
"""Of a follower. The pipe that a job prints to is charged to the job."""


def unit(name: str, key: str) -> str:
    found = re.findall(rf"^{key}=(.*)$", (SYSTEMD / name).read_text(), re.MULTILINE)
    return found[-1] if found else ""


def size(text: str) -> int:
    return int(text.removesuffix("G")) * GIB


def rings(shipped: config.Config, machine: Capacity) -> int:
    """Bytes of memory that the rings of running jobs take, where many owners start as many as they can."""
    counted, found = Rings(), list[int]()
    for number in range(shipped.jobs.running):
        owner = str(number // shipped.owner.running)
        capacity = counted.capacity(owner, shipped.output.ring, machine.bytes(shipped.output.memory))
        counted.count(str(number), owner, capacity)
        found.append(most_memory(capacity))
    return sum(found)


def collector(shipped: config.Config, machine: Capacity) -> int:
    """Bytes that it takes at most."""
    kept = shipped.jobs.running + shipped.retention.ended + SPARE
    return (
        BASE
        + rings(shipped, machine)
        + shipped.retention.memory  # what ended jobs hold beyond it counts as rings of running jobs do
        + kept * (wire.LARGEST_DATAGRAM + OBJECTS + HEADER)
        + shipped.server.frontends * shipped.server.streams * WAKE_PIPE
    )


@pytest.mark.parametrize("memory", [4 * GIB, 8 * GIB, 64 * GIB, 1024 * GIB])
def test_the_services_fit_into_a_machine(memory: int) -> None:
    shipped = config.load(SYSTEMD / "tasker.toml")
    others = size(unit("tasker.service", "MemoryMax"))
    others += shipped.server.frontends * size(unit("tasker-frontend@.service", "MemoryMax"))
    assert collector(shipped, Capacity(memory, 15_000)) + others < memory * 0.9


def test_the_collector_is_never_killed_for_its_memory() -> None:
    assert (unit("tasker-collector.service", "MemoryMax"), unit("tasker-collector.service", "MemoryHigh")) == ("", "")
    order = [unit(f"{name}.service", "OOMScoreAdjust") for name in ("tasker-collector", "tasker", "tasker-frontend@")]
    assert [*map(int, order), OOM_SCORE_ADJ] == [-900, -800, -500, 300]


@pytest.mark.parametrize("capacity", [4 * KIB, 256 * KIB, 1_000_000, 16 * MIB])
def test_what_a_ring_takes_at_most(capacity: int) -> None:
    """Its timestamps, one for every millisecond in which something came, take a quarter of what it holds or two pages."""
    writer = RingWriter(capacity)
    for n in range(70_000):
        writer._timestamps.add(n, n, n - capacity)
    assert writer._timestamps.held <= max(capacity // 4, 2 * HEADER)
    assert capacity + HEADER <= most_memory(capacity) <= capacity + capacity // 4 + 6 * HEADER
    writer.free()
