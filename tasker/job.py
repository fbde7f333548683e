"""What a job is: its spec (what was asked), its outcome (how it ended), and the whole as everybody sees it.

Plain values and the rules they must keep. No I/O, no clock, nothing of systemd. Byte strings that came from a user
(argv, environment, paths) are `str` with surrogateescape, as everywhere in Python's os module.
"""

from __future__ import annotations

import math
import signal
from dataclasses import dataclass, field
from enum import StrEnum

from tasker.errors import invalid
from tasker.lifecycle import State
from tasker.quantity import format_duration, format_size

MIB = 1 << 20
SMALLEST_MEMORY = 8 * MIB
"""Bytes. Below this even `true` is killed before it starts."""
LARGEST_COMMAND = 96 << 10
"""Bytes of argv and environment together, so that a request stays under one datagram."""
LONGEST_GRACE = 3600.0


@dataclass(frozen=True)
class IoLimit:
    """Ceilings on the disk under a path; bytes and operations per second."""

    path: str
    read_bandwidth: int | None = None
    write_bandwidth: int | None = None
    read_iops: int | None = None
    write_iops: int | None = None


@dataclass(frozen=True)
class Limits:
    """None is no limit. Units and ranges: proto/tasker/api/v1/tasker.proto."""

    cpu: float | None = None
    cpu_weight: int | None = None
    memory: int | None = None
    memory_high: int | None = None
    memory_swap: int | None = None
    tasks: int | None = None
    io: tuple[IoLimit, ...] = ()
    io_weight: int | None = None
    run_time: float | None = None


@dataclass(frozen=True)
class JobSpec:
    """What was asked; never changes."""

    argv: tuple[str, ...]
    working_directory: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    name: str = ""
    user: str = ""
    limits: Limits = Limits()


class Kind(StrEnum):
    """The ways to end."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    STOPPED = "stopped"
    OUT_OF_MEMORY = "out-of-memory"
    TIMED_OUT = "timed-out"
    RUN_ENDED = "run-ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Outcome:
    """How a job ended. `exit_code` and `signal` are the leader's own status, where it is known: one of the two."""

    kind: Kind
    exit_code: int | None = None
    signal: int | None = None
    core_dumped: bool = False
    stopped_by: str = ""
    killed: bool = False

    @property
    def summary(self) -> str:
        """One line for people."""
        match self.kind:
            case Kind.EXITED:
                return f"exited with code {self.exit_code}"
            case Kind.SIGNALLED:
                return f"killed by {signal_name(self.signal)}" + (" (core dumped)" if self.core_dumped else "")
            case Kind.STOPPED:
                return f"stopped by {self.stopped_by}" + (" (killed after the grace period)" if self.killed else "")
            case Kind.OUT_OF_MEMORY:
                return "killed: out of memory"
            case Kind.TIMED_OUT:
                return "ended: its run time was over"
            case Kind.RUN_ENDED:
                return "ended with the service"
            case Kind.UNKNOWN:
                return "ended, and nobody saw how"


@dataclass(frozen=True)
class Job:
    """A job as everybody sees it. Times are seconds since the epoch; None where it has not happened."""

    id: str
    owner: str
    spec: JobSpec
    unit: str
    slice: str
    user: str
    """Whom it runs as: an account's name, or "" where its uid has none."""
    uid: int
    state: State
    created: float
    started: float | None = None
    ended: float | None = None
    pid: int = 0
    outcome: Outcome | None = None


def signal_name(number: int | None) -> str:
    """SIGTERM for 15; the number where it has no name."""
    if number is None:
        return "an unknown signal"
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def check_spec(spec: JobSpec, cores: int | None = None) -> None:
    """Raise TaskerError(INVALID) where `spec` is out of range, for a machine with so many `cores`; None: for any."""
    if not spec.argv or not spec.argv[0]:
        raise invalid("cannot start a job without a command; give one, e.g. tasker start -- sleep 60")
    if len(spec.argv) > 4096:
        raise invalid(f"cannot start a job with {len(spec.argv)} arguments; the most is 4096")
    texts = [*spec.argv, *spec.environment, *spec.environment.values()]
    if sum(len(text.encode("utf-8", "surrogateescape")) + 1 for text in texts) > LARGEST_COMMAND:
        raise invalid("cannot start a job with more than 96 KiB of arguments and environment; put them into a file")
    if any("\0" in text for text in [*texts, spec.working_directory]):
        raise invalid("cannot start a job with a NUL byte in its command, environment or directory; leave it out")
    for key in spec.environment:
        if not key or "=" in key:
            raise invalid(f"cannot set the environment variable {key[:40]!r}; a name is not empty and has no '='")
    if len(spec.name) > 64 or not spec.name.isprintable():
        name = f"{spec.name[:32]}…" if len(spec.name) > 32 else spec.name
        raise invalid(f"cannot use the name {name!r}; a name has up to 64 printable characters")
    if spec.working_directory and not spec.working_directory.startswith("/"):
        raise invalid(f"cannot start in {spec.working_directory[:80]!r}; the directory must be an absolute path")
    check_limits(spec.limits, cores)


def check_limits(limits: Limits, cores: int | None = None) -> None:
    """Raise TaskerError(INVALID) where a limit is out of range."""
    if limits.cpu is not None and not 0.01 <= limits.cpu <= (cores or math.inf):
        most = f"to {cores}, the cores of the machine" if cores else "or more"
        raise invalid(f"cannot limit the CPU to {limits.cpu:g} cores; choose 0.01 {most}")
    for what, size in (("memory", limits.memory), ("memory-high", limits.memory_high)):
        if size is not None and not SMALLEST_MEMORY <= size <= 1 << 60:
            raise invalid(f"cannot limit {what} to {format_size(size)}; choose 8M or more")
    _check("memory-swap", limits.memory_swap, 0, 1 << 60)
    _check("tasks", limits.tasks, 1, 1 << 22)
    _check("cpu-weight", limits.cpu_weight, 1, 10000)
    _check("io-weight", limits.io_weight, 1, 10000)
    if limits.run_time is not None and not 1 <= limits.run_time <= 10 * 365 * 86400:
        raise invalid(f"cannot limit the run time to {_duration(limits.run_time)}; choose 1s to 3650d")
    if len(limits.io) > 16:
        raise invalid(f"cannot limit {len(limits.io)} paths; the most is 16")
    for io in limits.io:
        if not io.path.startswith("/") or "\0" in io.path or len(io.path) > 4095:
            raise invalid(f"cannot limit the disk under {io.path[:80]!r}; give an absolute path")
        _check(f"read bandwidth of {io.path[:80]}", io.read_bandwidth, 4096, 1 << 60)
        _check(f"write bandwidth of {io.path[:80]}", io.write_bandwidth, 4096, 1 << 60)
        _check(f"read iops of {io.path[:80]}", io.read_iops, 1, 1 << 32)
        _check(f"write iops of {io.path[:80]}", io.write_iops, 1, 1 << 32)


def check_grace(seconds: float) -> None:
    """Raise TaskerError(INVALID) where a stop may not wait so long."""
    if not 0 <= seconds <= LONGEST_GRACE:
        raise invalid(f"cannot wait {_duration(seconds)} for an end; choose 0s to 1h")


def _duration(seconds: float) -> str:
    """As it was typed; what nobody can type, as a number."""
    return format_duration(seconds) if 0 <= seconds < 1e12 else f"{seconds:g} s"


def _check(what: str, value: int | None, smallest: int, largest: int) -> None:
    if value is not None and not smallest <= value <= largest:
        raise invalid(f"cannot limit {what!r} to {value}; choose {smallest} to {largest}")
