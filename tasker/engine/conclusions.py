"""The conclusion of a job: how and why it ended, its total usage, the limits in force at its end.

Combines the exit status from the collector, systemd's properties of the scope, and the requests of users. If systemd
does not answer, the job ends without the values that only systemd has.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from typing import Any

from tasker import wire
from tasker.engine import properties
from tasker.engine.entry import Entry, StopRequest
from tasker.engine.outcomes import outcome_of, ran, with_verdict
from tasker.engine.slices import Slices
from tasker.engine.systemd import Systemd
from tasker.engine.usage import Totals, totals
from tasker.errors import TaskerError
from tasker.job import Job
from tasker.lifecycle import Event
from tasker.limits import Limits
from tasker.verdict import limits_mentioned

log = logging.getLogger(__name__)

_NOTHING_LEFT: dict[str, Any] = {"lingering": False, "lingers_until": None, "left_behind": 0, "paused": False}


class Conclusions:
    def __init__(self, systemd: Systemd, slices: Slices) -> None:
        self._systemd = systemd
        self._slices = slices

    async def conclude(self, entry: Entry, exit: wire.Exit, ended: tuple[float, float], printed: int) -> None:
        """Moves a job without processes to ENDED. `exit`: the exit status of its leader.

        `ended`: seconds since the epoch, and CLOCK_MONOTONIC; `printed`: bytes.
        """
        result = await self._result(entry)
        if entry.unit_job and entry.stop is None:  # systemctl stopped the scope before deactivations.py handled it
            entry.stop = StopRequest("systemctl", exit.monotonic)
        usage = totals(entry.meter, await self._totals(entry), ended[0])
        outcome = outcome_of(exit, result, entry.stop, usage.oom_kills if usage else 0, entry.signals)
        limits, differing = await self._limits_in_force(entry.job, limits_mentioned(outcome, usage, ran(entry.job)))
        outcome = with_verdict(outcome, entry, limits, usage, result, self._slices)
        entry.move(
            Event.SWEPT,
            ended=ended[0],
            clock=dataclasses.replace(entry.job.clock, lingers_until=None, ended=ended[1]),
            outcome=outcome,
            usage=usage,
            printed=printed,
            in_force=limits if differing else None,
            differing=differing,
            stopping_by="",
            **_NOTHING_LEFT,
        )

    async def _result(self, entry: Entry) -> str:
        """The scope's Result; "" if systemd does not answer."""
        try:
            unit = await self._systemd.ended(entry.job.unit)
        except TaskerError as error:
            log.warning("cannot read the result of %s from systemd: %s", entry.job.unit, error.message)
            return ""
        return unit.result if unit is not None else ""

    async def _totals(self, entry: Entry) -> Totals:
        """Totals as counted by systemd, whose last reading of the cgroup may be newer than the engine's."""
        if entry.meter.final:
            return Totals()
        try:
            return await self._systemd.totals(entry.job.unit)
        except TaskerError as error:
            log.warning("cannot read the usage of %s from systemd: %s", entry.job.unit, error.message)
            return Totals()

    async def _limits_in_force(self, job: Job, fields: Sequence[str]) -> tuple[Limits, tuple[str, ...]]:
        """Returns the limits in force at the end, and those of `fields` that differ from the requested limits (an admin
        may have set another limit). Reads only `fields`, which the verdict mentions."""
        limits = job.limits
        for field in fields:
            try:
                actual = await self._systemd.limit(job.unit, field)
            except TaskerError as error:
                log.warning("cannot read the %s limit of %s from systemd: %s", field, job.unit, error.message)
                actual = None
            limits = limits if actual is None else properties.with_actual(limits, field, actual)
        unasked = job.limits.tasks is None and limits.tasks == self._systemd.default_tasks
        return limits, tuple(
            field
            for field in fields
            if getattr(limits, field) != getattr(job.limits, field) and not (field == "tasks" and unasked)
        )
