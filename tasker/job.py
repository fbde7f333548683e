"""What a job is: its spec (what was asked), its outcome (how it ended), and the whole as everybody sees it.

Plain values and the rules they must keep. No I/O, no clock, nothing of systemd. Byte strings that came from a user
(argv, environment, paths) are `str` with surrogateescape, as everywhere in Python's os module.
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
"""Seconds, but for FOREVER."""
HIGHEST_PRIORITY, LOWEST_PRIORITY = -20, 19
"""Nice values."""


@dataclass(frozen=True)
class JobSpec:
    """What was asked; never changes."""

    argv: tuple[str, ...]
    working_directory: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    name: str = ""
    user: str = ""
    limits: Limits = Limits()
    grace: Seconds | None = None
    """Seconds from SIGTERM to SIGKILL where a stop names none; None: the service's default."""
    linger: Seconds | None = None
    """Seconds that processes which the command leaves behind may go on while one of them holds the output, or FOREVER;
    None: the service's default."""
    nice: AnyInt32 = 0
    """The nice value of the command: -20 to 19, below 0 for admins only."""


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
    exit_code: ExitCode | None = None
    signal: ExitSignal | None = None
    core_dumped: bool = False
    stopped_by: str = ""
    """Of STOPPED: whose call it was, a user's name or "systemctl". Of SIGNALLED: who had that signal sent, if known."""
    killed: bool = False
    verdict: str = field(default="", compare=False)
    """One line for people: how it ended and why (verdict.py). The rest says the same, so it counts in no comparison."""

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
                return "ended, and nobody saw how"


@dataclass(frozen=True)
class Clock:
    """Moments of a job on CLOCK_MONOTONIC of the process that holds this; None where the moment has not come.

    All durations are computed from these. The processes of the service share one clock; a message of the API carries
    durations, out of which a client makes moments on its own clock (api/jobs.py).
    """

    started: Moment | None = None
    exited: Moment | None = None
    lingers_until: Moment | None = None
    ended: Moment | None = None


@dataclass(frozen=True)
class Job:
    """A job as everybody sees it. Times are labels for people, in seconds since the epoch: the clock may be set at any
    time, so durations come from `clock`. None where it has not happened."""

    id: JobId
    owner: Name
    spec: JobSpec
    unit: Unit
    slice: Unit
    user: str
    """Whom it runs as: an account's name, or "" where its uid has none."""
    uid: Uid
    state: State
    created: Time
    started: Time | None = None
    ended: Time | None = None
    """When its last process was gone."""
    pid: Pid = 0
    stopping_by: str = ""
    """Who asked for its end, while it comes: a user's name or "systemctl"; "" where nobody did, as for its run time."""
    outcome: Outcome | None = None
    limits: Limits = Limits()
    """What was asked for by now: the spec's, the service's defaults, and what was changed since."""
    in_force: Limits | None = None
    """What the cgroup says, where it was read back: of one running job that is looked at; of an ended one, where its
    verdict speaks of a limit that was another than was asked for."""
    differing: tuple[str, ...] = ()
    """Fields of Limits in which the two differ."""
    usage: Usage | None = None
    """Read just now, of one running job that is looked at; the last totals of an ended one."""
    printed: Count | None = None
    """Bytes, of an ended job."""
    followers: Count = 0
    """Open attach streams."""
    archived: bool = False
    """Its output is on disk and no longer in memory."""
    revision: Count = 0
    """Grows with every change of any job: of two states of one job the higher is the newer."""
    exited: Time | None = None
    """When the leader exited."""
    lingering: bool = False
    """While it is ENDING: the processes that the command left behind may go on; else they were asked to end."""
    lingers_until: Time | None = None
    """Until when they may; None: without end."""
    left_behind: Count = 0
    """While it is ENDING: how many processes those were when that was last looked at."""
    paused: bool = False
    """While it is ENDING: those processes are frozen."""
    disks: tuple[Disk, ...] = ()
    """Of the paths in `limits`."""
    ring: Count = 0
    """Bytes of its latest output that are kept while it runs; 0: not known."""
    ring_asked: Count = 0
    """Bytes that [output] ring asked for at its start. `ring` is less where memory for output was short."""
    clock: Clock = field(default=Clock(), compare=False)

    def elapsed(self, now: float) -> float | None:
        """Seconds from its start to its end, or to `now` (CLOCK_MONOTONIC); None where it has not started."""
        if self.clock.started is None:
            return None
        return max(0.0, (now if self.clock.ended is None else self.clock.ended) - self.clock.started)


TIMES = ("created", "started", "exited", "ended", "lingers_until")
"""The fields of Job that are times."""


def without_values(job: Job) -> Job:
    """The job with the names of its environment alone: the values are only for those who manage it."""
    names = dict.fromkeys(job.spec.environment, "")
    return dataclasses.replace(job, spec=dataclasses.replace(job.spec, environment=names))


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
    if spec.grace is not None:
        check_grace(spec.grace)
    if spec.linger is not None:
        check_linger(spec.linger)
    if not HIGHEST_PRIORITY <= spec.nice <= LOWEST_PRIORITY:
        raise invalid(f"cannot start at nice {spec.nice}; choose {HIGHEST_PRIORITY} to {LOWEST_PRIORITY}")
    check_limits(spec.limits, cores)


def check_signal(number: int) -> None:
    """Raise TaskerError(INVALID) where Linux has no such signal."""
    if not 1 <= number <= 64:
        raise invalid(f"cannot send signal {number}; signals are 1 to 64, and `kill -l` lists them")


def check_grace(seconds: float) -> None:
    """Raise TaskerError(INVALID) where a stop may not wait so long."""
    if not 0 <= seconds <= LONGEST_GRACE:
        raise invalid(f"cannot wait {show_time(seconds)} for an end; choose 0s to 1h")


def check_linger(seconds: float) -> None:
    """Raise TaskerError(INVALID) where processes that a command leaves behind may not go on for so long."""
    if not 0 <= seconds <= LONGEST_LINGER and seconds != FOREVER:
        raise invalid(f"cannot let processes linger for {show_time(seconds)}; choose 0s to 3650d, or forever")
