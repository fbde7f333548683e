"""Messages between frontends and engine. An arrow names the reply. `caller`: the identity in the client certificate."""

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
    """The configuration of a frontend. Sent again as a notice after a reload."""

    listen: tuple[str, ...]
    frontends: Annotated[int, Range(1, 64)]
    streams_per_user: Annotated[int, Range(1, 100_000)]
    streams: Annotated[int, Range(1, 100_000)]
    ca: str
    certificate: str
    key: str
    """All three are PEM."""
    revoked: tuple[Serial, ...]
    """Serial numbers, lower-case hexadecimal without leading zeros."""
    connections: Annotated[int, Range(128, 50_000)] = 4000
    """Per frontend, and per listening address."""

    def files(self) -> tuple[bytes, bytes, bytes]:
        """The contents of the CA, certificate and key files: PEM, possibly with other text in any encoding."""
        ca, certificate, key = (pem.encode("utf-8", "surrogateescape") for pem in (self.ca, self.certificate, self.key))
        return ca, certificate, key


@dataclass(frozen=True)
class StartJob(Message):
    """→ JobReply. If the request is abandoned before the launch, the start is cancelled."""

    abandonable: ClassVar[bool] = True

    caller: Identity
    spec: JobSpec


@dataclass(frozen=True)
class StopJob(Message):
    """→ JobReply, once the job has ended. `grace` in seconds; None: that of the job, or the configured default."""

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
    """→ JobsReply. `page` is "" or the `next` of the previous page."""

    caller: Identity
    owner: str
    running: bool
    archived: bool
    """Archived jobs only; else only jobs that are not archived."""
    page: str


@dataclass(frozen=True)
class AttachJob(Message):
    """→ JobReply, with the two descriptors of Follow."""

    caller: Identity
    job: str


@dataclass(frozen=True)
class DetachJob(Message):
    """→ StreamCount: the number of streams that were closed."""

    caller: Identity
    job: str


@dataclass(frozen=True)
class WaitJob(Message):
    """→ JobReply, once the job has ended."""

    abandonable: ClassVar[bool] = True

    caller: Identity
    job: str
    exit: bool
    """Whether to reply also when the leader has exited and has left processes behind."""


@dataclass(frozen=True)
class LimitJob(Message):
    """Set the limits that are not None in `limits`, remove those named in `lift` → JobReply."""

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
    """→ JobReply, once the cgroup is frozen."""

    caller: Identity
    job: str


@dataclass(frozen=True)
class ResumeJob(Message):
    """→ JobReply, once the cgroup is thawed."""

    caller: Identity
    job: str


@dataclass(frozen=True)
class ArchiveJob(Message):
    """→ JobReply, once the output is on disk and the ring is freed."""

    caller: Identity
    job: str


@dataclass(frozen=True)
class GetInfo(Message):
    """→ InfoReply."""

    caller: Identity


@dataclass(frozen=True)
class Watch(Message):
    """From now on, send this frontend Changed and Forgotten (if `changes`) and Used (if `usage`) → Done."""

    changes: bool
    usage: bool


@dataclass(frozen=True)
class Changed(Message):
    """Notice from the engine: the present state of a job, without values of its environment."""

    job: Job


@dataclass(frozen=True)
class Forgotten(Message):
    """Notice from the engine: the job was removed."""

    job: str


@dataclass(frozen=True)
class Used(Message):
    """Notice from the engine: the usage of some running jobs, about once a second."""

    usages: tuple[JobUsage, ...]


@dataclass(frozen=True)
class EndStreams(Message):
    """From the engine: close the streams of `user` on a job → StreamCount."""

    job: str
    user: Name


@dataclass(frozen=True)
class RunEnding(Message):
    """Notice from the engine: the service is being stopped and every job ends; do not connect again."""


@dataclass(frozen=True)
class JobReply(Message):
    job: Job


@dataclass(frozen=True)
class InfoReply(Message):
    """The frontend sets `not_after`."""

    info: Info


@dataclass(frozen=True)
class JobsReply(Message):
    jobs: tuple[Job, ...]
    next: str


@dataclass(frozen=True)
class StreamCount(Message):
    count: Count
