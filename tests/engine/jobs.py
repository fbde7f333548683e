"""Jobs as the engine's table holds them, without a process."""

from __future__ import annotations

from tasker.job import Job, JobSpec
from tasker.lifecycle import State


def a_job(id: str) -> Job:
    unit = f"tasker-{id}.scope"
    return Job(id, "alice", JobSpec(("true",)), unit, "tasker-alice.slice", "", 1000, State.RUNNING, created=1.0)
