"""What `get` says of one job: what is there and nothing else, in people's units, with what is not as asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasker.cli.show import usage
from tasker.cli.show.details import DIFFERS, facts, in_force
from tasker.cli.show.table import for_pipe
from tasker.job import Job, JobSpec, Kind, Outcome
from tasker.lifecycle import State
from tasker.limits import Disk, IoLimit, Limits
from tasker.usage import Pressure, Usage
from tests.cli.jobs import RUNNING, ended

LIMITS = Limits(0.5, 50, 1 << 29, 1 << 28, 0, 9, (IoLimit("/var", 1 << 20, None, None, 100),), 7, 5400.0)
USAGE = Usage(
    time=1010.0,
    cpu_time=12.34,
    cpu_rate=0.534,
    periods=100,
    throttled_periods=34,
    throttled_time=5.2,
    memory=300 << 20,
    memory_peak=400 << 20,
    swap=1 << 20,
    memory_limit_hits=3,
    oom_kills=1,
    io_read=3 << 30,
    io_write=20 << 20,
    io_read_rate=5e6,
    io_write_rate=0.0,
    tasks=5,
    cpu_pressure=Pressure(0.0, 0.0, 0.0),
    memory_pressure=Pressure(0.021, 0.01, 0.04),
    io_pressure=Pressure(0.34, 0.1, 4.2),
)


def said(job: Job) -> dict[str, str]:
    """Values by label."""
    return {row[0].text: row[1].text for row in facts(job, 1065.5)}


def test_everything_about_an_ended_job() -> None:
    spec = JobSpec(("make",), "/srv", {"A": "1"}, "nightly", "", LIMITS, grace=90.0)
    verdict = "killed: out of memory, limit 512M reached 3 times (peak 400M)"
    outcome = Outcome(Kind.OUT_OF_MEMORY, signal=9, verdict=verdict)
    job = ended(outcome, spec=spec, limits=LIMITS, usage=USAGE, printed=12 << 20, archived=True)
    assert said(job) == {
        "job": "k3v9x2mq",
        "name": "nightly",
        "state": "ended",
        "how it ended": verdict,
        "command": "make",
        "directory": "/srv",
        "environment": "A=1",
        "owner": "alice",
        "runs as": "alice (uid 1000)",
        "created": said(RUNNING)["created"],
        "started": said(RUNNING)["started"],
        "ended": said(job)["ended"],
        "elapsed": "3.5s",
        "CPU time": "12s",
        "throttled": "34 % of the time in which it needed the CPU, 5.2s",
        "memory": "400M at most, of 512M",
        "limit reached": "3 times, 1 process killed",
        "read": "3G",
        "written": "20M",
        "waits for disk": "4.2s in total",
        "CPU limit": "0.5 cores",
        "CPU weight": "50",
        "memory limit": "512M",
        "memory high limit": "256M",
        "swap limit": "0B",
        "tasks limit": "9",
        "disk limit": "/var: read 1M/s, 100 writes/s",
        "IO weight": "7",
        "run time limit": "1h 30m",
        "grace period": "1m 30s",
        "output": "12M, on disk (archived)",
        "unit": "tasker-k3v9x2mq.scope",
        "slice": "tasker-alice.slice",
        "see also": "journalctl _SYSTEMD_UNIT=tasker.service TASKER_JOB=k3v9x2mq",
    }


def test_the_most_memory_is_a_lower_bound_where_the_last_reading_came_before_the_end() -> None:
    job = ended(usage=USAGE)
    assert job.ended is not None
    assert said(replace(job, usage=replace(USAGE, time=job.ended)))["memory"] == "400M at most"
    assert said(replace(job, usage=replace(USAGE, time=job.ended - 0.1)))["memory"] == "at least 400M"


def test_what_a_running_job_uses_now() -> None:
    limits = Limits(memory=1 << 29)
    job = replace(RUNNING, usage=USAGE, limits=limits, in_force=Limits(memory=1 << 30), differing=("memory",))
    shown = said(replace(job, followers=2))
    for label, value in {
        "CPU time": "12s, 53 % now",
        "memory": "300M now, 400M at most, of 1G",
        "swap": "1M now",
        "read": "3G, 4.8M/s now",
        "written": "20M",
        "tasks": "5 now",
        "waits for memory": "2.1 % now",
        "waits for disk": "34 % now, 4.2s in total",
        "memory limit": "1G in force, 512M requested",
        "followers": "2",
        "see also": "systemctl status tasker-k3v9x2mq.scope",
    }.items():
        assert shown[label] == value
    assert not shown.keys() & {"waits for CPU", "output", "how it ended", "grace period", "ended"}
    assert [row[1].style for row in facts(job, 0) if row[0].text == "memory limit"] == [DIFFERS]


def test_a_running_job_shows_the_limits_that_act_on_it() -> None:
    usage = Usage(
        time=1.0,
        periods=100,
        throttled_periods=34,
        task_limit_hits=3,
        memory_high_hits=2,
        memory_pressure=Pressure(0.0, 0.0, 0.5 * (1065.5 - RUNNING.created)),
    )
    limits = Limits(cpu=0.5, tasks=5, memory_high=16 << 20)
    shown = said(replace(RUNNING, started=RUNNING.created, usage=usage, limits=limits, in_force=limits))
    assert shown["limits acting"] == (
        "the CPU limit of 0.5 held it back 34 % of the time; held back 50 % of the time by memory-high 16M; "
        "the tasks limit of 5 refused 3 processes"
    )
    raised = replace(limits, tasks=50)
    job = replace(RUNNING, usage=Usage(time=1.0, task_limit_hits=1), limits=limits, in_force=raised)
    assert said(job)["limits acting"] == "the tasks limit of 50 refused 1 process"
    assert "limits acting" not in said(ended(usage=usage, limits=limits))


def test_nothing_used_is_not_said() -> None:
    assert said(replace(RUNNING, usage=Usage(time=1.0))).keys() - said(RUNNING).keys() == {"CPU time"}


@pytest.mark.parametrize(
    ("asked", "now", "said_of_it"),
    [(None, 1 << 30, "1G in force, none requested"), (1 << 30, None, "none in force, 1G requested")],
)
def test_a_limit_that_only_one_of_both_knows(asked: int | None, now: int | None, said_of_it: str) -> None:
    limits, force = Limits(memory=asked), Limits(memory=now)
    assert said(replace(RUNNING, limits=limits, in_force=force, differing=("memory",)))["memory limit"] == said_of_it


def test_the_limits_as_a_table() -> None:
    force = replace(LIMITS, memory=1 << 30, cpu=None)
    job = replace(RUNNING, limits=LIMITS, in_force=force, differing=("memory", "cpu"))
    assert for_pipe(in_force(job))[:4] == [
        "LIMIT        REQUESTED                IN FORCE",
        "CPU          0.5 cores                none",
        "CPU weight   50                       50",
        "memory       512M                     1G",
    ]
    assert [str(row[2].style) for row in in_force(job)[1:4]] == [DIFFERS, "", DIFFERS]
    assert [len(in_force(replace(RUNNING, in_force=force))) for force in (None, Limits())] == [1, 1]


def test_a_path_is_shown_with_its_mount_point_and_disk() -> None:
    asked = Limits(io=(IoLimit("/srv", 1 << 20), IoLimit("/", None, 2 << 20), IoLimit("/dev/vda1", None, None, 9)))
    disks = (
        Disk("/srv", "/", "vda", "254:0"),
        Disk("/", "/", "vda", "254:0"),
        Disk("/dev/vda1", "", "vda", "254:0"),
    )
    job = replace(RUNNING, limits=asked, in_force=asked, disks=disks)
    shown = "/srv (on /, disk vda): read 1M/s; / (disk vda): write 2M/s; /dev/vda1 (disk vda): 9 reads/s"
    assert said(job)["disk limit"] == shown
    force = replace(asked, io=(*asked.io[:2], IoLimit("/dev/vda", None, None, 7)))
    rows = in_force(replace(job, in_force=force, differing=("io",)))
    assert [[cell.text for cell in row] for row in rows[1:]] == [
        ["disk /srv (on /, disk vda)", "read 1M/s", "read 1M/s"],
        ["disk / (disk vda)", "write 2M/s", "write 2M/s"],
        ["disk /dev/vda1 (disk vda)", "9 reads/s", "none"],
        ["disk /dev/vda", "none", "7 reads/s"],
    ]
    assert [row[2].style for row in rows[1:]] == ["", "", DIFFERS, DIFFERS]
    on_node = replace(asked, io=(IoLimit("/dev/vda", 1 << 20),))
    job = replace(job, limits=on_node, in_force=on_node, disks=(Disk("/dev/vda", "", "vda", "254:0"),))
    assert said(job)["disk limit"] == "/dev/vda: read 1M/s"


def test_paused_is_no_secret() -> None:
    assert said(replace(RUNNING, state=State.PAUSED))["state"] == "paused"
    stopping = replace(RUNNING, state=State.STOPPING, stopping_by="bob")
    assert said(stopping)["state"] == "stopping, requested by bob"


@pytest.mark.parametrize(
    ("share", "word"),
    [(None, ""), (0.0, "0 %"), (0.0004, "0 %"), (0.006, "0.6 %"), (0.0994, "9.9 %"), (0.1, "10 %"), (1.534, "153 %")],
)
def test_shares(share: float | None, word: str) -> None:
    assert usage.percent(share) == word


def test_what_it_waits_for_most() -> None:
    assert usage.waits(USAGE) == "disk 34 %"
    assert usage.waits(Usage(time=0.0)) == ""
    assert usage.waits(Usage(time=0.0, cpu_pressure=Pressure(0.004, 0.0, 1.0))) == ""
