"""Processes that a leader leaves behind in its cgroup: from the leader's exit until the cgroup is empty.

    exit ──▶ they finish by themselves ──deadline──▶ SIGTERM to all of them ──grace──▶ cgroup.kill ──▶ empty
                      └──── a stop, the run time, the end of the run ────▲

These processes may complete the job's work: a `tee` or `gzip` behind a process substitution, a child that saves its
state. The deadline is the job's linger time after the exit while one of them holds the output, otherwise SILENT
seconds. It is computed from times that the collector recorded, so a restart of the engine does not change it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import signal
import time
from collections.abc import Callable, Coroutine
from typing import Any

from tasker.engine.cgroup import Cgroup
from tasker.engine.cgroup_events import CgroupEvents
from tasker.engine.entry import Entry, Sweep
from tasker.engine.pausing import Pausing
from tasker.engine.systemd import Systemd
from tasker.errors import TaskerError
from tasker.quantity import FOREVER, format_duration

log = logging.getLogger(__name__)

SILENT = 1.0
"""Seconds for processes that do not hold the output: a build that leaves a daemon behind ends soon."""
SETTLED = 0.2
"""Seconds after the exit until processes are reported: most processes that outlive the leader exit right after it."""


class Lingering:
    def __init__(
        self,
        systemd: Systemd,
        events: CgroupEvents,
        pausing: Pausing,
        store_record: Callable[[Entry], Coroutine[Any, Any, None]],
    ) -> None:
        """`store_record` sends the job's record to the collector."""
        self._systemd = systemd
        self._events = events
        self._pausing = pausing
        self._store_record = store_record

    async def empty(self, entry: Entry, cgroup: Cgroup, group: int, linger: float, grace: float) -> bool:
        """Waits until the cgroup of a job whose leader has exited is empty; ends processes that exceed the deadline.

        `group` was the leader's process group; `linger` and `grace` are in seconds. Returns whether there were any
        processes.
        """
        lingered = False
        try:
            watched = self._events.watch(cgroup, entry.remaining_changed.set)
            while watched and cgroup.populated:
                lingered = True
                if entry.sweep is None and entry.stop is not None:
                    await self._take_over(entry, cgroup, group)
                if time.monotonic() >= _exited(entry) + SETTLED:
                    self._report(entry, cgroup, _deadline(entry, linger))
                await self._wait(entry, cgroup, linger, grace)
        finally:
            self._events.forget(cgroup)
        return lingered

    async def end(self, entry: Entry, grace: float, why: str, *, ask: bool = True) -> None:
        """Sends SIGTERM to the processes that a leader left behind, and SIGKILL after `grace` seconds; the earlier
        deadline counts.

        `why` completes the sentence "they were ended …"; without `ask`, SIGTERM has been sent already.
        """
        if entry.cgroup is None:
            return
        now = time.monotonic()
        if entry.sweep is not None:
            entry.sweep = dataclasses.replace(entry.sweep, deadline=min(entry.sweep.deadline, now + grace))
        else:
            await self._sweep(entry, Sweep(entry.cgroup.processes, now, now + grace, why), ask=ask)
        entry.remaining_changed.set()

    async def _wait(self, entry: Entry, cgroup: Cgroup, linger: float, grace: float) -> None:
        """Waits for an event or the next deadline, and acts on the deadline."""
        sweep = entry.sweep
        deadline = _deadline(entry, linger) if sweep is None else None if sweep.killed else sweep.deadline
        settling = None if entry.exit_known.is_set() else _exited(entry) + SETTLED
        try:
            async with asyncio.timeout_at(_earlier(deadline, settling)):  # the loop's clock is CLOCK_MONOTONIC, too
                await entry.remaining_changed.wait()
        except TimeoutError:
            now = time.monotonic()
            if deadline is None or now < deadline:
                pass
            elif entry.sweep is None:
                lingered = f"after {format_duration(now - _exited(entry))}"
                await self._sweep(entry, Sweep(cgroup.processes, now, now + grace, lingered))
            elif entry.sweep is sweep:
                entry.sweep = dataclasses.replace(sweep, killed=True)
                cgroup.kill()
                await self._store_record(entry)
        entry.remaining_changed.clear()  # `empty` checks everything next

    async def _take_over(self, entry: Entry, cgroup: Cgroup, group: int) -> None:
        """Continues a stop during which the leader exited; its deadline stays. Processes of the leader's group get no
        second SIGTERM, because many programs then stop saving their state."""
        assert entry.stop is not None
        sweep = Sweep(cgroup.processes, entry.stop.requested, entry.stop.deadline)
        await self._sweep(entry, sweep, ask=cgroup.has_other_groups(group))

    async def _sweep(self, entry: Entry, sweep: Sweep, *, ask: bool = True) -> None:
        entry.sweep = sweep
        clock = dataclasses.replace(entry.job.clock, lingers_until=None)
        entry.change(lingering=False, lingers_until=None, left_behind=sweep.processes, clock=clock)
        if ask:
            await self._signal(entry, signal.SIGTERM)
        await self._pausing.thaw(entry)
        await self._signal(entry, signal.SIGCONT)
        await self._store_record(entry)  # last: if the engine is killed before this, the next one repeats it

    async def _signal(self, entry: Entry, number: int) -> None:
        try:
            await self._systemd.kill(entry.job.unit, number)
        except TaskerError as error:  # they may be gone; if not, cgroup.kill works without systemd
            log.info(
                "cannot send signal %d to the remaining processes of %s: %s", number, entry.job.unit, error.message
            )

    def _report(self, entry: Entry, cgroup: Cgroup, deadline: float | None) -> None:
        """Reports that the leader has exited, and until when processes linger if that has changed."""
        job = entry.job
        if entry.sweep is None and (not job.lingering or job.clock.lingers_until != deadline):
            until = None if deadline is None else (job.exited or 0.0) + deadline - _exited(entry)
            clock = dataclasses.replace(job.clock, lingers_until=deadline)
            entry.change(lingering=True, lingers_until=until, left_behind=cgroup.processes, clock=clock)
        entry.exit_known.set()


def _deadline(entry: Entry, linger: float) -> float | None:
    """On CLOCK_MONOTONIC; None for no deadline."""
    held = None if linger == FOREVER else _exited(entry) + linger
    silent = max(_exited(entry), entry.output_ended) + SILENT if entry.output_ended else None
    return _earlier(held, silent)


def _earlier(one: float | None, other: float | None) -> float | None:
    """The earlier of two times; None stands for never."""
    return min((moment for moment in (one, other) if moment is not None), default=None)


def _exited(entry: Entry) -> float:
    assert entry.job.clock.exited is not None
    return entry.job.clock.exited
