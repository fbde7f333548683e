"""Memory for the output of running jobs: who gets how much of it, and when it is free again."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tasker import wire
from tasker.config import parse
from tasker.engine.capacity import Capacity
from tasker.engine.entry import Entry
from tasker.engine.jobtable import JobTable
from tasker.engine.quotas import Quotas
from tasker.engine.rings import LEAST, Rings
from tasker.errors import Reason
from tests.cli.terminal import Terminal
from tests.engine.jobs import a_job
from tests.engine.test_start import refused
from tests.support.stack import ALICE, BOB, ROOT, Stack, stack

KIB, MIB = 1 << 10, 1 << 20


def filled(rings: Rings, owner: str, asked: int, most: int) -> list[int]:
    """The rings of jobs that an owner starts until there is no room."""
    found: list[int] = []
    while capacity := rings.capacity(owner, asked, most):
        rings.count(f"{owner}{len(found)}", owner, capacity)
        found.append(capacity)
    return found


def test_an_owner_fills_half_in_ever_smaller_rings() -> None:
    rings = Rings()
    found = filled(rings, "alice", 16 * MIB, 300 * MIB)
    assert found[:3] == [16 * MIB, 16 * MIB, 14 * MIB + 768 * KIB]  # 150M, 134M, 118M are left
    assert found == sorted(found, reverse=True)
    assert found[-1] == LEAST == 256 * KIB
    assert all(size % (64 * KIB) == 0 for size in found)
    assert 150 * MIB - LEAST < rings.of_owner("alice") <= 150 * MIB
    assert filled(rings, "bob", 16 * MIB, 300 * MIB)[0] == 16 * MIB
    assert rings.total <= 300 * MIB


def test_all_owners_together_stay_below_the_whole() -> None:
    rings = Rings()
    for owner in ("alice", "bob", "carol"):
        filled(rings, owner, MIB, 20 * MIB)
    assert 20 * MIB - LEAST < rings.total <= 20 * MIB
    assert rings.of_owner("carol") < LEAST


def test_what_ended_jobs_take_too_much_is_not_given_out() -> None:
    rings = Rings()
    assert rings.capacity("alice", 16 * MIB, 300 * MIB, taken=200 * MIB) == 12 * MIB + 512 * KIB
    assert rings.capacity("alice", 16 * MIB, 300 * MIB, taken=300 * MIB) == 0


@pytest.mark.parametrize("asked", [64 * KIB, 200 * KIB, 16 * MIB, 1 << 34])
def test_nobody_gets_more_than_was_asked_for_or_than_there_is(asked: int) -> None:
    assert Rings().capacity("alice", asked, None) == asked
    for most in (8 * MIB, 300 * MIB):
        found = filled(Rings(), "alice", asked, most)
        assert max(found) <= min(asked, max(LEAST, most // 16))
        assert min(found) >= min(asked, LEAST)
        assert sum(found) <= most // 2


def test_a_job_counts_once_until_it_ends() -> None:
    rings = Rings()
    for _ in range(2):
        rings.count("a", "alice", MIB)
    rings.count("b", "bob", 2 * MIB)
    assert (rings.of_owner("alice"), rings.total) == (MIB, 3 * MIB)
    for _ in range(2):
        rings.release("a")
    assert (rings.of_owner("alice"), rings.of_owner("bob"), rings.total) == (0, 2 * MIB, 2 * MIB)


# ── in the engine ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def small() -> Iterator[Stack]:
    """8M for all, so 4M for one owner: 16 jobs fill that."""
    with stack('[server]\ncontact = "Carol"\n[output]\nring = "1M"\nmemory = "8M"\n', frontend=True) as tasker:
        yield tasker


def fill(tasker: Stack) -> list[str]:
    """Alice starts jobs until she has no room; their ids."""
    ids = []
    words = r"^cannot start a job: output of running jobs of alice takes (4|3\.9)\S*M of memory, of"
    with refused(Reason.EXHAUSTED, words):
        while True:
            ids.append(tasker.start_job("sleep", "60", caller=ALICE).id)
    return ids


def test_a_ring_is_as_large_as_there_is_room(small: Stack) -> None:
    first = small.start_job("sleep", "60", caller=ALICE)
    assert (first.ring, first.ring_asked) == (512 * KIB, MIB)
    with small.reader(first) as reader:
        assert reader.capacity == 512 * KIB
    ids = [first.id, *fill(small)]
    words = r" of at most 4M; that of all jobs takes .* of at most 8M \(\[output\] memory\); stop one, or ask Carol$"
    with refused(Reason.EXHAUSTED, words):
        small.start_job("true", caller=ALICE)
    assert small.start_job("sleep", "60", caller=BOB).ring == 512 * KIB
    small.engine.restart(signal.SIGKILL)  # the next engine counts the same jobs
    with refused(Reason.EXHAUSTED, words):
        small.start_job("true", caller=ALICE)
    small.ask(wire.StopJob(ROOT, ids[-1], 0))
    assert small.start_job("sleep", "60", caller=ALICE).ring == LEAST


def test_a_start_that_fails_takes_nothing(small: Stack) -> None:
    for _ in range(20):
        with refused(Reason.COMMAND_NOT_FOUND):
            small.start_job("/no/such/command", caller=ALICE)
    assert small.start_job("sleep", "60", caller=ALICE).ring == 512 * KIB


def test_start_and_get_say_where_a_ring_is_smaller(small: Stack) -> None:
    id = small.cli("start", "sleep", "60").stdout.decode().strip()
    text = "the last 512K while it runs, not 1M: memory for output was short when it started"
    assert text in small.cli("get", id).stdout.decode()
    job = json.loads(small.cli("get", "--json", id).stdout)["job"]
    assert (job["ring"], job["ring_asked"]) == (512 * KIB, MIB)
    info = small.cli("info").stdout.decode()
    assert "512K of memory, of 4M" in info
    assert "512K of memory, of 8M" in info
    with Terminal(140, 8) as terminal:
        start = [*("setsid", "--ctty", "--wait", sys.executable, "-m", "tasker.cli"), "start", "sleep", "60"]
        environment = small.environment("bob") | {"TERM": "xterm"}
        subprocess.run(start, env=environment, stdin=terminal.fd, stdout=terminal.fd, stderr=terminal.fd, check=True)
        assert f"tasker: output kept: {text}" in [row.rstrip() for row in terminal.settle()]


def test_what_waits_for_the_disk_beyond_retention_counts() -> None:
    """The memory of the collector: ended jobs may come faster than they are archived."""
    table = JobTable()
    quotas = Quotas(parse('[output]\nmemory = "100M"\n[retention]\nmemory = "512M"\n'), Capacity(1, 1), table)
    table.ended.size = 512 * MIB
    assert quotas.ring("alice") == 6 * MIB + 256 * KIB
    table.ended.size += 60 * MIB
    assert quotas.ring("alice") == 5 * MIB
    table.ended.size += 40 * MIB
    with refused(Reason.EXHAUSTED, r"0B, of at most 100M, and 100M is being written to disk \(\[output\] memory\)"):
        quotas.ring("alice")


def test_a_job_that_an_older_engine_started_counts_with_the_configured_ring() -> None:
    async def main() -> None:
        table = JobTable()
        quotas = Quotas(parse('[output]\nring = "3M"\n'), Capacity(1 << 30, 1), table)
        table.add(Entry(a_job("old")))
        assert quotas.rings.of_owner("alice") == 3 * MIB
        table.add(Entry(dataclasses.replace(a_job("new"), ring=MIB)))
        assert quotas.rings.total == 4 * MIB

    asyncio.run(main())
