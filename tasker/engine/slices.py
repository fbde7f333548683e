"""Quotas on the jobs of one owner and on all jobs, enforced by the kernel: properties of tasker-<owner>.slice and of
tasker.slice.

systemd keeps such properties until the next boot, also of a slice that is not loaded, so each slice is told once, and
again when its quotas change.
"""

from __future__ import annotations

import asyncio
import logging
import re
from pathlib import Path

from tasker.engine import names, properties
from tasker.engine.quotas import CAPPED, Quotas, amount
from tasker.engine.cgroup import Cgroup
from tasker.engine.systemd import Systemd
from tasker.errors import TaskerError
from tasker.limits import Limits
from tasker.quantity import format_size

log = logging.getLogger(__name__)

_HELD = ("cpu", "memory", "memory_swap", "tasks")
"""Fields of Limits that a slice holds. Memory without swap: else the excess would only move there."""
_AT_ONCE = 64
"""A quota on tasks also refuses a process while so many are being counted that are refused themselves."""


class Slices:
    def __init__(self, quotas: Quotas, systemd: Systemd, cgroups: Path) -> None:
        """`cgroups` is the root of the cgroup v2 hierarchy."""
        self._quotas = quotas
        self._systemd = systemd
        self._cgroups = cgroups
        self._applied: dict[str, Limits] = {}
        """By slice, what systemd has."""
        self._unread: set[str] = set()
        """Slices that were told and not yet read back: before a first job there is no cgroup to read."""
        self._applying = asyncio.Lock()

    async def hold(self, owner: str) -> None:
        """See to it that the slices above a job of `owner` have their quotas. Raises TaskerError."""
        for slice, limits in self._slices(owner):
            if self._applied.get(slice) != limits:
                async with self._applying:
                    await self._apply(slice, limits)

    def verify(self, owner: str) -> None:
        """Raise TaskerError(REFUSED) where a quota above a job that stands is not in force."""
        for slice, limits in self._slices(owner):
            if slice not in self._unread:
                continue
            try:
                cgroup = self._cgroup(slice)
            except OSError:
                continue
            try:
                properties.verify(limits, cgroup, _HELD)
                self._unread.discard(slice)
            except TaskerError as error:
                self._applied.pop(slice, None)
                raise TaskerError(error.reason, f"cannot hold {slice} to its quota: {error.message}") from error
            finally:
                cgroup.close()

    async def refresh(self) -> None:
        """See to it for every owner who has jobs: at the engine's start, and after a reload."""
        for owner in self._quotas.owners:
            try:
                await self.hold(owner)
                self.verify(owner)
            except TaskerError as error:
                log.error("%s", error.message)

    def of_memory(self, owner: str) -> list[str]:
        """The quotas on memory that a job of `owner` may have met, in the words of a verdict."""
        return [f"the quota of {format_size(most)} on all {whose}" for most, whose in self._met(owner, "memory")]

    def refusing(self, owner: str, own: int | None) -> list[str]:
        """What may have refused a job of `owner` a process, in the words of a verdict: its `own` limit, unless a lower
        one is above it; and those above, whose refusals count in the job's cgroup before Linux 6.11."""
        above = self._met(owner, "tasks")
        lower = [most for most, _ in above if own is None or most < own]
        its = [] if own is None or lower else [f"the tasks limit of {own}"]
        return its + [f"the quota of {most} tasks on all {whose}" for most, whose in above]

    def _met(self, owner: str, field: str) -> list[tuple[int, str]]:
        """The quotas on a field of Limits, and on whose jobs; without those that the kernel says were never met."""
        (all_jobs, total), (slice, own) = self._slices(owner)
        above = ((slice, own, f"jobs of {owner}"), (all_jobs, total, "jobs"))
        found = [(name, getattr(limits, field), whose) for name, limits, whose in above]
        return [(most, whose) for name, most, whose in found if most is not None and self._was_met(name, field, most)]

    def _was_met(self, slice: str, field: str, most: int) -> bool:
        """Whether a slice may have met its quota. Where it cannot be read, it may."""
        try:
            cgroup = self._cgroup(slice)
        except OSError:
            return True
        try:
            if field == "memory":
                return not re.search(r"^max 0$", cgroup.text("memory.events.local"), re.MULTILINE)
            peak = cgroup.number("pids.peak")  # since Linux 6.1
            return peak is None or peak + _AT_ONCE >= most
        finally:
            cgroup.close()

    def _cgroup(self, slice: str) -> Cgroup:
        """Raises OSError where nothing runs there."""
        name = self._cgroups / names.SLICE
        return Cgroup(name if slice == names.SLICE else name / slice)

    async def _apply(self, slice: str, limits: Limits) -> None:
        if self._applied.get(slice) == limits:
            return  # somebody else has, meanwhile
        wanted = properties.changes(limits, _HELD)
        has = await self._systemd.properties(slice, [name for name, _, _ in wanted])
        if any(has[name] != value for name, _, value in wanted):
            await self._systemd.set_properties(slice, wanted)
            shown = [amount(row, value) for row in CAPPED if (value := getattr(limits, row.field))]
            log.info("quota on %s: %s", slice, ", ".join(shown) or "none")
        self._applied[slice] = limits
        self._unread.add(slice)

    def _slices(self, owner: str) -> tuple[tuple[str, Limits], ...]:
        return (
            (names.SLICE, self._quotas.total),
            (names.slice_name(owner), self._quotas.of_owner(owner)),
        )
