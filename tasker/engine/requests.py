"""The table of requests from frontends: the request, the action that policy.py permits or refuses, and the handler.

A request about a job names it by id or prefix. The job is looked up and the caller authorized before the handler runs.
Data that a caller may not see is removed from every reply here. Actions of callers and refusals are logged here, so no
row can omit that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

from tasker import wire
from tasker.channel import Channel, Reply
from tasker.engine.about import About
from tasker.engine.entry import Entry
from tasker.engine.jobs import Jobs
from tasker.engine.limiting import Limiting, describe
from tasker.engine.pages import Pages
from tasker.engine.retention import Retention
from tasker.engine.signalling import Signalling
from tasker.engine.starts import Starts
from tasker.engine.stops import Stops
from tasker.errors import TaskerError, invalid
from tasker.identity import Identity
from tasker.job import Job, signal_name, without_values
from tasker.lifecycle import State
from tasker.policy import allowed, demand

Words = str | Callable[[Any], str]
"""The text that follows the caller's name in the journal entry of a completed request, or a function that returns it.
READ_ONLY: not logged, because the request changes nothing. SELF_AUDITED: the handler logs the request when it begins,
because it may take long."""
READ_ONLY, SELF_AUDITED = "", "-"


class General(NamedTuple):
    """A request that does not name a job."""

    action: str
    serve: Callable[[Any], Awaitable[Reply]]


class OnJob(NamedTuple):
    """A request about one job; the reply is the job."""

    action: str
    serve: Callable[[Any, Entry], Awaitable[Job]]
    words: Words


class OnJobWithReply(NamedTuple):
    """A request about one job, with another reply."""

    action: str
    serve: Callable[[Any, Entry], Awaitable[Reply]]
    words: Words


class Requests:
    def __init__(
        self,
        jobs: Jobs,
        starts: Starts,
        stops: Stops,
        retention: Retention,
        frontends: Iterable[Channel],
    ) -> None:
        """`frontends`: the connected frontends; control.py updates this collection."""
        self._audit = jobs.backends.audit
        self._tasks = jobs.backends.tasks
        self._jobs = jobs
        self._starts = starts
        self._pages = Pages(jobs.table)
        self._about = About(jobs)
        self._archive = retention.archive
        self._retention = retention
        self._collector = jobs.backends.collector
        self._frontends = frontends
        signals, limiting = Signalling(jobs), Limiting(jobs)
        self._routes: dict[type[wire.Message], General | OnJob | OnJobWithReply] = {
            # request          action             kind of route and handler
            wire.StartJob:     General("start", self._start),
            wire.ListJobs:     General("list", self._list),
            wire.GetInfo:      General("info", self._info),
            wire.GetJob:       OnJob("get", lambda _, entry: jobs.refresh(entry), READ_ONLY),
            wire.WaitJob:      OnJob("wait", self._wait, READ_ONLY),
            wire.StopJob:      OnJob("stop", lambda ask, entry: stops.stop(ask.caller, entry, ask.grace), SELF_AUDITED),
            wire.LimitJob:     OnJob("limit", limiting.limit, describe),
            wire.SignalJob:    OnJob("signal", signals.send, lambda ask: f"sent {signal_name(ask.signal)}"),
            wire.PauseJob:     OnJob("pause", lambda _, entry: jobs.pausing.pause(entry), "paused it"),
            wire.ResumeJob:    OnJob("resume", lambda _, entry: jobs.pausing.resume(entry), "resumed it"),
            wire.ArchiveJob:   OnJob("archive", self._archive_job, "archived it"),
            wire.AttachJob:    OnJobWithReply("attach", self._attach, "attached"),
            wire.DetachJob:    OnJobWithReply("detach", self._detach, "detached"),
        }  # fmt: skip

    async def serve(self, message: Any) -> Reply:
        """Returns the reply. Raises TaskerError."""
        route = self._routes.get(type(message))
        if route is None:
            raise invalid(f"cannot serve {type(message).__name__}: it is not a request to the engine")
        caller: Identity = message.caller
        entry: Entry | None = None
        try:
            if isinstance(route, General):
                demand(route.action, caller, what="jobs")
                return await route.serve(message)
            entry = self._jobs.table.find(message.job)
            demand(route.action, caller, what=f"job {entry.job.id}", owner=entry.job.owner)
            if route.words in (READ_ONLY, SELF_AUDITED):
                return await _served(route, message, entry)
            return await self._serve_to_end(route, message, entry)
        except TaskerError as error:
            self._audit.refusal(route.action, caller, error, entry.job if entry is not None else None)
            raise

    async def _serve_to_end(self, route: OnJob | OnJobWithReply, message: Any, entry: Entry) -> Reply:
        """Serves a request and logs it. Completes it even if the caller has disconnected, unless the reply carries
        descriptors."""
        serving = self._serve_and_audit(route, message, entry)
        return await (serving if route.action == "attach" else self._tasks.to_its_end(serving))

    async def _serve_and_audit(self, route: OnJob | OnJobWithReply, message: Any, entry: Entry) -> Reply:
        reply = await _served(route, message, entry)
        words = route.words if isinstance(route.words, str) else route.words(message)
        self._audit.action(route.action, message.caller, entry.job, words)
        return reply

    async def _start(self, request: wire.StartJob) -> Reply:
        return wire.JobReply(await self._starts.start(request.caller, request.spec)), ()

    async def _list(self, request: wire.ListJobs) -> Reply:
        page, token = self._pages.next(request.owner, request.running, request.archived, request.page)
        return wire.JobsReply(tuple(_shown(job, request.caller) for job in page), token), ()

    async def _info(self, request: wire.GetInfo) -> Reply:
        return wire.InfoReply(self._about.info(request.caller)), ()

    async def _wait(self, request: wire.WaitJob, entry: Entry) -> Job:
        await (entry.exit_known if request.exit else entry.over).wait()
        if entry.job.state is State.GONE:
            raise entry.never_ran("wait for")
        return entry.job

    async def _archive_job(self, _request: wire.ArchiveJob, entry: Entry) -> Job:
        job = await self._archive.keep(entry)
        self._retention.apply()  # the archive may exceed [retention] now
        return job

    async def _attach(self, request: wire.AttachJob, entry: Entry) -> Reply:
        await entry.settled.wait()
        if entry.job.archived:
            ring = await self._archive.follow(entry)
            return wire.JobReply(_shown(entry.job, request.caller)), ring
        ring = await self._collector.follow(entry.job.id)
        return wire.JobReply(_shown(entry.job, request.caller)), ring

    async def _detach(self, request: wire.DetachJob, entry: Entry) -> Reply:
        asked = [f.request(wire.EndStreams(entry.job.id, request.caller.name)) for f in self._frontends]
        replies = await asyncio.gather(*asked, return_exceptions=True)
        return wire.StreamCount(sum(reply.count for reply in replies if isinstance(reply, wire.StreamCount))), ()


async def _served(route: OnJob | OnJobWithReply, message: Any, entry: Entry) -> Reply:
    if isinstance(route, OnJob):
        return wire.JobReply(_shown(await route.serve(message, entry), message.caller)), ()
    return await route.serve(message, entry)


def _shown(job: Job, caller: Identity) -> Job:
    """The job as `caller` may see it: environment values only for its owner and admins."""
    return job if allowed("see environment", caller, job.owner) else without_values(job)
