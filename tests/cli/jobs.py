"""Jobs to show, for tests alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tasker.job import Clock, Job, JobSpec, Kind, Outcome
from tasker.lifecycle import State

RUNNING = Job(
    id="k3v9x2mq",
    owner="alice",
    spec=JobSpec(("sleep", "60"), name="nap"),
    unit="tasker-k3v9x2mq.scope",
    slice="tasker-alice.slice",
    user="alice",
    uid=1000,
    state=State.RUNNING,
    created=1000.0,
    started=1000.5,
    pid=42,
    clock=Clock(started=1000.5),
)


def ended(outcome: Outcome | None = None, **changes: Any) -> Job:
    outcome = outcome or Outcome(Kind.EXITED, exit_code=0)
    clock = Clock(started=1000.5, exited=1004.0, ended=1004.0)
    job = replace(RUNNING, state=State.ENDED, exited=1004.0, ended=1004.0, pid=0, outcome=outcome, clock=clock)
    return replace(job, **changes)
