"""Between frontends and engine. An arrow names the reply. Who calls was read from a certificate by the frontend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from tasker.bounds import AnyUint32, Count, Range, Seconds, Serial
from tasker.identity import Identity, Name
from tasker.info import Info
from tasker.job import Job, JobSpec
from tasker.limits import Limits
from tasker.usage import JobUsage
from tasker.wire.message import Message


@dataclass(frozen=True)
class Connect(Message):
    """The first message of a frontend → Setup."""


@dataclass(frozen=True)
class Setup(Message):
    """What a frontend needs to serve. Sent again, as a notice, when the engine reloaded it."""

    listen: tuple[str, ...]
    frontends: Annotated[int, Range(1, 64)]
    streams_per_user: Annotated[int, Range(1, 100_000)]
    streams: Annotated[int, Range(1, 100_000)]
    ca: str
    certificate: str
    key: str
    """PEM, each."""
    revoked: tuple[Serial, ...]
    """Serial numbers, lower-case hexadecimal without leading zeros."""

    def files(self) -> tuple[bytes, bytes, bytes]:
        """What the files of CA, certificate and key hold: PEM, and beside it text in any encoding."""
        ca, certificate, key = (pem.encode("utf-8", "surrogateescape") for pem in (self.ca, self.certificate, self.key))
        return ca, certificate, key


@dataclass(frozen=True)
class StartJob(Message):
    """→ JobReply."""

    caller: Identity
    spec: JobSpec


@dataclass(frozen=True)
class StopJob(Message):
    """→ JobReply, when it has ended. `grace` in seconds; None is the configured default."""

    caller: Identity
    job: str
    grace: Seconds | None


@dataclass(frozen=True)
class GetJob(Message):
    """→ JobReply."""

    caller: Identity
    job: str


@dataclass(frozen=True)
class ListJobs(Message):
    """→ JobsReply. `page` is "" or the `next` of the page before."""

    caller: Identity
    owner: str
    running: bool
    archived: bool
    """Only what is archived; without it, only what is not."""
    page: str


@dataclass(frozen=True)
class AttachJob(Message):
    """→ JobReply, with the two descriptors of Follow."""

    caller: Identity
    job: str


@dataclass(frozen=True)
class DetachJob(Message):
    """→ StreamCount: how many the frontends have closed."""

    caller: Identity
    job: str


@dataclass(frozen=True)
class WaitJob(Message):
    """→ JobReply, when it has ended."""

    abandonable: ClassVar[bool] = True

    caller: Identity
    job: str
    exit: bool
    """Reply where its leader has exited and left processes behind, too."""


@dataclass(frozen=True)
class LimitJob(Message):
    """Change what is set in `limits`, take away the fields named in `lift` → JobReply."""

    caller: Identity
    job: str
    limits: Limits
    lift: tuple[str, ...]


@dataclass(frozen=True)
class SignalJob(Message):
    """→ JobReply."""

    caller: Identity
    job: str
    signal: AnyUint32


@dataclass(frozen=True)
class PauseJob(Message):
    """→ JobReply, when its cgroup is frozen."""

    caller: Identity
    job: str


@dataclass(frozen=True)
class ResumeJob(Message):
    """→ JobReply, when it is thawed."""

    caller: Identity
    job: str


@dataclass(frozen=True)
class ArchiveJob(Message):
    """→ JobReply, when its output is on disk and its ring is free."""

    caller: Identity
    job: str


@dataclass(frozen=True)
class GetInfo(Message):
    """→ InfoReply."""

    caller: Identity


@dataclass(frozen=True)
class Watch(Message):
    """Send Changed, Forgotten and, with `usage`, Used to this frontend from now on, or with neither no more → Done."""

    changes: bool
    usage: bool


@dataclass(frozen=True)
class Changed(Message):
    """Notice from the engine: the job as it is now; values of its environment are empty."""

    job: Job


@dataclass(frozen=True)
class Forgotten(Message):
    """Notice from the engine: the job stands in no table any more."""

    job: str


@dataclass(frozen=True)
class Used(Message):
    """Notice from the engine: what some of the jobs use, about once a second."""

    usages: tuple[JobUsage, ...]


@dataclass(frozen=True)
class EndStreams(Message):
    """From the engine: close what `user` has open on a job → StreamCount."""

    job: str
    user: Name


@dataclass(frozen=True)
class RunEnding(Message):
    """Notice from the engine: the service is being stopped, so every job ends; do not connect again."""


@dataclass(frozen=True)
class JobReply(Message):
    job: Job


@dataclass(frozen=True)
class InfoReply(Message):
    """`not_after` is the frontend's to fill in."""

    info: Info


@dataclass(frozen=True)
class JobsReply(Message):
    jobs: tuple[Job, ...]
    next: str


@dataclass(frozen=True)
class StreamCount(Message):
    count: Count
