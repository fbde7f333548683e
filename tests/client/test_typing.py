"""What a type checker makes of the library, installed as anybody has it: in site-packages, beside py.typed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.stub.control import REPOSITORY
from tests.support.waiting import DEADLINE

PROGRAM = """
import asyncio
from collections.abc import AsyncIterator

from tasker.client import AsyncClient, Chunk, Client, Ended, Event, Job, JobSpec, Limits, Outcome, Snapshot, TaskerError


def start(client: Client) -> Outcome | None:
    job: Job = client.start(JobSpec(("sleep", "1"), limits=Limits(memory=64 << 20)))
    data = b""
    for event in client.attach(job.id, last_lines=3):
        match event:
            case Chunk(offset=offset):
                data += event.data
            case Ended():
                return event.job.outcome
    try:
        owners: list[str] = [each.owner for each in client.list(running=True)]
    except TaskerError as error:
        print(error.reason.value, owners)
    client.wait(3)  # type: ignore[arg-type]
    client.signal(job.id, "TERM")  # type: ignore[arg-type]
    client.attach(job.id, lines=3)  # type: ignore[call-arg]
    return client.wait(job.id, reconnect_timeout=5).outcome


async def output(client: AsyncClient, job: Job) -> AsyncIterator[bytes]:
    stream = client.attach(job.id)
    async for event in stream:
        assert isinstance(event, Chunk)
        yield event.data
    offset: int | None = stream.offset
    async for each in client.list():
        print(each.id, offset)
    async for news in client.watch(usage=True):
        if isinstance(news, Snapshot):
            print(news.first)
    job.pid = 3  # type: ignore[misc]
    client.get(job.id).id  # type: ignore[attr-defined]


async def main() -> None:
    async with AsyncClient.from_files("localhost:8275", ca="ca.crt", certificate="a.crt", key="a.key") as client:
        job = await client.start(JobSpec(("true",)))
        async for data in output(client, job):
            print(data.decode())
        event: Event = await anext(client.attach(job.id))
        print(event)


asyncio.run(main())
"""


def test_a_program_that_uses_both_clients(tmp_path: Path) -> None:
    """Strict, and every `type: ignore` in it is needed: where the library were not typed, none would be."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True, timeout=DEADLINE)
    [site] = (tmp_path / "venv").glob("lib/python*/site-packages")
    shutil.copytree(REPOSITORY / "tasker", site / "tasker", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "program.py").write_text(PROGRAM)
    checker = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=cache", "program.py"]
    done = subprocess.run(
        [*checker, "--python-executable", tmp_path / "venv/bin/python"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
