"""What the engine asks the collector to fork."""

from __future__ import annotations

import asyncio

from tasker import wire
from tasker.engine.accounts import Account
from tasker.engine.entry import Entry
from tasker.engine.launcher import launch_of
from tasker.job import Job, JobSpec
from tasker.lifecycle import State


def test_a_launch_says_all_that_the_collector_needs() -> None:
    spec = JobSpec(("make", "all"), environment={"A": "b"}, nice=7)
    job = Job("k3v9", "alice", spec, "u.scope", "s.slice", "", 70000, State.STARTING, 1.0, ring=1 << 20)
    account = Account("", 70000, 70001, (70002,), "/srv", "/bin/sh")

    async def made() -> wire.Launch:
        return launch_of(Entry(job), account)  # an entry belongs to an event loop

    launch = asyncio.run(made())
    assert (launch.job, launch.owner, launch.argv, launch.nice) == ("k3v9", "alice", ("make", "all"), 7)
    assert (launch.uid, launch.gid, launch.groups, launch.ring_capacity) == (70000, 70001, (70002,), 1 << 20)
    assert launch.environment["A"] == "b"
    assert launch.working_directory == "/srv"
