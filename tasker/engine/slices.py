"""Ceilings on the jobs of one owner and on all jobs, enforced by the kernel: properties of tasker-<owner>.slice and of
tasker.slice.

systemd keeps such properties until the next boot, also of a slice that is not loaded, so each slice is told once, and
again when its ceilings change.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from tasker.engine import names, properties
from tasker.engine.ceilings import SHOWN, Ceilings
from tasker.engine.cgroup import Cgroup
from tasker.engine.systemd import Systemd
from tasker.errors import TaskerError
from tasker.limits import Limits

log = logging.getLogger(__name__)

_HELD = ("cpu", "memory", "memory_swap", "tasks")
"""Fields of Limits that a slice holds. Memory without swap: else the excess would only move there."""


class Slices:
    def __init__(self, ceilings: Ceilings, systemd: Systemd, cgroups: Path) -> None:
        """`cgroups` is the root of the cgroup v2 hierarchy."""
        self._ceilings = ceilings
        self._systemd = systemd
        self._cgroups = cgroups
        self._told: dict[str, Limits] = {}
        """By slice, what systemd has."""
        self._unread: set[str] = set()
        """Slices that were told and not yet read back: before a first job there is no cgroup to read."""
        self._telling = asyncio.Lock()

    async def hold(self, owner: str) -> None:
        """See to it that the slices above a job of `owner` have their ceilings. Raises TaskerError."""
        for slice, limits in self._slices(owner):
            if self._told.get(slice) != limits:
                async with self._telling:
                    await self._tell(slice, limits)

    def verify(self, owner: str) -> None:
        """Raise TaskerError(REFUSED) where a ceiling above a job that stands is not in force."""
        for slice, limits in self._slices(owner):
            if slice not in self._unread:
                continue
            place = self._cgroups / names.SLICE
            try:
                cgroup = Cgroup(place if slice == names.SLICE else place / slice)
            except OSError:
                continue  # nothing runs there
            try:
                properties.verify(limits, cgroup, _HELD)
                self._unread.discard(slice)
            except TaskerError as error:
                self._told.pop(slice, None)
                raise TaskerError(error.reason, f"cannot hold {slice} to its ceiling: {error.message}") from error
            finally:
                cgroup.close()

    async def refresh(self) -> None:
        """See to it for every owner who has jobs: at the engine's start, and after a reload."""
        for owner in self._ceilings.owners:
            try:
                await self.hold(owner)
                self.verify(owner)
            except TaskerError as error:
                log.error("%s", error.message)

    async def _tell(self, slice: str, limits: Limits) -> None:
        if self._told.get(slice) == limits:
            return  # somebody else has, meanwhile
        wanted = properties.changes(limits, _HELD)
        has = await self._systemd.properties(slice, [name for name, _, _ in wanted])
        if any(has[name] != value for name, _, value in wanted):
            await self._systemd.set_properties(slice, wanted)
            shown = [shown(getattr(limits, field)) for field, (_, shown) in SHOWN.items() if getattr(limits, field)]
            log.info("ceiling on %s: %s", slice, ", ".join(shown) or "none")
        self._told[slice] = limits
        self._unread.add(slice)

    def _slices(self, owner: str) -> tuple[tuple[str, Limits], ...]:
        return (
            (names.SLICE, self._ceilings.total),
            (names.slice_name(owner), self._ceilings.of_owner(owner)),
        )
