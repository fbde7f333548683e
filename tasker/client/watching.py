"""A watch stream as an iterator of news: a snapshot first, then every change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc

from tasker.api.jobs import job_from
from tasker.api.usages import usage_from
from tasker.api.v1 import tasker_pb2 as pb
from tasker.errors import Reason, TaskerError
from tasker.job import Job
from tasker.usage import JobUsage


@dataclass(frozen=True)
class Snapshot:
    """A part of all jobs as they are. With `first`, forget what was there before; with `last`, changes follow."""

    jobs: tuple[Job, ...]
    first: bool
    last: bool


@dataclass(frozen=True)
class Changed:
    """A job that is new, or in another state than before."""

    job: Job


@dataclass(frozen=True)
class Forgotten:
    """The id of a job that is found no longer."""

    job: str


@dataclass(frozen=True)
class Used:
    """What some of the jobs use."""

    usages: tuple[JobUsage, ...]


News = Snapshot | Changed | Forgotten | Used


class Watching(Iterator[News]):
    """Iterate it; `cancel` ends it, from any thread. Raises TaskerError where it broke off: then watch again."""

    def __init__(self, call: Any, translate: Callable[[grpc.RpcError], TaskerError]) -> None:
        self._call = call
        self._translate = translate
        self._cancelled = False

    def __next__(self) -> News:
        try:
            return news(next(self._call))
        except grpc.RpcError as error:
            if self._cancelled:
                raise StopIteration from None
            raise self._translate(error) from error

    def cancel(self) -> None:
        self._cancelled = True
        self._call.cancel()


def news(message: pb.WatchJobsResponse) -> News:
    """Raises TaskerError(INTERNAL) for what a newer server says and this client does not know."""
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
    raise TaskerError(Reason.INTERNAL, "cannot understand the server's answer: it is newer; upgrade this client")
