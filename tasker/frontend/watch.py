"""Watch streams: first a snapshot of the jobs, then every change, and their usage once a second.

    Snapshot … (last) ──▶ Changed | Forgotten | Usage …      ──▶ Snapshot (first) …  after the engine was away

Per job only the newest state is kept until the client has room for it, so a slow client sees fewer steps but never an
old state. The engine sends each notice to this process once, however many clients watch, and none if no client watches.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterator

from tasker import wire
from tasker.api.jobs import job_to
from tasker.api.usages import usage_to
from tasker.api.v1 import tasker_pb2 as pb
from tasker.errors import Reason, TaskerError
from tasker.frontend.engine import Engine, EngineNotice, ending
from tasker.frontend.streams import Stream
from tasker.job import Job, without_values

log = logging.getLogger(__name__)

MOST_PENDING = 1 << 14
"""Changes kept for one watcher. Above that, the watcher gets a new snapshot instead."""
MOST_USAGES = 1000
"""Jobs per message: about 150 bytes each."""

Send = Callable[[pb.WatchJobsResponse], Awaitable[None]]

_ENDS = {
    pb.Detached.REASON_CERTIFICATE: TaskerError(
        Reason.DENIED, "cannot continue watching: the client's certificate expired or was revoked"
    ),
    pb.Detached.REASON_UNAVAILABLE: TaskerError(
        Reason.UNAVAILABLE, "cannot continue watching: the server is restarting; watch again"
    ),
}


class Watches:
    """All watch streams of this process."""

    def __init__(self) -> None:
        self._open: set[Watcher] = set()
        self._asking = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def received(self, notice: EngineNotice) -> None:
        """Takes a notice of the engine, converted to protobuf once for all watchers."""
        match notice:
            case wire.Changed(job):
                changed = job_to(job)
                for watcher in self._open:
                    watcher.changed(changed)
            case wire.Forgotten(id):
                for watcher in self._open:
                    watcher.forgotten(id)
            case wire.Used(usages):
                used = {used.job: pb.JobUsage(job=used.job, usage=usage_to(used.usage)) for used in usages}
                for watcher in self._open:
                    watcher.used(used)

    def connected(self) -> None:
        """Called for a new connection to the engine: restarts all watch streams with a snapshot."""
        for watcher in self._open:
            watcher.begin()

    @contextlib.contextmanager
    def opened(self, watcher: Watcher, engine: Engine) -> Iterator[None]:
        """Sends notices to `watcher` while the block runs."""
        self._open.add(watcher)
        try:
            yield
        finally:
            self._open.discard(watcher)
            task = asyncio.create_task(self._ask_less(engine))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def ask(self, engine: Engine) -> None:
        """Asks the engine for the notices that the present watchers need. Raises TaskerError."""
        async with self._asking:  # serialized: the last request must be the newest
            wanted = wire.Watch(changes=bool(self._open), usage=any(watcher.usage for watcher in self._open))
            await engine.request(wanted, wire.Done)

    async def _ask_less(self, engine: Engine) -> None:
        try:
            await self.ask(engine)
        except TaskerError as error:  # it is away, and sends no notices then
            log.debug("%s", error.message)


async def watch(request: pb.WatchJobsRequest, stream: Stream, watches: Watches, engine: Engine, send: Send) -> None:
    """Serves a stream until it ends, always with an error that says why. Raises TaskerError."""
    job = ""
    if request.job:
        job = (await engine.request(wire.GetJob(stream.caller.identity, request.job), wire.JobReply)).job.id
    watcher = Watcher(job, request.owner, request.usage, stream, send)
    with watches.opened(watcher, engine):
        await watcher.run(watches, engine)


class Watcher:
    """One watch stream: the state that its client knows, and the messages that it has not been sent yet."""

    def __init__(self, job: str, owner: str, usage: bool, stream: Stream, send: Send) -> None:
        self.usage = usage
        self._job = job
        self._owner = owner
        self._stream = stream
        self._send = send
        self._snapshot_due = True
        """A snapshot is due."""
        self._known: dict[str, int] = {}
        """Revisions of the jobs that the client has, by id."""
        self._pending: dict[str, pb.Job | None] = {}
        """By id, in order; None: the job was removed."""
        self._used: dict[str, pb.JobUsage] = {}

    def begin(self) -> None:
        """Restarts with a snapshot."""
        self._snapshot_due = True
        self._stream.activity.set()

    def changed(self, job: pb.Job) -> None:
        if self._job in ("", job.id) and self._owner in ("", job.owner):
            self._add(job.id, job)

    def forgotten(self, id: str) -> None:
        self._add(id, None)  # checked when it is sent: a page with this job may be in transit

    def used(self, used: dict[str, pb.JobUsage]) -> None:
        if self.usage:
            self._used |= {id: usage for id, usage in used.items() if id in self._known}
            self._stream.activity.set()

    def _add(self, id: str, job: pb.Job | None) -> None:
        self._pending[id] = job
        if len(self._pending) > MOST_PENDING:
            self._pending.clear()
            self._snapshot_due = True
        self._stream.activity.set()

    async def run(self, watches: Watches, engine: Engine) -> None:
        while self._stream.reason is None:
            self._stream.activity.clear()
            if self._snapshot_due:
                await watches.ask(engine)
                await self._snapshot(engine)
            elif self._pending:
                await self._change()
            elif self._used:
                await self._sample()
            elif engine.run_ending.is_set():
                raise ending()
            else:
                await self._stream.activity.wait()
        raise _ENDS.get(self._stream.reason, _ENDS[pb.Detached.REASON_UNAVAILABLE])

    async def _snapshot(self, engine: Engine) -> None:
        self._snapshot_due = False
        self._known.clear()
        self._used.clear()
        self._pending.clear()  # the snapshot will be newer
        page, first = "", True
        while first or page:
            jobs, page = await self._page(engine, page)
            self._known |= {job.id: job.revision for job in jobs}
            part = pb.Snapshot(jobs=[job_to(without_values(job)) for job in jobs], first=first, last=not page)
            await self._send(pb.WatchJobsResponse(snapshot=part))
            first = False
            if self._stream.reason is not None:
                return

    async def _page(self, engine: Engine, page: str) -> tuple[tuple[Job, ...], str]:
        caller = self._stream.caller.identity
        if self._job:
            reply = await engine.request(wire.GetJob(caller, self._job), wire.JobReply)
            wanted = self._owner in ("", reply.job.owner)
            return ((reply.job,) if wanted else ()), ""
        asked = wire.ListJobs(caller, self._owner, running=False, archived=False, page=page)
        listed = await engine.request(asked, wire.JobsReply)
        return listed.jobs, listed.next

    async def _change(self) -> None:
        id = next(iter(self._pending))
        job = self._pending.pop(id)
        if job is None:
            self._used.pop(id, None)
            if self._known.pop(id, None) is not None:
                await self._send(pb.WatchJobsResponse(forgotten=id))
        elif job.revision > self._known.get(id, -1):  # a page of the snapshot may be newer
            self._known[id] = job.revision
            await self._send(pb.WatchJobsResponse(changed=job))

    async def _sample(self) -> None:
        used = iter(self._used.values())
        self._used = {}
        while batch := list(itertools.islice(used, MOST_USAGES)):
            await self._send(pb.WatchJobsResponse(usage=pb.UsageSample(usages=batch)))
