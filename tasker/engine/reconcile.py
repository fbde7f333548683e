"""Rebuilds the table at the start of the engine, from the collector and from systemd.

job in the archive                 archived, as before; removed from the collector if it is still there
in the collector, with an outcome  ended, as before
in the collector, without outcome  managed again, from the step that the earlier engine reached
a scope in systemd alone           its run is over because the collector died: the scope is stopped and logged
"""

from __future__ import annotations

import asyncio
import logging
import time

from tasker import wire
from tasker.engine import names, scope
from tasker.engine.archive import Archive
from tasker.engine.collector import Collector
from tasker.engine.entry import Entry
from tasker.engine.jobs import Jobs
from tasker.engine.stops import Stops
from tasker.engine.systemd import Systemd
from tasker.engine.tasks import Tasks
from tasker.engine.usage import FAST
from tasker.errors import TaskerError
from tasker.job import Clock
from tasker.lifecycle import Event, State

log = logging.getLogger(__name__)

_TO_GO = 5.0
"""Seconds that a start waits for the processes of an earlier run. They are killed, so most are gone at once."""


async def reconcile(
    jobs: Jobs, stops: Stops, collector: Collector, systemd: Systemd, archive: Archive, tasks: Tasks
) -> None:
    """Raises TaskerError if the collector or systemd does not answer."""
    entries = {entry.job.id: entry for entry in await archive.load()}
    for leader in await collector.leaders():
        if leader.job in entries:  # an earlier engine died before this last step
            await collector.forget(leader.job)
        elif (entry := _entry(leader)) is not None:
            entries[leader.job] = entry
    for entry in sorted(entries.values(), key=lambda e: (e.job.created, e.job.id)):
        jobs.table.add(entry)
        if entry.job.outcome is None:
            await _resume(entry, jobs, stops, systemd)
    for leader in await collector.leaders():  # after every entry exists, so that no exit is missed in between
        if leader.exit is not None:
            jobs.exited(wire.Exited(leader.job, leader.exit, leader.output_ended))
        jobs.followed(wire.FollowerCount(leader.job, leader.followers))
    for entry in sorted((e for e in jobs.table if e.job.outcome), key=lambda e: e.job.clock.ended or 0.0):
        jobs.table.end(entry)
    await _end_strays(jobs, systemd, tasks)


def _entry(leader: wire.Leader) -> Entry | None:
    if not leader.released:
        return None  # held for an engine that is exiting: the collector drops the leader with its connection
    try:
        return Entry.of_leader(leader)
    except (wire.WireError, KeyError) as error:
        log.error("cannot read the record of job %s, so the job is ended: %s", leader.job, error)
        return None


async def _resume(entry: Entry, jobs: Jobs, stops: Stops, systemd: Systemd) -> None:
    if entry.job.state in (State.STARTING, State.STOPPING) and entry.job.started is None:
        clock = Clock(started=time.monotonic() - max(0.0, time.time() - entry.job.created))
        entry.move(Event.STARTED, started=entry.job.created, clock=clock)  # the gate was opened, then the engine died
    entry.settled.set()
    entry.cgroup = await scope.find(entry.job.unit, systemd, jobs.backends.cgroups)
    if entry.cgroup is not None:
        entry.cgroup.keep_open(*FAST)
        try:
            await systemd.ref(entry.job.unit)
        except TaskerError as error:  # it has just ended
            log.info("%s", error)
    jobs.watch(entry)
    if entry.stop is not None:
        stops.arm(entry)


async def _end_strays(jobs: Jobs, systemd: Systemd, tasks: Tasks) -> None:
    """Stops all stray scopes concurrently. systemd ends those that do not stop in time (a disk may hang); they do not
    affect the new run."""
    strays = [unit for unit in await systemd.scopes(names.SCOPES) if names.id_of(unit) not in jobs.table]
    if strays:
        await asyncio.wait([tasks.begin(_end_stray(unit, jobs, systemd)) for unit in strays], timeout=_TO_GO)


async def _end_stray(unit: str, jobs: Jobs, systemd: Systemd) -> None:
    log.warning("ending %s: it belongs to an earlier run, and no collector holds it", unit)
    try:
        cgroup = await scope.find(unit, systemd, jobs.backends.cgroups)
        if cgroup is not None:
            cgroup.kill()  # a graceful stop could take systemd's whole timeout, up to an hour
            cgroup.close()
        await systemd.stop_scope(unit)
    except TaskerError as error:
        log.error("cannot wait for the end of %s: %s", unit, error.message)
