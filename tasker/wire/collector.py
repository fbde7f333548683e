"""Between engine and collector. An arrow names the reply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from tasker.bounds import (
    Count,
    ErrorNumber,
    ExitCode,
    ExitSignal,
    Moment,
    Nice,
    Pid,
    Range,
    RunId,
    SignalNumber,
    Time,
    Uid,
)
from tasker.wire.execfailure import ExecFailure
from tasker.wire.message import Message, since

COLLECTOR_VERSION = 4
"""Of these messages, and of rings. A newer engine serves every older collector of the same number."""
COLLECTOR_MINOR = 1
"""What these messages can say. It grows when a field or a message is added that an older collector must not be sent."""


@dataclass(frozen=True)
class Hello(Message):
    """The first message of an engine → Welcome."""

    version: Count


@dataclass(frozen=True)
class Welcome(Message):
    version: Count
    run: RunId
    """Names a directory of the archive."""
    minor: Count = 0
    """COLLECTOR_MINOR of the collector, which may be older or newer than the engine."""


@dataclass(frozen=True)
class Launch(Message):
    """Fork a leader and hold it at the gate → Launched."""

    waits: ClassVar[bool] = True

    job: str
    argv: tuple[str, ...]
    environment: dict[str, str]
    working_directory: str
    uid: Uid
    gid: Uid
    groups: tuple[Uid, ...]
    ring_capacity: Annotated[int, Range(1 << 12, 1 << 40)]
    """Capacity in bytes."""
    record: str
    """What the engine wants to be told about this job after a restart of its own, argv and environment apart."""
    nice: Nice = since(1, 0, "start a job at another nice value than 0")


@dataclass(frozen=True)
class Launched(Message):
    pid: Pid


@dataclass(frozen=True)
class Release(Message):
    """Open the gate → Released, once the command was executed or could not be."""

    waits: ClassVar[bool] = True

    job: str


@dataclass(frozen=True)
class Released(Message):
    errno: ErrorNumber
    """0: the command runs. Else the leader is gone."""
    step: str
    """Where it failed: "setup", "directory" or "execute"."""
    failure: ExecFailure | None = None
    """Why, where the leader found out more than the errno. An older collector never has one."""


@dataclass(frozen=True)
class StoreRecord(Message):
    """Replace the job's record → Done."""

    job: str
    record: str


@dataclass(frozen=True)
class Signal(Message):
    """Send a signal to the leader's process group, unless the leader has exited → Done."""

    job: str
    signal: SignalNumber


@dataclass(frozen=True)
class Follow(Message):
    """→ Done, with two descriptors: the ring, and a pipe that gets a byte whenever there is news in it."""

    job: str


@dataclass(frozen=True)
class Finish(Message):
    """The job's processes are dead: read what is left in its pipe, close its ring → Finished."""

    job: str


@dataclass(frozen=True)
class Finished(Message):
    written: Count
    output_memory: Count
    """Bytes of memory that its output takes."""


@dataclass(frozen=True)
class Forget(Message):
    """Drop a job that was never released (its leader exits at the gate) or is finished → Done."""

    job: str


@dataclass(frozen=True)
class ListLeaders(Message):
    """→ Leaders, in the order of their launch, those after a number."""

    after: Count


@dataclass(frozen=True)
class Exit:
    """A leader's status as the kernel told it: one of the two."""

    code: ExitCode | None
    signal: ExitSignal | None
    core_dumped: bool
    time: Time
    """A label for people."""
    monotonic: Moment
    """The same moment."""


@dataclass(frozen=True)
class Leader:
    """What the collector knows of one job."""

    number: Count
    """In the order of their launch, from 1 on."""
    job: str
    argv: tuple[str, ...]
    environment: dict[str, str]
    record: str
    pid: Pid
    released: bool
    finished: bool
    exit: Exit | None
    output_memory: Count
    """Bytes of memory that its output takes."""
    followers: Count
    output_ended: Moment
    """See Exited."""


@dataclass(frozen=True)
class Leaders(Message):
    leaders: tuple[Leader, ...]
    more: bool


@dataclass(frozen=True)
class Exited(Message):
    """Notice from the collector: a released leader has exited."""

    job: str
    exit: Exit
    output_ended: Moment
    """When the last process that held the output had closed it; 0.0 while one holds it."""


@dataclass(frozen=True)
class OutputEnded(Message):
    """Notice from the collector: the last process that held the output of a job whose leader has exited closed it."""

    job: str
    time: Moment


@dataclass(frozen=True)
class FollowerCount(Message):
    """Notice from the collector: so many follow the job's output now."""

    job: str
    count: Count
