"""Quotas of one owner's jobs and of all jobs, enforced by the kernel as properties of tasker-<owner>.slice and of
tasker.slice.

systemd keeps these properties until the next boot, also for slices that are not loaded, so each slice is configured
once, and again when its quota changes.
"""

from __future__ import annotations

import asyncio
import logging
import re
from pathlib import Path

from tasker.engine import names, properties
from tasker.engine.cgroup import Cgroup
from tasker.engine.quotas import CAPPED, Quotas, amount
from tasker.engine.systemd import Systemd
from tasker.errors import TaskerError
from tasker.limits import Limits
from tasker.quantity import format_size

log = logging.getLogger(__name__)

_HELD = ("cpu", "memory", "memory_swap", "tasks")
"""Fields of Limits that a slice limits. Memory comes with swap: else the excess would be swapped out."""
_AT_ONCE = 64
"""A fork may be refused while pids.peak is up to this much below the quota: forks that are being refused count for a
moment, too."""


class Slices:
    def __init__(self, quotas: Quotas, systemd: Systemd, cgroups: Path) -> None:
        """`cgroups` is the root of the cgroup v2 hierarchy."""
        self._quotas = quotas
        self._systemd = systemd
        self._cgroups = cgroups
        self._applied: dict[str, Limits] = {}
        """By slice, the limits that systemd has."""
        self._unread: set[str] = set()
        """Slices configured but not yet verified: before the first job there is no cgroup to read."""
        self._applying = asyncio.Lock()

    async def hold(self, owner: str) -> None:
        """Applies the quotas of the slices above a job of `owner`. Raises TaskerError."""
        for slice, limits in self._slices(owner):
            if self._applied.get(slice) != limits:
                async with self._applying:
                    await self._apply(slice, limits)

    def verify(self, owner: str) -> None:
        """Raises TaskerError(REFUSED) if a quota above a job whose scope exists is not in force."""
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
                raise TaskerError(error.reason, f"cannot apply the quota of {slice}: {error.message}") from error
            finally:
                cgroup.close()

    async def refresh(self) -> None:
        """Applies the quotas of every owner with jobs: at the start of the engine and after a reload."""
        for owner in self._quotas.owners:
            try:
                await self.hold(owner)
                self.verify(owner)
            except TaskerError as error:
                log.error("%s", error.message)

    def of_memory(self, owner: str) -> list[str]:
        """Memory quotas that a job of `owner` may have reached, in the words of a verdict."""
        return [f"the quota of {format_size(most)} on all {whose}" for most, whose in self._met(owner, "memory")]

    def refusing(self, owner: str, own: int | None) -> list[str]:
        """The limits that may have refused a process to a job of `owner`, in the words of a verdict: the job's `own`
        limit, unless a quota is lower, and quotas. Before Linux 6.11, a job's cgroup counts refusals by quotas."""
        above = self._met(owner, "tasks")
        lower = [most for most, _ in above if own is None or most < own]
        its = [] if own is None or lower else [f"the tasks limit of {own}"]
        return its + [f"the quota of {most} tasks on all {whose}" for most, whose in above]

    def _met(self, owner: str, field: str) -> list[tuple[int, str]]:
        """Quotas on a field of Limits, and on whose jobs, except those that were never reached."""
        (all_jobs, total), (slice, own) = self._slices(owner)
        above = ((slice, own, f"jobs of {owner}"), (all_jobs, total, "jobs"))
        found = [(name, getattr(limits, field), whose) for name, limits, whose in above]
        return [(most, whose) for name, most, whose in found if most is not None and self._was_met(name, field, most)]

    def _was_met(self, slice: str, field: str, most: int) -> bool:
        """Whether a slice may have reached its quota; true if its cgroup cannot be read."""
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
        """Raises OSError if nothing runs in the slice."""
        name = self._cgroups / names.SLICE
        return Cgroup(name if slice == names.SLICE else name / slice)

    async def _apply(self, slice: str, limits: Limits) -> None:
        if self._applied.get(slice) == limits:
            return  # applied by another task in the meantime
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
