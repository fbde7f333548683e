"""Limits of a job that runs: changed, lifted, changed by an admin behind Tasker's back; in the kernel, and felt."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker.errors import Reason, TaskerError
from tasker.job import Kind
from tasker.limits import IoLimit, Limits
from tests.support.waiting import until, until_equal
from tests.system.conftest import Configure, User, cgroup, run, show

MIB = 1 << 20
DISK = "/var/tmp"  # noqa: S108 - any directory on the disk


def test_each_limit_reaches_the_kernel_and_is_lifted_again(alice: User) -> None:
    job = alice.start("sleep", "600")
    files = cgroup(job)

    def read(name: str) -> str:
        """A file; "" where there is none: systemd takes a controller away that nobody needs."""
        return (files / name).read_text().strip() if (files / name).exists() else ""

    default_tasks = read("pids.max")
    io = IoLimit(DISK, write_bandwidth=MIB, read_iops=50)
    asked = Limits(cpu=0.5, cpu_weight=30, memory=96 * MIB, memory_high=64 * MIB, tasks=7, io=(io,), io_weight=40)
    now = alice.client.limit(job.id, asked)
    assert now.limits == asked
    assert now.differing == ()
    assert now.in_force is not None
    assert (now.in_force.memory_swap, now.in_force.io) == (0, (io,))
    assert (read("cpu.max"), read("cpu.weight"), read("pids.max")) == ("50000 100000", "30", "7")
    assert (read("memory.max"), read("memory.high"), read("memory.swap.max")) == (str(96 * MIB), str(64 * MIB), "0")
    assert f"wbps={MIB} riops=50" in read("io.max")
    assert show(job.unit, "IOWeight") == "40"
    fields = ("cpu", "cpu_weight", "memory", "memory_high", "tasks", "io", "io_weight")
    now = alice.client.limit(job.id, Limits(), lift=fields)
    assert now.limits == now.in_force == Limits()
    assert now.differing == ()
    assert (read("memory.max"), read("memory.swap.max"), read("pids.max")) == ("max", "max", "max")
    assert read("cpu.max") in ("", "max 100000")
    assert read("cpu.weight") in ("", "100")
    assert read("io.max") == ""
    assert default_tasks != "max"


def test_a_lower_memory_limit_is_felt(alice: User) -> None:
    script = "import time; x = bytearray(64 << 20); print('has it', flush=True); time.sleep(600)"
    job = alice.start("python3", "-c", script)
    assert alice.first_line(job) == "has it"
    alice.client.limit(job.id, Limits(memory=32 * MIB))
    outcome = alice.wait(job).outcome
    assert outcome is not None
    assert outcome.kind is Kind.OUT_OF_MEMORY


def test_what_an_admin_sets_shows_and_is_flagged(alice: User, bob: User) -> None:
    job = alice.start("sleep", "600", limits=Limits(memory=96 * MIB))
    run("systemctl", "set-property", "--runtime", job.unit, "MemoryMax=64M", "TasksMax=9", "CPUQuota=30%")
    until_equal(lambda: alice.client.get(job.id).differing, ("cpu", "memory", "tasks"))
    now = bob.client.get(job.id)
    assert now.in_force is not None
    assert (now.in_force.memory, now.in_force.tasks, now.in_force.cpu) == (64 * MIB, 9, 0.3)
    assert now.limits == Limits(memory=96 * MIB)
    assert alice.client.limit(job.id, Limits(memory=96 * MIB), lift=("cpu", "tasks")).differing == ()


def test_what_was_asked_for_outlives_the_engine(alice: User) -> None:
    job = alice.start("sleep", "600")
    alice.client.limit(job.id, Limits(tasks=9))
    run("systemctl", "kill", "--signal=KILL", "tasker.service")
    now = alice.client.get(job.id)
    assert now.limits == Limits(tasks=9)
    assert now.differing == ()


def test_a_daemon_reload_leaves_it_in_force(alice: User) -> None:
    job = alice.start("sleep", "600")
    alice.client.limit(job.id, Limits(memory=96 * MIB))
    run("systemctl", "daemon-reload")
    now = alice.client.get(job.id)
    assert now.in_force is not None
    assert (now.in_force.memory, now.differing) == (96 * MIB, ())


@pytest.fixture
def hanging() -> Iterator[str]:
    """A path below a mount point whose file system never comes, as a network one's may not."""
    helper = Path("/sbin/mount.hangs")
    helper.write_text("#!/bin/sh\nexec sleep 600\n")
    helper.chmod(0o755)
    units = Path("/run/systemd/system")
    (units / "mnt-hangs.mount").write_text("[Mount]\nWhat=none\nWhere=/mnt/hangs\nType=hangs\nTimeoutSec=900\n")
    (units / "mnt-hangs.automount").write_text("[Automount]\nWhere=/mnt/hangs\n")
    run("systemctl", "daemon-reload")
    run("systemctl", "start", "mnt-hangs.automount")
    yield "/mnt/hangs/file"
    run("systemctl", "stop", "mnt-hangs.mount", "mnt-hangs.automount")
    for path in (helper, *units.glob("mnt-hangs.*")):
        path.unlink()
    run("systemctl", "daemon-reload")


def test_a_file_system_that_hangs_is_not_asked(alice: User, hanging: str) -> None:
    with pytest.raises(TaskerError, match="/mnt/hangs is a file system of type autofs, so there is no disk"):
        alice.start("true", limits=Limits(io=(IoLimit(hanging, read_iops=5),)))
    assert show("mnt-hangs.mount", "ActiveState") == "inactive"


def test_a_second_path_on_a_disk_leaves_the_limit_of_the_first(alice: User) -> None:
    job = alice.start("sleep", "600", limits=Limits(io=(IoLimit("/", write_bandwidth=2 * MIB),)))
    (disk,) = job.disks
    now = alice.client.limit(job.id, Limits(io=(IoLimit("/srv", read_bandwidth=MIB, read_iops=50),)))
    assert (cgroup(job) / "io.max").read_text() == f"{disk.number} rbps={MIB} wbps={2 * MIB} riops=50 wiops=max\n"
    assert now.differing == ()
    assert show(job.unit, "IOReadBandwidthMax") == f"/dev/{disk.name} {MIB}"
    alice.client.limit(job.id, Limits(io=(IoLimit(f"/dev/{disk.name}", write_bandwidth=MIB),)))
    assert f" wbps={MIB} " in (cgroup(job) / "io.max").read_text()


def test_an_entry_that_an_admin_made_for_the_disk_is_kept(alice: User) -> None:
    job = alice.start("sleep", "600", limits=Limits(io=(IoLimit("/", write_bandwidth=2 * MIB),)))
    run("systemctl", "set-property", "--runtime", job.unit, "IOReadIOPSMax=/ 70")
    until(lambda: "riops=70" in (cgroup(job) / "io.max").read_text())
    alice.client.limit(job.id, Limits(io=(IoLimit("/srv", read_bandwidth=MIB),)))
    words = (cgroup(job) / "io.max").read_text().split()[1:]
    assert (words[0], words[2]) == (f"rbps={MIB}", "riops=70")


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A mount point on device-mapper on device-mapper on a disk of its own, and that disk's name."""
    image, point = tmp_path / "image", tmp_path / "volume"
    image.write_bytes(b"")
    os.truncate(image, 16 * MIB)
    point.mkdir()
    loop = run("losetup", "--find", "--show", str(image)).strip()
    run("dmsetup", "create", "tasker-lower", "--table", f"0 20000 linear {loop} 0")
    run("dmsetup", "create", "tasker-upper", "--table", "0 20000 linear /dev/mapper/tasker-lower 0")
    run("mkfs.ext4", "-q", "/dev/mapper/tasker-upper")
    run("mount", "/dev/mapper/tasker-upper", str(point))
    yield str(point), loop.removeprefix("/dev/")
    run("umount", str(point))
    for name in ("tasker-upper", "tasker-lower"):
        run("dmsetup", "remove", "--retry", name)
    run("losetup", "--detach", loop)


def test_the_disk_is_what_systemd_finds_below_a_volume(alice: User, volume: tuple[str, str]) -> None:
    """Read back by its number, so the two agree; the same disk by its own name is one with it."""
    point, name = volume
    both = IoLimit(f"{point}/none", write_bandwidth=MIB), IoLimit(f"/dev/{name}", read_iops=9)
    io = (*both, IoLimit("/", read_iops=8))
    job = alice.start("sleep", "600", limits=Limits(io=io))
    assert [(disk.mount_point, disk.name) for disk in job.disks[:2]] == [(point, name), ("", name)]
    number = job.disks[0].number
    assert f"{number} rbps=max wbps={MIB} riops=9 wiops=max" in (cgroup(job) / "io.max").read_text().splitlines()
    assert len({disk.number for disk in job.disks}) == 2
    assert alice.client.get(job.id).differing == ()


PROPERTIES = (
    *("CPUQuotaPerSecUSec", "CPUWeight", "MemoryMax", "MemoryHigh", "MemorySwapMax", "TasksMax", "IOWeight"),
    *("IOReadBandwidthMax", "IOWriteBandwidthMax", "IOReadIOPSMax", "IOWriteIOPSMax"),
)
FILES = ("cpu.max", "cpu.weight", "memory.max", "memory.high", "memory.swap.max", "pids.max", "io.max")


@pytest.mark.parametrize("file", FILES)
def test_a_change_that_fails_changes_nothing(alice: User, tmp_path: Path, file: str, configure: Configure) -> None:
    """The kernel refuses one value: its file is covered by one that cannot be written."""
    configure('[total]\nmemory = "none"\n')  # under a quota on memory, no job has swap
    io = (IoLimit("/", write_bandwidth=2 * MIB, read_iops=70),)
    job = alice.start(
        *("sleep", "600"),
        limits=Limits(0.5, 50, 96 * MIB, 64 * MIB, MIB, 10, io, 30),
    )

    def state() -> tuple[object, ...]:
        now = alice.client.get(job.id)
        files = tuple((cgroup(job) / name).read_bytes() for name in FILES)
        return (*files, *(show(job.unit, name) for name in PROPERTIES), now.limits, now.in_force, now.differing)

    before = state()
    cover = tmp_path / "cover"
    cover.write_bytes((cgroup(job) / file).read_bytes())
    run("mount", "--bind", str(cover), str(cgroup(job) / file))
    run("mount", "-o", "remount,bind,ro", str(cgroup(job) / file))
    try:
        other = (IoLimit("/srv", read_bandwidth=MIB),)
        with pytest.raises(TaskerError, match="cannot limit "):
            alice.client.limit(job.id, Limits(0.25, 60, 128 * MIB, 80 * MIB, 2 * MIB, 11, other, 40))
        assert state() == before
    finally:
        run("umount", str(cgroup(job) / file))
    assert state() == before


def test_what_cannot_be_changed(alice: User, bob: User) -> None:
    job = alice.start("sleep", "600")
    for who, limits, reason, words in (
        (alice, Limits(run_time=60), Reason.INVALID, "cannot change the run time"),
        (alice, Limits(io=(IoLimit("/dev/none", read_iops=5),)), Reason.REFUSED, "it is not a block device"),
        (alice, Limits(io=(IoLimit("/run", read_iops=5),)), Reason.REFUSED, "so there is no disk"),
        (bob, Limits(tasks=5), Reason.DENIED, "cannot change the limits"),
    ):
        with pytest.raises(TaskerError, match=words) as caught:
            who.client.limit(job.id, limits)
        assert caught.value.reason is reason
    alice.client.stop(job.id, grace=0)
    with pytest.raises(TaskerError, match="it has ended"):
        alice.client.limit(job.id, Limits(tasks=5))
    assert not Path(cgroup(job)).exists()
