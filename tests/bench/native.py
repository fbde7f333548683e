"""Tasker's figures where no systemd is needed, each beside something well known, measured in the same run.

    .venv/bin/python -m tests.bench.native        apt-get install openssh-server, for the comparison with ssh

A figure alone says more of the machine than of Tasker; the ratios are what to look at. Nothing is asserted.
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tasker.client import Chunk
from tests.bench import grpc_stream
from tests.support.port import Port
from tests.support.stack import ROOT, Stack, stack
from tests.support.waiting import DEADLINE, until

MIB = 1 << 20
SIZE = 512 * MIB
ROUNDS = 3


def main() -> None:
    with stack('[server]\n[owner]\nstarts = "none"\n[output]\nring = "1G"\nmemory = "none"\n', frontend=True) as tasker:
        memory(tasker)
        throughput(tasker)
    with stack() as tasker:
        draining(tasker)


def throughput(tasker: Stack) -> None:
    """What one attach gets of a job's output that is all there."""
    job = tasker.start_job("head", "-c", str(SIZE), "/dev/zero", caller=ROOT)
    tasker.wait(job)

    def attach(timestamps: bool = False) -> None:
        with tasker.client("root", ROOT.role) as client:
            events = client.attach(job.id, timestamps=timestamps)
            assert sum(len(event.data) for event in events if isinstance(event, Chunk)) == SIZE

    def stamped() -> None:
        attach(timestamps=True)

    with _sshd(tasker.directory) as ssh, grpc_stream.server(tasker, SIZE) as bare:
        calls = {"attach": attach, "with timestamps": stamped, "ssh localhost cat": ssh, "bare grpcio stream": bare}
        times = alternate(calls)
    compare(f"{SIZE // MIB} MiB of output over TLS to one reader", times, SIZE)


def draining(tasker: Stack) -> None:
    """What a job can print: through the collector into a ring as shipped, and through a pipe into cat."""
    size = 2 << 30

    def collected() -> None:
        tasker.wait(tasker.start_job("head", "-c", str(size), "/dev/zero"))

    def piped() -> None:
        subprocess.run(["sh", "-c", f"head -c {size} /dev/zero | cat >/dev/null"], check=True)

    compare("2 GiB printed", alternate({"collector": collected, "| cat >/dev/null": piped}), size)


def memory(tasker: Stack) -> None:
    """Proportional set size, which counts a page that n processes share as an n-th."""
    daemons = {"collector": tasker.collector, "engine": tasker.engine, "frontend": tasker.frontend}

    def sizes() -> dict[str, float]:
        return {name: _pss(daemon.pid) for name, daemon in daemons.items()}

    idle = sizes()
    for _ in range(100):
        tasker.start_job("sleep", "600")
    until(lambda: len(tasker.list(running=True)) == 100)
    busy = sizes()
    tasker.kill_jobs()
    until(lambda: not tasker.list(running=True))
    print("memory (PSS)          idle   with 100 running jobs")
    for name in daemons:
        print(f"  {name:<16} {idle[name]:6.1f} MiB {busy[name]:6.1f} MiB")


def alternate(what: dict[str, Callable[[], None]]) -> dict[str, list[float]]:
    """Seconds of each, in turns, so that a machine that slows down slows all of them."""
    times: dict[str, list[float]] = {name: [] for name in what}
    for call in what.values():
        call()  # once to warm up
    for _ in range(ROUNDS):
        for name, call in what.items():
            begun = time.monotonic()
            call()
            times[name].append(time.monotonic() - begun)
    return times


def compare(title: str, times: dict[str, list[float]], size: int) -> None:
    """The first is Tasker; each other one is set in relation to it."""
    print(title)
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    tasker = next(iter(medians))
    for name, seconds in medians.items():
        ratio = "" if name == tasker else f"   {tasker} has {medians[name] / medians[tasker]:.2f} of its speed"
        print(f"  {name:<20} {size / MIB / seconds:7.0f} MiB/s (median of {ROUNDS}){ratio}")


def _pss(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


@contextlib.contextmanager
def _sshd(directory: Path) -> Iterator[Callable[[], None]]:
    """`ssh localhost cat` of as many bytes, by an sshd of our own on a port of its own."""
    zeros = directory / "zeros"
    with zeros.open("wb") as file:
        for _ in range(SIZE // MIB):
            file.write(bytes(MIB))
    with Port() as reserved:  # sshd does not share it with a socket that is bound: released just before
        port = reserved.number
    with tempfile.TemporaryDirectory() as place:
        for key in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{place}/{key}"], check=True)
        Path("/run/sshd").mkdir(exist_ok=True)
        options = [
            f"-oHostKey={place}/host",
            f"-oAuthorizedKeysFile={place}/user.pub",
            "-oStrictModes=no",
            "-oPidFile=none",
        ]
        server = subprocess.Popen(
            ["/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-p", str(port), "-oListenAddress=127.0.0.1", *options],
            stderr=subprocess.PIPE,
        )
        assert server.stderr is not None
        assert b"listening" in server.stderr.readline()
        command = ["ssh", "-F", "none", "-p", str(port), "-i", f"{place}/user", "-oStrictHostKeyChecking=no"]
        command += ["-oUserKnownHostsFile=/dev/null", "-oLogLevel=ERROR", "root@localhost", f"cat {zeros}"]

        def copy() -> None:
            subprocess.run([*command], stdout=subprocess.DEVNULL, check=True, timeout=DEADLINE)

        try:
            yield copy
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
