"""What goes into protobuf comes out of it, and what is out of range does not go through."""

from __future__ import annotations

import dataclasses
import math
import time

import pytest
from google.protobuf.duration_pb2 import Duration

from tasker.api.jobs import job_from, job_to
from tasker.api.specs import grace_from, spec_from, spec_to
from tasker.api.v1 import tasker_pb2 as pb
from tasker.errors import Reason, TaskerError
from tasker.job import Clock, Job, JobSpec, Kind, Outcome
from tasker.lifecycle import State
from tasker.limits import Disk, IoLimit, Limits

LIMITS = Limits(
    cpu=0.5,
    cpu_weight=200,
    memory=1 << 30,
    memory_high=1 << 29,
    memory_swap=0,
    tasks=10,
    io=(IoLimit("/srv", read_bandwidth=4096, write_iops=7), IoLimit("/", 1, 2, 3, 4)),
    io_weight=1,
    run_time=90.25,
    cpu_list="0-3,8",
)
SPEC = JobSpec(
    argv=("printf", "a\udcff\udc80b", ""),
    working_directory="/srv/\u00e4",
    environment={"A": "\udcfe", "B": ""},
    name="n",
    user="root",
    limits=LIMITS,
    linger=0.25,
    nice=-5,
)
JOB = Job(
    id="k3v9x2mq",
    owner="alice",
    spec=SPEC,
    unit="tasker-k3v9x2mq.scope",
    slice="tasker-alice.slice",
    user="alice",
    uid=1000,
    state=State.RUNNING,
    created=1700000000.25,
    pid=77,
    disks=(Disk("/srv", "/", "vda", "254:0"), Disk("/", "/", "vda", "254:0")),
)


def through(job: Job) -> Job:
    return job_from(pb.Job.FromString(job_to(job).SerializeToString()))


def test_durations_are_of_the_monotonic_clock_whatever_the_labels_say() -> None:
    """The clock of the service was set back by half a minute while the job ran."""
    now = time.monotonic()
    clock = Clock(started=now - 20.0, exited=now - 5.0, ended=now - 4.0)
    job = dataclasses.replace(JOB, started=1700000030.0, ended=1700000010.0, clock=clock)
    message = job_to(job)
    assert message.elapsed.seconds == 16
    assert message.since_end.seconds == 4
    assert through(job).elapsed(time.monotonic()) == pytest.approx(16.0, abs=1e-3)
    running = through(dataclasses.replace(JOB, clock=Clock(started=now - 20.0, lingers_until=now + 100.0)))
    assert running.clock.started == pytest.approx(now - 20.0, abs=1.0)
    assert running.clock.lingers_until == pytest.approx(now + 100.0, abs=1.0)
    assert (running.elapsed(now + 10.0) or 0.0) == pytest.approx(30.0, abs=1.0)


def test_a_spec_goes_through_whole() -> None:
    message = pb.JobSpec.FromString(spec_to(SPEC).SerializeToString())
    assert message.argv[1] == b"a\xff\x80b"
    assert spec_from(message) == SPEC


def test_absent_is_not_zero() -> None:
    assert spec_from(spec_to(JobSpec(("x",)))) == JobSpec(("x",))
    zeros = JobSpec(("x",), limits=Limits(cpu=0.0, memory=0, memory_swap=0, tasks=0, run_time=0.0))
    assert spec_from(spec_to(zeros)) == zeros


@pytest.mark.parametrize("state", [state for state in State if state is not State.GONE])
def test_every_state(state: State) -> None:
    job = dataclasses.replace(JOB, state=state, stopping_by="bob" if state is State.STOPPING else "")
    assert through(job) == job


@pytest.mark.parametrize("kind", Kind)
def test_every_outcome(kind: Kind) -> None:
    outcome = Outcome(kind, signal=9, core_dumped=True, stopped_by="bob", killed=True)
    job = dataclasses.replace(JOB, state=State.ENDED, started=1.5, ended=2.5, pid=0, outcome=outcome)
    assert through(job) == job
    assert job_to(job).outcome.summary == outcome.summary


def test_exit_code_zero_is_told_from_none() -> None:
    for outcome in (Outcome(Kind.EXITED, exit_code=0), Outcome(Kind.UNKNOWN)):
        assert through(dataclasses.replace(JOB, outcome=outcome)).outcome == outcome


def test_what_a_newer_server_says() -> None:
    message = job_to(dataclasses.replace(JOB, outcome=Outcome(Kind.EXITED, exit_code=0)))
    message.outcome.kind = 99  # type: ignore[assignment]
    outcome = job_from(message).outcome
    assert outcome is not None
    assert outcome.kind is Kind.UNKNOWN
    message.state = 99  # type: ignore[assignment]
    with pytest.raises(TaskerError, match="upgrade this client") as caught:
        job_from(message)
    assert caught.value.reason is Reason.INTERNAL


@pytest.mark.parametrize(
    "message",
    [
        pb.JobSpec(working_directory="/" + "x" * 4095),
        pb.JobSpec(name="x" * 257),
        pb.JobSpec(user="x" * 257),
        pb.JobSpec(limits=pb.Limits(cpu=math.nan)),
        pb.JobSpec(limits=pb.Limits(cpu=math.inf)),
        pb.JobSpec(limits=pb.Limits(cpu=1e305)),
        pb.JobSpec(limits=pb.Limits(cpu=-1e305)),
        pb.JobSpec(limits=pb.Limits(run_time=Duration(seconds=-1))),
        pb.JobSpec(limits=pb.Limits(cpu_list="")),
        pb.JobSpec(limits=pb.Limits(cpu_list="0-3;8")),
        pb.JobSpec(limits=pb.Limits(cpu_list="0," * 100_000)),
        pb.JobSpec(limits=pb.Limits(run_time=Duration(nanos=-5))),
        pb.JobSpec(limits=pb.Limits(io=[pb.IoLimit(path="/" + "x" * 4095)])),
        pb.JobSpec(limits=pb.Limits(io=[pb.IoLimit(path="/")] * 65)),
    ],
)
def test_requests_out_of_range(message: pb.JobSpec) -> None:
    with pytest.raises(TaskerError, match=r"^cannot ") as caught:
        spec_from(message)
    assert caught.value.reason is Reason.INVALID


@pytest.mark.parametrize(
    "spec",
    [
        JobSpec(("x",), working_directory="/\udcff"),
        JobSpec(("x",), limits=Limits(memory=-1)),
        JobSpec(("x",), limits=Limits(cpu_weight=1 << 32)),
        JobSpec(("x",), limits=Limits(run_time=math.nan)),
    ],
)
def test_specs_that_protobuf_cannot_say(spec: JobSpec) -> None:
    with pytest.raises(TaskerError, match=r"^cannot "):
        spec_to(spec)


def test_the_grace_period() -> None:
    assert grace_from(pb.StopJobRequest()) is None
    assert grace_from(pb.StopJobRequest(grace=Duration())) == 0.0
    assert grace_from(pb.StopJobRequest(grace=Duration(seconds=3600))) == 3600.0
    for grace in (Duration(seconds=3600, nanos=1), Duration(seconds=-1), Duration(seconds=1, nanos=2_000_000_000)):
        with pytest.raises(TaskerError, match=r"^cannot "):
            grace_from(pb.StopJobRequest(grace=grace))
