"""A job: its spec (the request), its outcome (how it ended), and its complete state as clients see it.

Plain values and their rules; independent of I/O, clocks and systemd. Byte strings from users (argv, environment, paths)
are `str` with surrogateescape, as in Python's os module.
"""

from __future__ import annotations

import dataclasses
import signal
from dataclasses import dataclass, field
from enum import StrEnum

from tasker.bounds import AnyInt32, Count, ExitCode, ExitSignal, JobId, Moment, Pid, Seconds, Time, Uid, Unit
from tasker.errors import invalid
from tasker.identity import Name
from tasker.lifecycle import State
from tasker.limits import Disk, Limits, check_limits
from tasker.measures import show_time
from tasker.quantity import FOREVER
from tasker.usage import Usage

LARGEST_COMMAND = 96 << 10
"""Bytes of argv and environment together, so that a request stays under one datagram."""
LONGEST_GRACE = 3600.0
LONGEST_LINGER = 3650 * 86400.0
"""Seconds; FOREVER is allowed, too."""
HIGHEST_PRIORITY, LOWEST_PRIORITY = -20, 19
"""Nice values."""


@dataclass(frozen=True)
class JobSpec:
    """The request for a job; never changes."""

    argv: tuple[str, ...]
    working_directory: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    name: str = ""
    user: str = ""
    limits: Limits = Limits()
    grace: Seconds | None = None
    """Seconds from SIGTERM to SIGKILL for a stop that names none; None: the service's default."""
    linger: Seconds | None = None
    """Seconds for processes that the command leaves behind while one of them holds the output, or FOREVER; None: the
    service's default."""
    nice: AnyInt32 = 0
    """The nice value of the command: -20 to 19, below 0 for admins only."""


class Kind(StrEnum):
    """The ways in which a job can end."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    STOPPED = "stopped"
    OUT_OF_MEMORY = "out-of-memory"
    TIMED_OUT = "timed-out"
    RUN_ENDED = "run-ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Outcome:
    """How a job ended. `exit_code` or `signal` is the leader's own status, if known."""

    kind: Kind
    exit_code: ExitCode | None = None
    signal: ExitSignal | None = None
    core_dumped: bool = False
    stopped_by: str = ""
    """For STOPPED: who requested it, a user's name or "systemctl". For SIGNALLED: who had that signal sent, if
    known."""
    killed: bool = False
    verdict: str = field(default="", compare=False)
    """One line for people: how and why the job ended (verdict.py). Derived from the rest, so comparisons ignore it."""

    @property
    def summary(self) -> str:
        """A few words for people."""
        match self.kind:
            case Kind.EXITED:
                return f"exited with code {self.exit_code}"
            case Kind.SIGNALLED:
                dumped = " (core dumped)" if self.core_dumped else ""
                sent = f", sent by {self.stopped_by}" if self.stopped_by else ""
                return f"killed by {signal_name(self.signal)}{dumped}{sent}"
            case Kind.STOPPED:
                return f"stopped by {self.stopped_by}" + (" (killed)" if self.killed else "")
            case Kind.OUT_OF_MEMORY:
                return "killed: out of memory"
            case Kind.TIMED_OUT:
                return "ended: its run time was over"
            case Kind.RUN_ENDED:
                return "ended with the service"
            case Kind.UNKNOWN:
                return "ended; its exit status is unknown"


@dataclass(frozen=True)
class Clock:
    """Times of a job on CLOCK_MONOTONIC of the process that holds this; None if not reached.

    All durations are computed from these. The processes of the service share one clock; API messages carry durations,
    from which a client computes times on its own clock (api/jobs.py).
    """

    started: Moment | None = None
    exited: Moment | None = None
    lingers_until: Moment | None = None
    ended: Moment | None = None


@dataclass(frozen=True)
class Job:
    """A job as clients see it. Times are for people, in seconds since the epoch: the clock may be set at any time, so
    durations come from `clock`. None if not reached."""

    id: JobId
    owner: Name
    spec: JobSpec
    unit: Unit
    slice: Unit
    user: str
    """The name of the account that the job runs as; "" if its uid has none."""
    uid: Uid
    state: State
    created: Time
    started: Time | None = None
    ended: Time | None = None
    """When its last process had exited."""
    pid: Pid = 0
    stopping_by: str = ""
    """Who is stopping the job: a user's name or "systemctl"; "" if nobody is, also at the end of its run time."""
    outcome: Outcome | None = None
    limits: Limits = Limits()
    """The requested limits: those of the spec, the service's defaults for the others, and later changes."""
    in_force: Limits | None = None
    """The limits in the cgroup, if they were read: for a single running job when requested; for an ended one if its
    verdict mentions a limit that differed from what was asked for."""
    differing: tuple[str, ...] = ()
    """Fields of Limits in which `limits` and `in_force` differ."""
    usage: Usage | None = None
    """For a single running job, read when requested; for an ended one its totals."""
    printed: Count | None = None
    """Bytes of output of an ended job."""
    followers: Count = 0
    """Open attach streams."""
    archived: bool = False
    """The output is on disk and no longer in memory."""
    revision: Count = 0
    """Increases with every change of any job: the higher of two is the newer state."""
    exited: Time | None = None
    """When the leader exited."""
    lingering: bool = False
    """While ENDING: processes that the command left behind may go on; else they were asked to end."""
    lingers_until: Time | None = None
    """When those processes will be asked to end; None: never."""
    left_behind: Count = 0
    """While ENDING: the number of those processes, when last counted."""
    paused: bool = False
    """While ENDING: those processes are frozen."""
    disks: tuple[Disk, ...] = ()
    """The disks under the paths in `limits`."""
    ring: Count = 0
    """Bytes of the latest output that are kept while the job runs; 0: unknown."""
    ring_asked: Count = 0
    """The value of [output] ring at the start, in bytes. `ring` is lower if memory for output was short."""
    clock: Clock = field(default=Clock(), compare=False)

    def elapsed(self, now: float) -> float | None:
        """Seconds from the start to the end, or to `now` (CLOCK_MONOTONIC); None if not started."""
        if self.clock.started is None:
            return None
        return max(0.0, (now if self.clock.ended is None else self.clock.ended) - self.clock.started)


TIMES = ("created", "started", "exited", "ended", "lingers_until")
"""The fields of Job that are times."""


def without_values(job: Job) -> Job:
    """The job without the values of its environment, which only its owner and admins may see."""
    names = dict.fromkeys(job.spec.environment, "")
    return dataclasses.replace(job, spec=dataclasses.replace(job.spec, environment=names))


def signal_name(number: int | None) -> str:
    """The name of a signal, e.g. SIGTERM for 15; the number if it has none."""
    if number is None:
        return "an unknown signal"
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def check_spec(spec: JobSpec, cores: int | None = None) -> None:
    """Raises TaskerError(INVALID) if `spec` is out of range, on a machine with `cores`; None: on any machine."""
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
    if spec.grace is not None:
        check_grace(spec.grace)
    if spec.linger is not None:
        check_linger(spec.linger)
    if not HIGHEST_PRIORITY <= spec.nice <= LOWEST_PRIORITY:
        raise invalid(f"cannot start at nice {spec.nice}; choose {HIGHEST_PRIORITY} to {LOWEST_PRIORITY}")
    check_limits(spec.limits, cores)


def check_signal(number: int) -> None:
    """Raises TaskerError(INVALID) if Linux has no such signal."""
    if not 1 <= number <= 64:
        raise invalid(f"cannot send signal {number}; signals are 1 to 64, and `kill -l` lists them")


def check_grace(seconds: float) -> None:
    """Raises TaskerError(INVALID) if `seconds` is no valid grace period."""
    if not 0 <= seconds <= LONGEST_GRACE:
        raise invalid(f"cannot use a grace period of {show_time(seconds)}; choose 0s to 1h")


def check_linger(seconds: float) -> None:
    """Raises TaskerError(INVALID) if `seconds` is no valid linger time."""
    if not 0 <= seconds <= LONGEST_LINGER and seconds != FOREVER:
        raise invalid(f"cannot let processes linger for {show_time(seconds)}; choose 0s to 3650d, or forever")
