"""Notices to frontends that watch: changes of jobs, and the usage of running jobs.

Per frontend, only the newest change of each job is kept until the frontend has room for it. A slow frontend therefore
costs no more memory than the table, and never receives a state older than one it has already read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

from tasker import wire
from tasker.channel import Channel
from tasker.engine.jobtable import JobTable
from tasker.job import Job, without_values
from tasker.lifecycle import State
from tasker.usage import JobUsage

log = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two samples of the usage of all running jobs."""
SHARE = 4
"""Sampling takes at most one second in this many: with very many jobs, samples are rarer."""
BATCH = 50
"""Jobs per usage notice: up to 1 KiB each; other work runs in between."""
MOST_PENDING = 1 << 16
"""Changes kept for one frontend. A frontend with more unread changes counts as dead."""


class Watchers:
    """The frontends that watch. JobTable calls it at every change."""

    def __init__(self, table: JobTable) -> None:
        self._table = table
        self._subscriptions: dict[Channel, Subscription] = {}
        self._sampled: set[Channel] = set()
        self._known: set[Channel] = set()
        """Connected frontends that have requested notices."""
        self._sampling: asyncio.Task[None] | None = None
        table.watchers.add(self._changed)

    def watch(self, frontend: Channel, wanted: wire.Watch) -> None:
        """From now on, sends this frontend the notices that `wanted` requests, and no others."""
        if frontend not in self._known:
            self._known.add(frontend)
            frontend.closed.add_done_callback(lambda _: self._forget(frontend))
        if wanted.changes and frontend not in self._subscriptions:
            self._subscriptions[frontend] = Subscription(frontend)
        elif not wanted.changes and frontend in self._subscriptions:
            self._subscriptions.pop(frontend).end()
        if wanted.usage:
            self._sampled.add(frontend)
        else:
            self._sampled.discard(frontend)
        if self._sampled and self._sampling is None:
            self._sampling = asyncio.get_running_loop().create_task(self._sample())

    def _forget(self, frontend: Channel) -> None:
        self._known.discard(frontend)
        self._sampled.discard(frontend)
        if frontend in self._subscriptions:
            self._subscriptions.pop(frontend).end()

    def _changed(self, change: Job | str) -> None:
        if isinstance(change, Job) and change.state is State.GONE:
            return  # the removal of its id follows
        for subscription in tuple(self._subscriptions.values()):
            subscription.add(change)

    async def _sample(self) -> None:
        """Sends samples while any frontend wants them."""
        loop = asyncio.get_running_loop()
        try:
            while self._sampled:
                begun = loop.time()
                for batch in self._batches():
                    for frontend in tuple(self._sampled):
                        if frontend.has_room:  # else it has not read earlier notices yet
                            frontend.notify(wire.Used(batch))
                    await asyncio.sleep(0)
                took = loop.time() - begun
                await asyncio.sleep(max(INTERVAL - took, (SHARE - 1) * took))
        finally:
            self._sampling = None

    def _batches(self) -> Iterator[tuple[JobUsage, ...]]:
        batch: list[JobUsage] = []
        for entry in self._table:
            usage = entry.measure() if entry.job.state is not State.STARTING else None
            if usage is not None:
                batch.append(JobUsage(entry.job.id, usage))
            if len(batch) == BATCH:
                yield tuple(batch)
                batch.clear()
        if batch:
            yield tuple(batch)


class Subscription:
    """One frontend, and the changes not yet sent to it."""

    def __init__(self, frontend: Channel) -> None:
        self._frontend = frontend
        self._pending: dict[str, Job | None] = {}
        """By id, in order; None: the job was removed."""
        self._wake = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._send())

    def add(self, change: Job | str) -> None:
        if isinstance(change, Job):
            self._pending[change.id] = change
        else:
            self._pending[change] = None
        self._wake.set()
        if len(self._pending) > MOST_PENDING:
            log.warning("a frontend does not read its notifications; closing the connection")
            self._frontend.close()

    def end(self) -> None:
        self._task.cancel()

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._pending:
                await self._frontend.drained()
                id = next(iter(self._pending))
                job = self._pending.pop(id)
                self._frontend.notify(wire.Forgotten(id) if job is None else wire.Changed(without_values(job)))
                await asyncio.sleep(0)  # lets other work run during a burst
