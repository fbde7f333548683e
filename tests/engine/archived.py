"""Archived jobs, as a test makes them and looks at them."""

from __future__ import annotations

import os
from pathlib import Path

from tasker import wire
from tasker.identity import Identity
from tasker.job import Job
from tests.support.stack import ALICE, Stack


def archive(tasker: Stack, job: Job, caller: Identity = ALICE) -> Job:
    reply = tasker.ask(wire.ArchiveJob(caller, job.id))
    assert isinstance(reply, wire.JobReply)
    return reply.job


def ended(tasker: Stack, *argv: str, **spec: object) -> Job:
    return tasker.wait(tasker.start_job(*argv, caller=ALICE, **spec))


def rings(tasker: Stack) -> int:
    """How many the collector holds."""
    links = Path(f"/proc/{tasker.collector.pid}/fd").iterdir()
    return len({link.stat().st_ino for link in links if os.readlink(link).startswith("/memfd:tasker-ring")})


def files(tasker: Stack) -> list[Path]:
    return sorted(path for path in (tasker.directory / "archive").rglob("*") if path.is_file())
