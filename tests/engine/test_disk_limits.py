"""Limits of disks: several paths on one disk, and what systemd is told, has and had of it."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from tasker.engine.disklimits import by_disk, disks_of, in_force, properties
from tasker.engine.mounts import Mounts
from tasker.job import Job
from tasker.limits import Disk, IoLimit, Limits
from tests.cli.jobs import RUNNING
from tests.engine.test_limiting import limit, read
from tests.support.stack import Stack

MIB = 1 << 20
ROOT, SRV = Disk("/", "/", "vda", "299:0"), Disk("/srv", "/", "vda", "299:0")
OTHER = Disk("/data", "/data", "vdb", "299:16")
OF_ALL = [IoLimit("/", 5, 6), IoLimit("/srv", 7, 4, read_iops=9), IoLimit("/data", 1)]


def test_of_all_paths_on_a_disk_the_strictest_value_holds() -> None:
    assert by_disk(OF_ALL, (ROOT, SRV, OTHER)) == {
        "299:0": {"read_bandwidth": 5, "write_bandwidth": 4, "read_iops": 9},
        "299:16": {"read_bandwidth": 1},
    }
    assert properties(OF_ALL, (ROOT, SRV, OTHER)) == [
        ("IOReadBandwidthMax", "a(st)", [["/dev/vda", 5], ["/dev/vdb", 1]]),
        ("IOWriteBandwidthMax", "a(st)", [["/dev/vda", 4]]),
        ("IOReadIOPSMax", "a(st)", [["/dev/vda", 9]]),
    ]


def test_what_is_in_force_stands_under_the_path_that_asked_for_it() -> None:
    text = "299:0 rbps=5 wbps=4 riops=9 wiops=max\n299:16 rbps=1 wbps=max riops=max wiops=max"
    shown = (IoLimit("/", 5, 4), IoLimit("/srv", 5, 4, read_iops=9), IoLimit("/data", 1))
    assert in_force(OF_ALL, (ROOT, SRV, OTHER), text) == (shown, False)
    more = "299:0 rbps=5 wbps=max riops=9 wiops=3\n0:99 rbps=max wbps=max riops=8 wiops=max"
    assert in_force(OF_ALL[:2], (ROOT, SRV), more) == (
        (
            IoLimit("/", 5),
            IoLimit("/srv", 5, read_iops=9),
            IoLimit("/dev/block/299:0", write_iops=3),
            IoLimit("/dev/block/0:99", read_iops=8),
        ),
        True,
    )
    assert in_force(OF_ALL[:1], (ROOT,), "") == ((), True)


def test_a_job_of_an_earlier_tasker_has_the_disks_that_its_paths_lie_on_now() -> None:
    limits = Limits(io=(IoLimit("/srv", read_iops=5), IoLimit("/proc/x", read_iops=5), IoLimit("/noted", 1)))
    noted = Disk("/noted", "/noted", "vdz", "299:9")
    job = replace(RUNNING, limits=limits, disks=(noted,))
    found = disks_of(job)
    assert [disk.path for disk in found] == ["/srv", "/noted"]
    assert found[1] == noted


def lines(tasker: Stack, job: Job) -> list[str]:
    return read(tasker, job, "io.max").splitlines()


def test_two_paths_on_one_disk_start_together(tasker: Stack) -> None:
    limits = Limits(io=(IoLimit("/", write_bandwidth=2 * MIB), IoLimit("/srv", read_bandwidth=MIB)))
    job = tasker.start_job("sleep", "60", limits=limits)
    disk = job.disks[0]
    assert [(one.path, one.mount_point, one.number) for one in job.disks] == [
        ("/", "/", disk.number),
        ("/srv", "/", disk.number),
    ]
    assert lines(tasker, job) == [f"{disk.number} rbps={MIB} wbps={2 * MIB} riops=max wiops=max"]
    now = tasker.get(job)
    assert now.in_force is not None
    assert (now.in_force.io, now.differing) == (limits.io, ())


def test_a_second_path_on_a_disk_leaves_the_limit_of_the_first(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", limits=Limits(io=(IoLimit("/", write_bandwidth=2 * MIB),)))
    now = limit(tasker, job, io=(IoLimit("/srv", read_bandwidth=MIB),))
    (line,) = lines(tasker, job)
    assert line.endswith(f" rbps={MIB} wbps={2 * MIB} riops=max wiops=max")
    now = limit(tasker, job, io=(IoLimit("/srv", write_bandwidth=MIB, write_iops=9),))  # stricter than that of /
    assert lines(tasker, job)[0].endswith(f" rbps={MIB} wbps={MIB} riops=max wiops=9")
    assert now.in_force is not None
    assert now.in_force.io == (IoLimit("/", write_bandwidth=MIB), IoLimit("/srv", MIB, MIB, write_iops=9))
    assert (now.limits.io[0], now.differing) == (IoLimit("/", write_bandwidth=2 * MIB), ())
    now = limit(tasker, job, io=(IoLimit("/srv", write_bandwidth=3 * MIB),))
    assert lines(tasker, job)[0].endswith(f" rbps={MIB} wbps={2 * MIB} riops=max wiops=9")
    assert now.differing == ()
    now = limit(tasker, job, "io")
    assert (lines(tasker, job), now.limits, now.disks) == ([], Limits(), ())
    limit(tasker, job, io=(IoLimit("/tmp", read_iops=5),))  # noqa: S108 - systemd still has the entry, without values
    assert lines(tasker, job)[0].endswith(" rbps=max wbps=max riops=5 wiops=max")


def test_an_entry_that_an_admin_made_for_a_disk_undoes_nothing(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60")
    for path in ("/", "/srv"):  # by other names than Tasker's
        tasker.systemd.set_property(job.unit, IOReadIOPSMax=("a(st)", [[path, 7]]))
    now = limit(tasker, job, io=(IoLimit("/home", write_bandwidth=MIB),))
    assert lines(tasker, job)[0].endswith(f" rbps=max wbps={MIB} riops=7 wiops=max")
    assert now.in_force is not None
    node = f"/dev/{now.disks[0].name}"
    assert now.in_force.io == (IoLimit("/home", write_bandwidth=MIB), IoLimit(node, read_iops=7))
    assert now.differing == ("io",)


def test_limits_of_another_disk_stay(tasker: Stack) -> None:
    mount = Mounts.read().under("/")
    others = [name for name in sorted(os.listdir("/sys/block")) if os.path.exists(f"/dev/{name}")]
    numbers = {name: open(f"/sys/block/{name}/dev").read().strip() for name in others}  # noqa: SIM115
    other = next((name for name in others if mount is not None and numbers[name] != mount.device), None)
    if other is None:
        pytest.skip("only one disk here")
    job = tasker.start_job("sleep", "60", limits=Limits(io=(IoLimit(f"/dev/{other}", read_iops=3),)))
    limit(tasker, job, io=(IoLimit("/", write_iops=5),))
    assert f"{numbers[other]} rbps=max wbps=max riops=3 wiops=max" in lines(tasker, job)
    assert len(lines(tasker, job)) == 2
    assert tasker.get(job).differing == ()


def test_the_disks_of_a_job_outlive_the_engine(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", limits=Limits(io=(IoLimit("/srv", read_iops=5),)))
    tasker.engine.restart(9)
    assert tasker.get(job).disks == job.disks != ()
