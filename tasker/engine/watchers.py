"""What frontends are told by themselves: changes of jobs, and what the running ones use while somebody looks.

A change is kept until the frontend has room for it, the newest of each job only; so one that reads slowly costs no more
than the table itself, and what it gets is never older than what it asked for before.
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
"""Seconds between two samples of what all running jobs use."""
SHARE = 4
"""A sample takes at most one in so many seconds: where there are very many jobs, it is taken less often."""
BATCH = 50
"""Jobs in one notice of what they use: up to 1 KiB each, and others have their turn in between."""
MOST_PENDING = 1 << 16
"""Changes kept for one frontend. Past it, it is taken for dead."""


class Watchers:
    """The frontends that asked. Told by Table of every change."""

    def __init__(self, table: JobTable) -> None:
        self._table = table
        self._subscriptions: dict[Channel, Subscription] = {}
        self._sampled: set[Channel] = set()
        self._known: set[Channel] = set()
        """Those that ever asked, and are still connected."""
        self._sampling: asyncio.Task[None] | None = None
        table.watchers.add(self._changed)

    def watch(self, frontend: Channel, wanted: wire.Watch) -> None:
        """From now on this frontend is told what it asks for here, and no more what it asked for before."""
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
            return  # its id is told next
        for subscription in tuple(self._subscriptions.values()):
            subscription.add(change)

    async def _sample(self) -> None:
        """Once a second, until nobody looks any more."""
        loop = asyncio.get_running_loop()
        try:
            while self._sampled:
                begun = loop.time()
                for batch in self._batches():
                    for frontend in tuple(self._sampled):
                        if frontend.has_room:  # else it has not yet read what it was told before
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
    """One frontend, and what it is still to be told."""

    def __init__(self, frontend: Channel) -> None:
        self._frontend = frontend
        self._pending: dict[str, Job | None] = {}
        """By id, in order; None: it is forgotten."""
        self._wake = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._send())

    def add(self, change: Job | str) -> None:
        if isinstance(change, Job):
            self._pending[change.id] = change
        else:
            self._pending[change] = None
        self._wake.set()
        if len(self._pending) > MOST_PENDING:
            log.warning("a frontend does not read what it asked to be told; closing the connection")
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
                await asyncio.sleep(0)  # a burst is told between other work
