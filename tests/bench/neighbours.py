"""What one owner's load does to another owner: the time of a start, and a line's way from a job to a follower.

    .venv/bin/python -m tests.bench.neighbours        over the stub systemd, where no kernel shares the CPU time

    On a real systemd, as root, where Tasker is installed and runs (see tests/bench/machine.py):
    cd /opt/tests && PYTHONPATH=/opt/tests/site:/usr/lib/tasker python3 -m tests.bench.neighbours --installed

Each figure is measured alone, beside 60 parallel starters and beside 40 loud jobs (`yes`) of another owner. The goal
is that no ratio is above 2. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tasker import certfiles
from tasker.client import AsyncClient, Chunk, Client
from tasker.errors import TaskerError
from tasker.identity import Role
from tasker.job import JobSpec

REPOSITORY = Path(__file__).resolve().parents[2]
STARTS, LINES = 40, 60
STARTERS, LOUD = 60, 40
LONGEST = 60.0
"""Seconds of measuring starts."""
PAUSE = 0.05
"""Seconds between two lines."""
PRINTER = f"""
import time
for _ in range({LINES}):
    time.sleep({PAUSE})
    print(time.monotonic(), flush=True)
"""
Pems = tuple[str, str, str, str]
"""Address, and the files of CA, certificate and key."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.neighbours")
    parser.add_argument("--installed", action="store_true", help="measure the service that runs here")
    parser.add_argument("--load", nargs=5, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.load:
        kind, *pems = asked.load
        asyncio.run({"starters": _starters, "loud": _loud}[kind](tuple(pems)))
    elif asked.installed:
        etc = Path("/etc/tasker")
        compare({name: _installed(etc, name) for name in ("alice", "bob")})
    else:
        from tests.support.stack import stack

        with stack(frontend=True) as tasker:
            ca = str(tasker.directory / "ca.crt")
            files = {name: map(str, tasker.certificate(name)) for name in ("alice", "bob")}
            compare({name: (tasker.address, ca, *pair) for name, pair in files.items()})  # type: ignore[misc]


def compare(pems: dict[str, Pems]) -> None:
    """Measure as bob, beside what alice does."""
    with _client(pems["bob"]) as bob:
        _starts(bob, 5)  # to warm up
        alone: dict[str, list[float]] = {}
        for load in ("", "starters", "loud"):
            with _beside(load, pems["alice"]) if load else contextlib.nullcontext() as end:
                began = time.monotonic()
                times = {"start": _starts(bob, STARTS), "line": _lines(bob)}
                lasted = time.monotonic() - began
            print(f"alone ({lasted:.0f} s)" if not load else f"beside {load} of another owner ({lasted:.0f} s)")
            for what, seconds in times.items():
                _report(what, seconds, alone.setdefault(what, seconds))
            if end is not None:
                print(f"  the other owner: {end()}")


def _report(what: str, seconds: list[float], alone: list[float]) -> None:
    figures = []
    for name, figure in (("median", statistics.median), ("nine of ten", _nine_of_ten), ("worst", max)):
        ratio = "" if seconds is alone else f" ({figure(seconds) / figure(alone):5.1f} times)"
        figures.append(f"{name} {1000 * figure(seconds):7.1f} ms{ratio}")
    print(f"  {what} ({len(seconds)})  {'  '.join(figures)}", flush=True)


def _nine_of_ten(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=10)[-1]


def _starts(client: Client, count: int) -> list[float]:
    """Seconds of each start; fewer than `count` where they take longer than LONGEST together."""
    times: list[float] = []
    while len(times) < count and sum(times) < LONGEST:
        began = time.monotonic()
        client.start(JobSpec(("true",)))
        times.append(time.monotonic() - began)
    return times


def _lines(client: Client) -> list[float]:
    """Seconds from a job's write of a line to a follower that has it."""
    job = client.start(JobSpec(("python3", "-c", PRINTER)))
    text, times = b"", []
    for event in client.attach(job.id):
        now = time.monotonic()
        if isinstance(event, Chunk):
            *whole, text = (text + event.data).split(b"\n")
            times += [now - float(line) for line in whole]
    return times


# ── what the other owner does, in a process of its own ───────────────────────────────────────────────────────────────


@contextlib.contextmanager
def _beside(kind: str, pems: Pems) -> Iterator[Callable[[], str]]:
    """A load that runs meanwhile. What is given says, afterwards, how much it was."""
    command = [sys.executable, "-m", "tests.bench.neighbours", "--load", kind, *pems]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        last: list[str] = []
        try:
            yield lambda: last[0]
        finally:
            process.stdin.close()
            last.append(process.stdout.read().strip())


async def _starters(pems: Pems) -> None:
    """Each starts one short job after another until stdin ends."""
    os.nice(19)  # in the field, clients have machines of their own
    started = refused = 0
    busy = asyncio.Event()

    async def one(client: AsyncClient) -> None:
        nonlocal started, refused
        while True:
            try:
                await client.start(JobSpec(("true",)))
                started += 1
                if started == STARTERS:
                    busy.set()
            except TaskerError:
                refused += 1
                await asyncio.sleep(0.1)

    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(_async_client(pems)) for _ in range(4)]
        began = time.monotonic()
        tasks = [asyncio.ensure_future(one(clients[n % len(clients)])) for n in range(STARTERS)]
        await busy.wait()
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        print(f"{started / (time.monotonic() - began):.1f} starts a second, {refused} refused")


async def _loud(pems: Pems) -> None:
    async with _async_client(pems) as client:
        jobs = [await client.start(JobSpec(("yes",))) for _ in range(LOUD)]
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        ended = await asyncio.gather(*(client.stop(job.id, grace=0) for job in jobs))
        printed = sum(job.printed or 0 for job in ended)
        lasted = max(job.ended or 0.0 for job in ended) - min(job.started or 0.0 for job in ended)
        print(f"{printed / lasted / (1 << 20):.0f} MiB a second printed")


def _client(pems: Pems) -> Client:
    address, ca, certificate, key = pems
    return Client.from_files(address, ca=ca, certificate=certificate, key=key)


def _async_client(pems: Pems) -> AsyncClient:
    address, ca, certificate, key = pems
    return AsyncClient.from_files(address, ca=ca, certificate=certificate, key=key)


def _installed(etc: Path, name: str) -> Pems:
    stem = etc / "clients" / name
    if not stem.with_suffix(".crt").exists():
        certfiles.new_client(etc, name, Role.USER)
    return "localhost:8275", str(etc / "ca.crt"), str(stem.with_suffix(".crt")), str(stem.with_suffix(".key"))


if __name__ == "__main__":
    main()
