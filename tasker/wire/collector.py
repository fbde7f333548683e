"""Messages between engine and collector. An arrow names the reply."""

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
"""The version of these messages and of rings. An engine works with every older collector of the same version."""
COLLECTOR_MINOR = 1
"""The minor version of these messages. Incremented with every new field or message that must not be sent to an older
collector."""


@dataclass(frozen=True)
class Hello(Message):
    """The first message of an engine → Welcome."""

    version: Count


@dataclass(frozen=True)
class Welcome(Message):
    version: Count
    run: RunId
    """Also the name of the run's directory of archives."""
    minor: Count = 0
    """The collector's COLLECTOR_MINOR; it may be older or newer than the engine's."""


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
    """Bytes."""
    record: str
    """The record for the next engine, without argv and environment, which are stored separately."""
    owner: str = ""
    """Jobs of one owner share the owner's turns for reading output; "": the job has its own turns."""
    nice: Nice = since(1, 0, "start a job at another nice value than 0")


@dataclass(frozen=True)
class Launched(Message):
    pid: Pid


@dataclass(frozen=True)
class Release(Message):
    """Open the gate → Released, once the command was executed or failed to execute."""

    waits: ClassVar[bool] = True

    job: str


@dataclass(frozen=True)
class Released(Message):
    errno: ErrorNumber
    """0: the command runs. Otherwise, the leader has exited."""
    step: str
    """The step that failed: "setup", "directory" or "execute"."""
    failure: ExecFailure | None = None
    """The cause, if the leader found a more exact one than the errno. Older collectors never send it."""


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
    """→ Done, with two descriptors: the ring, and a wake pipe that receives a byte whenever the ring changes."""

    job: str


@dataclass(frozen=True)
class Finish(Message):
    """The job's processes are dead: drain its pipe and close its ring → Finished."""

    job: str


@dataclass(frozen=True)
class Finished(Message):
    written: Count
    output_memory: Count
    """Bytes of memory that the job's output takes."""


@dataclass(frozen=True)
class Forget(Message):
    """Drop a job that was never released (its leader exits at the gate) or that is finished → Done."""

    job: str


@dataclass(frozen=True)
class ListLeaders(Message):
    """List leaders with a number above `after`, in the order of launch → Leaders."""

    after: Count


@dataclass(frozen=True)
class Exit:
    """A leader's exit status: either a code or a signal."""

    code: ExitCode | None
    signal: ExitSignal | None
    core_dumped: bool
    time: Time
    """To show to people; durations are computed from `monotonic`."""
    monotonic: Moment
    """The same instant on CLOCK_MONOTONIC."""


@dataclass(frozen=True)
class Leader:
    """The collector's data about one job."""

    number: Count
    """In the order of launch, from 1."""
    job: str
    argv: tuple[str, ...]
    environment: dict[str, str]
    record: str
    pid: Pid
    released: bool
    finished: bool
    exit: Exit | None
    output_memory: Count
    """Bytes of memory that the job's output takes."""
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
    """When the last process that held the output closed it; 0.0 while a process holds it."""


@dataclass(frozen=True)
class OutputEnded(Message):
    """Notice from the collector: the last process that held the output of an exited leader's job closed it."""

    job: str
    time: Moment


@dataclass(frozen=True)
class FollowerCount(Message):
    """Notice from the collector: the number of followers of a job's output changed."""

    job: str
    count: Count
