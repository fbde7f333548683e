"""A watch stream as an iterator of news: a snapshot, then every change; after a break, a new snapshot."""

from __future__ import annotations

from dataclasses import dataclass

from tasker.api.jobs import job_from
from tasker.api.usages import usage_from
from tasker.api.v1 import tasker_pb2 as pb
from tasker.client.resuming import Course
from tasker.client.stream import Stream
from tasker.errors import Reason, TaskerError
from tasker.job import Job
from tasker.usage import JobUsage


@dataclass(frozen=True)
class Snapshot:
    """A part of the current state of all jobs. `first`: discard all earlier state; `last`: changes follow."""

    jobs: tuple[Job, ...]
    first: bool
    last: bool


@dataclass(frozen=True)
class Changed:
    """A job that is new or has changed."""

    job: Job


@dataclass(frozen=True)
class Forgotten:
    """The id of a job that no longer exists."""

    job: str


@dataclass(frozen=True)
class Used:
    """The usage of some jobs."""

    usages: tuple[JobUsage, ...]


@dataclass(frozen=True)
class Away:
    """The connection broke; the client reconnects. Known state is outdated until a Snapshot with `first`."""

    error: TaskerError


News = Snapshot | Changed | Forgotten | Used | Away


class WatchCourse(Course[News]):
    """Repeats the same request after a break; its answer begins with a snapshot."""

    def __init__(self, request: pb.WatchJobsRequest, reconnect_timeout: float) -> None:
        super().__init__(reconnect_timeout)
        self._request = request

    def request(self) -> pb.WatchJobsRequest:
        return self._request

    def received(self, message: pb.WatchJobsResponse, now: float) -> News:
        self._outage.mended(now)
        return news(message)

    def closed(self) -> None:
        self.over = True

    def interrupted(self, error: TaskerError) -> News:
        return Away(error)


class Watching(Stream[News]):
    """Iterate over it; `cancel` ends it, from any thread. Raises TaskerError when the connection is not restored."""


def news(message: pb.WatchJobsResponse) -> News:
    """Converts a message to news. Raises TaskerError(INTERNAL) for an unknown message of a newer server."""
    match message.WhichOneof("message"):
        case "snapshot":
            snapshot = message.snapshot
            return Snapshot(tuple(map(job_from, snapshot.jobs)), snapshot.first, snapshot.last)
        case "changed":
            return Changed(job_from(message.changed))
        case "forgotten":
            return Forgotten(message.forgotten)
        case "usage":
            return Used(tuple(JobUsage(one.job, usage_from(one.usage)) for one in message.usage.usages))
    raise TaskerError(Reason.INTERNAL, "cannot understand the answer: the server is newer; upgrade this client")
