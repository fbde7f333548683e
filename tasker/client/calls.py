"""The calls of the API as values: method, request, conversion of the response, time limit.

Both clients, sync and asyncio, execute these calls. Each function raises TaskerError(INVALID) for an argument that
cannot be sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tasker.api import infos, jobs, specs, values
from tasker.api.v1 import tasker_pb2 as pb
from tasker.errors import invalid
from tasker.info import Info
from tasker.job import LONGEST_GRACE, Job, JobSpec, check_signal
from tasker.limits import Limits

SHORT = 90.0
"""Seconds for a short call; a little longer than the server waits for a restarting engine."""
LONG = 300.0
"""Seconds for a start, and for a stop after its grace period."""

T = TypeVar("T")


@dataclass(frozen=True)
class Call(Generic[T]):
    """A call. `seconds`: its time limit, None for no limit."""

    method: str
    request: Any
    read: Callable[[Any], T]
    seconds: float | None = SHORT


@dataclass(frozen=True)
class Page:
    """A page of jobs. `next`: the token of the next page, "" on the last page."""

    jobs: list[Job]
    next: str


def start(spec: JobSpec) -> Call[Job]:
    return Call("StartJob", pb.StartJobRequest(spec=specs.spec_to(spec)), _job, LONG)


def stop(job: str, grace: float | None) -> Call[Job]:
    request = pb.StopJobRequest(job=_id(job))
    if grace is not None:
        request.grace.CopyFrom(values.duration_to(grace))
    return Call("StopJob", request, _job, LONG + (LONGEST_GRACE if grace is None else grace))


def get(job: str, within: float | None = None) -> Call[Job]:
    """`within`: a time limit in seconds, if shorter than SHORT."""
    return Call("GetJob", pb.GetJobRequest(job=_id(job)), _job, SHORT if within is None else min(within, SHORT))


def page(owner: str, running: bool, archived: bool, token: str) -> Call[Page]:
    request = pb.ListJobsRequest(owner=_owner(owner), running=running, archived=archived, page_token=token)
    return Call("ListJobs", request, lambda answer: Page(list(map(jobs.job_from, answer.jobs)), answer.next_page_token))


def wait(job: str) -> Call[Job]:
    return Call("WaitJob", pb.WaitJobRequest(job=_id(job)), _job, None)


def limit(job: str, limits: Limits, lift: tuple[str, ...]) -> Call[Job]:
    return Call("LimitJob", pb.LimitJobRequest(job=_id(job), limits=specs.limits_to(limits), lift=lift), _job)


def signal(job: str, number: int) -> Call[Job]:
    check_signal(number)
    return Call("SignalJob", pb.SignalJobRequest(job=_id(job), signal=number), _job)


def pause(job: str) -> Call[Job]:
    return Call("PauseJob", pb.PauseJobRequest(job=_id(job)), _job)


def resume(job: str) -> Call[Job]:
    return Call("ResumeJob", pb.ResumeJobRequest(job=_id(job)), _job)


def archive(job: str) -> Call[Job]:
    return Call("ArchiveJob", pb.ArchiveJobRequest(job=_id(job)), _job, LONG)


def detach(job: str) -> Call[int]:
    return Call("DetachJob", pb.DetachJobRequest(job=_id(job)), lambda answer: int(answer.streams))


def info() -> Call[Info]:
    return Call("GetInfo", pb.GetInfoRequest(), infos.info_from)


def attach(
    job: str,
    *,
    offset: int | None,
    last_bytes: int | None,
    last_lines: int | None,
    last_time: float | None,
    follow: bool,
    timestamps: bool,
) -> pb.AttachJobRequest:
    """Returns the request of an attach stream, with one position, or none for the start of the output."""
    positions = {"offset": offset, "last_bytes": last_bytes, "last_lines": last_lines, "last_time": last_time}
    given = {name: value for name, value in positions.items() if value is not None}
    if len(given) > 1:
        raise invalid(f"cannot attach at two positions; give one of {', '.join(positions)}")
    if any(not 0 <= value < 1 << 64 for value in given.values()):
        raise invalid("cannot attach at this position; give 0 or more")
    request = pb.AttachJobRequest(job=_id(job), follow=follow, timestamps=timestamps)
    if last_time is not None:
        request.last_time.CopyFrom(values.duration_to(last_time))
        return request
    for name, value in given.items():
        setattr(request, name, value)
    return request


def watch(job: str, owner: str, usage: bool) -> pb.WatchJobsRequest:
    """Returns the request of a watch stream."""
    return pb.WatchJobsRequest(job=_id(job), owner=_owner(owner), usage=usage)


def _id(job: str) -> str:
    return values.unicode("the job's id", job)


def _owner(name: str) -> str:
    return values.unicode("the owner", name)


def _job(answer: Any) -> Job:
    return jobs.job_from(answer.job)
