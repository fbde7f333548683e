"""The bounds of what may be asked for, and how an outcome reads."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from tasker.errors import Reason, TaskerError
from tasker.job import LARGEST_COMMAND, JobSpec, Kind, Outcome, check_spec, signal_name
from tasker.limits import IoLimit, Limits, check_limits

SPEC = JobSpec(argv=("sleep", "60"))
DISK = IoLimit("/var")
NAN, INF = float("nan"), float("inf")


def refusal(spec: JobSpec) -> str:
    with pytest.raises(TaskerError) as caught:
        check_spec(spec, cores=4)
    assert caught.value.reason is Reason.INVALID
    assert caught.value.message.startswith("cannot ")
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300
    return caught.value.message


@pytest.mark.parametrize(
    "spec",
    [
        SPEC,
        replace(SPEC, argv=("a",) * 4096),
        replace(SPEC, argv=("echo", "", os.fsdecode(b"\xff\n"))),
        replace(SPEC, argv=("x" * (LARGEST_COMMAND - 1),)),
        replace(SPEC, environment={"A": "", "B": "=\n"}),
        replace(SPEC, name="n" * 64),
        *(replace(SPEC, nice=nice) for nice in (-20, 19)),
        replace(SPEC, name="Größe 1"),
        replace(SPEC, working_directory="/"),
    ],
)
def test_accepted(spec: JobSpec) -> None:
    check_spec(spec, cores=4)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (replace(SPEC, argv=()), "without a command"),
        (replace(SPEC, argv=("", "x")), "without a command"),
        (replace(SPEC, argv=("a",) * 4097), "4097 arguments"),
        (replace(SPEC, argv=("x" * LARGEST_COMMAND,)), "96 KiB"),
        (replace(SPEC, argv=("ü" * (LARGEST_COMMAND // 2),)), "96 KiB"),
        (replace(SPEC, environment={"A": "x" * LARGEST_COMMAND}), "96 KiB"),
        (replace(SPEC, argv=("a", "b\0c")), "NUL"),
        (replace(SPEC, environment={"A\0": "x"}), "NUL"),
        (replace(SPEC, environment={"A": "\0"}), "NUL"),
        (replace(SPEC, working_directory="/\0"), "NUL"),
        (replace(SPEC, environment={"": "x"}), "environment variable ''"),
        (replace(SPEC, environment={"A=B": "x"}), "'A=B'"),
        (replace(SPEC, environment={"\n=" * 900: "x"}), "environment variable"),
        *((replace(SPEC, nice=nice), "choose -20 to 19") for nice in (-21, 20, 1 << 31)),
        (replace(SPEC, name="n" * 65), "64 printable"),
        (replace(SPEC, name="a\nb"), "64 printable"),
        (replace(SPEC, name="a\x1b[31m"), "64 printable"),
        (replace(SPEC, name="\udcff"), "64 printable"),
        (replace(SPEC, working_directory="home"), "absolute path"),
        (replace(SPEC, working_directory="~" * 4000), "absolute path"),
    ],
)
def test_refused(spec: JobSpec, words: str) -> None:
    assert words in refusal(spec)


@pytest.mark.parametrize(
    "limits",
    [
        Limits(),
        *(Limits(cpu=cores) for cores in (0.01, 1, 4)),
        *(Limits(memory=size, memory_high=size) for size in (8 << 20, 1 << 60)),
        *(Limits(memory_swap=size) for size in (0, 1 << 60)),
        *(Limits(tasks=count) for count in (1, 1 << 22)),
        *(Limits(cpu_weight=weight, io_weight=weight) for weight in (1, 10000)),
        *(Limits(run_time=seconds) for seconds in (1, 10 * 365 * 86400)),
        Limits(io=(DISK,) * 16),
        Limits(io=(IoLimit("/" + "ü" * 300), IoLimit("/" + "ü" * 211))),
        *(Limits(io=(replace(DISK, read_bandwidth=n, write_bandwidth=n),)) for n in (4096, 1 << 60)),
        *(Limits(io=(replace(DISK, read_iops=n, write_iops=n),)) for n in (1, 1 << 32)),
    ],
)
def test_limits_accepted(limits: Limits) -> None:
    check_limits(limits, cores=4)


@pytest.mark.parametrize(
    "limits",
    [
        *(Limits(cpu=cores) for cores in (0.0099, 0, -1, 4.01, 2.0**63, NAN, INF, -INF)),
        *(Limits(memory=size) for size in ((8 << 20) - 1, 4096, 0, -1, (1 << 60) + 1, 1 << 64)),
        *(Limits(memory_high=size) for size in ((8 << 20) - 1, -1, (1 << 60) + 1)),
        *(Limits(memory_swap=size) for size in (-1, (1 << 60) + 1)),
        *(Limits(tasks=count) for count in (0, -1, (1 << 22) + 1)),
        *(Limits(cpu_weight=weight) for weight in (0, 10001)),
        *(Limits(io_weight=weight) for weight in (0, 10001)),
        *(Limits(run_time=seconds) for seconds in (0.99, 0, -1, 10 * 365 * 86400 + 1, NAN, INF)),
        Limits(io=(DISK,) * 17),
        *(Limits(io=(IoLimit(path),)) for path in ("", "var", "/\0", "/" + "x" * 2048)),
        *(Limits(io=(IoLimit(f"/a{sign}b"),)) for sign in ("\n", " ", "\t", '"', "'", "\\", "%", "\u2028", "\udcff")),
        Limits(io=(IoLimit("/" + "ü" * 300), IoLimit("/" + "ü" * 212))),
        *(Limits(io=(replace(DISK, read_bandwidth=n),)) for n in (4095, -1, (1 << 60) + 1)),
        *(Limits(io=(replace(DISK, write_bandwidth=n),)) for n in (4095, -1, (1 << 60) + 1)),
        *(Limits(io=(replace(DISK, read_iops=n),)) for n in (0, (1 << 32) + 1)),
        *(Limits(io=(replace(DISK, write_iops=n),)) for n in (0, (1 << 32) + 1)),
    ],
)
def test_limits_refused(limits: Limits) -> None:
    assert refusal(replace(SPEC, limits=limits)).startswith("cannot limit ")


def test_a_refusal_stays_one_line_whatever_the_path() -> None:
    refusal(replace(SPEC, limits=Limits(io=(replace(DISK, path="/\n\x1b[31m", read_iops=0),))))


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Outcome(Kind.EXITED, exit_code=3), "exited with code 3"),
        (Outcome(Kind.SIGNALLED, signal=9), "killed by SIGKILL"),
        (Outcome(Kind.SIGNALLED, signal=11, core_dumped=True), "killed by SIGSEGV (core dumped)"),
        (Outcome(Kind.SIGNALLED, signal=36), "killed by signal 36"),
        (Outcome(Kind.SIGNALLED), "killed by an unknown signal"),
        (Outcome(Kind.STOPPED, signal=15, stopped_by="alice"), "stopped by alice"),
        (Outcome(Kind.STOPPED, stopped_by="al", killed=True), "stopped by al (killed)"),
        (Outcome(Kind.OUT_OF_MEMORY, signal=9), "killed: out of memory"),
        (Outcome(Kind.TIMED_OUT), "ended: its run time was over"),
        (Outcome(Kind.RUN_ENDED), "ended with the service"),
        (Outcome(Kind.UNKNOWN), "ended; its exit status is unknown"),
    ],
)
def test_summary(outcome: Outcome, text: str) -> None:
    assert outcome.summary == text


def test_every_kind_has_a_summary() -> None:
    for kind in Kind:
        assert Outcome(kind, exit_code=0).summary


def test_signal_name() -> None:
    assert [signal_name(n) for n in (15, 64, 99, None)] == ["SIGTERM", "SIGRTMAX", "signal 99", "an unknown signal"]
