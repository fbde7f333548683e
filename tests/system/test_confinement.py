"""What the units take from the services, and that no job feels it.

A test puts a process of its own into a service's cgroup, or into the engine's mount namespace, and tries from there.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.waiting import DEADLINE
from tests.system.conftest import User, cgroup, run, show

SYSTEM = Path("/sys/fs/cgroup/system.slice")
COLLECTOR = SYSTEM / "tasker-collector.service"
CONNECT = "import socket; socket.create_connection(('127.0.0.1', 8275), 5); print('done')"
DEVICES = {"a disk": "/dev/vda", "the kernel's log": "/dev/kmsg"}
OPEN_TO_ALL = ("/dev/null", "/dev/ptmx", "/dev/fuse", "/dev/net/tun")
"""Devices that every user may open, as far as a machine has them."""
BIND = "import socket; socket.socket(socket.AF_INET, socket.{}).bind(('127.0.0.1', 0)); print('done')"


def tries(cgroup: Path, *command: str) -> tuple[int, str]:
    """The exit code and stderr of a command that runs as root in a cgroup."""

    def enter() -> None:
        (cgroup / "cgroup.procs").write_text(str(os.getpid()))

    done = subprocess.run(command, preexec_fn=enter, capture_output=True, text=True, timeout=DEADLINE, check=False)
    return done.returncode, done.stderr


def in_the_engine(*command: str) -> tuple[int, str]:
    """The exit code and stderr of a command that sees the engine's file system, as root with every capability."""
    enter = ("nsenter", "--mount", "--target", show("tasker.service", "MainPID"), "--")
    done = subprocess.run([*enter, *command], capture_output=True, text=True, timeout=DEADLINE, check=False)
    return done.returncode, done.stderr


# ── the engine ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_engine_has_no_capability_and_no_network(alice: User) -> None:
    pid = show("tasker.service", "MainPID")
    status = dict(line.split(":\t") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    none = "0" * 16
    assert [status[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb")] == [none] * 5
    assert status["NoNewPrivs"] == "1"
    assert Path(f"/proc/{pid}/ns/net").readlink() != Path("/proc/1/ns/net").readlink()


@pytest.mark.parametrize(
    "path", ["/sys/fs/cgroup/cgroup.procs", str(COLLECTOR / "cgroup.kill"), "/proc/sys/kernel/core_pattern"]
)
def test_the_engine_cannot_write(alice: User, path: str) -> None:
    code, error = in_the_engine("sh", "-c", f": > {path}")
    assert code != 0
    assert "Read-only file system" in error


@pytest.mark.parametrize("directory", ["/etc/tasker", "/run", "/dev/shm", "/root", "/usr/lib/tasker"])  # noqa: S108
def test_the_engine_cannot_make_files(alice: User, directory: str) -> None:
    code, error = in_the_engine("touch", f"{directory}/x")
    assert code != 0
    assert "Read-only file system" in error


@pytest.mark.parametrize("stopped_before", [False, True], ids=["as it is", "after the slice was stopped"])
def test_the_engine_writes_what_it_has_to(alice: User, stopped_before: bool) -> None:
    if stopped_before:  # the cgroup of tasker.slice is another one afterwards, and the engine's mount has to be, too
        run("systemctl", "stop", "tasker.slice")
        assert show("tasker.service", "ActiveState") == "inactive"
        run("systemctl", "start", "tasker")
        alice.client = alice.connect()
    job = alice.start("sleep", "600")
    assert in_the_engine("sh", "-c", f"echo 0 > {cgroup(job)}/cgroup.freeze") == (0, "")
    outcome = alice.client.stop(job.id, grace=0).outcome
    assert outcome is not None
    assert outcome.signal == 9
    assert in_the_engine("sh", "-c", ": > /var/lib/tasker/x; rm /var/lib/tasker/x") == (0, "")


# ── the collector, and jobs, which it forks in its own cgroup ────────────────────────────────────────────────────────


def test_the_collector_reaches_no_network_and_jobs_do(alice: User) -> None:
    code, error = tries(COLLECTOR, "python3", "-c", CONNECT)
    assert code != 0
    assert "Operation not permitted" in error or "timed out" in error
    assert alice.output(alice.start("python3", "-c", CONNECT)) == b"done\n"


@pytest.mark.parametrize("device", DEVICES.values(), ids=list(DEVICES))
def test_the_collector_opens_no_device_and_jobs_do(admin: User, device: str) -> None:
    code, error = tries(COLLECTOR, "sh", "-c", f": < {device}")
    assert code != 0
    assert "Operation not permitted" in error
    assert admin.output(admin.sh(f": < {device} && echo done", user="root")) == b"done\n"


def test_a_users_job_opens_the_devices_that_its_account_may(alice: User) -> None:
    def opens(path: str) -> bool:
        nobody = ("setpriv", "--reuid=65533", "--clear-groups", "sh", "-c", f": < {path} && echo done")
        return run(*nobody, check=False) == "done\n"

    outside = [path for path in OPEN_TO_ALL if opens(path)]
    assert {"/dev/null", "/dev/ptmx"} <= set(outside)
    script = "; ".join(f": < {path} && echo {path}" for path in outside)
    assert alice.output(alice.sh(script)).decode().split() == outside


# ── the frontend ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_frontend_listens_on_tcp_alone_where_systemd_can_see_to_it(alice: User) -> None:
    can = "+BPF_FRAMEWORK" in run("systemctl", "--version")
    instances = SYSTEM / "system-tasker\\x2dfrontend.slice" / "tasker-frontend@1.service"
    assert tries(instances, "python3", "-c", BIND.format("SOCK_STREAM")) == (0, "")
    code, error = tries(instances, "python3", "-c", BIND.format("SOCK_DGRAM"))
    assert (code != 0, "Operation not permitted" in error) == (can, can)
