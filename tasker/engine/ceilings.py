"""What the configuration allows: to one job, to one owner's jobs together, and to all of Tasker's.

of a start or a change    more than [maxima], or than a ceiling that it is below, is refused: RESOURCE_EXHAUSTED
of jobs together          properties of tasker.slice and of tasker-<owner>.slice, so that the kernel holds them

systemd keeps such properties until the next boot, also of a slice that is not loaded, so each slice is told once, and
again when its ceilings change. Every refusal names the key of tasker.toml and whom to ask.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tasker.config import Ceiling, Config, Single
from tasker.engine import names, properties
from tasker.engine.cgroup import Cgroup
from tasker.engine.systemd import Systemd
from tasker.engine.table import Table
from tasker.errors import Reason, TaskerError
from tasker.job import Job
from tasker.lifecycle import State
from tasker.limits import Limits
from tasker.quantity import format_duration, format_size

log = logging.getLogger(__name__)

_HELD = ("cpu", "memory", "memory_swap", "tasks")
"""Fields of Limits that a slice holds. Memory without swap: else the excess would only move there."""
_SHOWN: dict[str, tuple[str, Callable[[Any], str]]] = {
    "cpu": ("cpu", lambda value: f"{value:g} cores"),
    "memory": ("memory", lambda value: f"{format_size(value)} of memory"),
    "tasks": ("tasks", lambda value: f"{value} tasks"),
    "run_time": ("time", lambda value: f"a run time of {format_duration(value)}"),
}
"""Field of Limits: the key in tasker.toml, and the value for people."""


class Ceilings:
    def __init__(self, config: Config, table: Table, systemd: Systemd, cgroups: Path) -> None:
        """`cgroups` is the root of the cgroup v2 hierarchy."""
        self.config = config
        self._table = table
        self._systemd = systemd
        self._cgroups = cgroups
        self._running: dict[str, set[str]] = {}
        """By owner, ids of jobs that have not ended; none is empty."""
        self._owners: dict[str, str] = {}
        """The owner of each of these jobs."""
        self._told: dict[str, Limits] = {}
        """By slice, what systemd has."""
        self._unread: set[str] = set()
        """Slices that were told and not yet read back: before a first job there is no cgroup to read."""
        self._telling = asyncio.Lock()
        for entry in table:
            self._count(entry.job)
        table.watchers.add(self._count)

    # ── one job ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def granted(self, asked: Limits) -> Limits:
        """With [defaults] for what is not asked, and the [maxima] where neither says."""
        defaults, maxima = single(self.config.defaults), single(self.config.maxima)
        granted: dict[str, Any] = {}
        for field in _SHOWN:
            values = [value for value in (getattr(defaults, field), getattr(maxima, field)) if value is not None]
            wanted = getattr(asked, field)
            granted[field] = min(values, default=None) if wanted is None else wanted
        return dataclasses.replace(asked, **granted)

    def capped(self, limits: Limits) -> Limits:
        """No limit is the maximum."""
        maxima = single(self.config.maxima)
        fields = [field for field in _SHOWN if getattr(limits, field) is None]
        return dataclasses.replace(limits, **{field: getattr(maxima, field) for field in fields})

    def check(self, owner: str, asked: Limits) -> None:
        """Raise TaskerError(EXHAUSTED) where one job of `owner` would get more than it may."""
        above = (
            (single(self.config.maxima), "one job", "maxima"),
            (together(self.config.ceiling(owner)), f"all jobs of {owner}", self._section(owner)),
            (together(self.config.total), "all jobs of this machine", "total"),
        )
        for ceiling, whose, section in above:
            for field, (key, shown) in _SHOWN.items():
                value, most = getattr(asked, field), getattr(ceiling, field)
                if value is not None and most is not None and value > most:
                    text = f"cannot give a job {shown(value)}: the most for {whose} is {shown(most)}"
                    raise self._refusal(f"{text} ([{section}] {key})")
        swap, most = asked.memory_swap, self.config.maxima.memory  # slices with a ceiling on memory have none anyway
        if swap is not None and most is not None and swap > most:
            text = f"cannot give a job {format_size(swap)} of swap: the most for one job is {format_size(most)}"
            raise self._refusal(f"{text}, as of memory ([maxima] memory)")

    def of_memory(self, owner: str) -> list[str]:
        """The ceilings on memory above a job of `owner`, in the words of a verdict."""
        return [f"the ceiling of {format_size(most)} on all {whose}" for most, whose in self._above(owner, "memory")]

    def refusing(self, owner: str, own: int | None) -> list[str]:
        """What may have refused a job of `owner` a process, in the words of a verdict: its `own` limit, unless a lower
        one is above it; and those above, whose refusals count in the job's cgroup before Linux 6.11."""
        above = self._above(owner, "tasks")
        lower = [most for most, _ in above if own is None or most < own]
        its = [] if own is None or lower else [f"the tasks limit of {own}"]
        return its + [f"the ceiling of {most} tasks on all {whose}" for most, whose in above]

    def _above(self, owner: str, field: str) -> list[tuple[Any, str]]:
        """The ceilings there are on a field of Limits, and of whose jobs together."""
        of_all = ((together(self.config.ceiling(owner)), f"jobs of {owner}"), (together(self.config.total), "jobs"))
        return [(most, whose) for limits, whose in of_all if (most := getattr(limits, field)) is not None]

    # ── how many ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def running(self, owner: str) -> int:
        """How many jobs of an owner have not ended."""
        return len(self._running.get(owner, ()))

    def check_count(self, owner: str) -> None:
        """Raise TaskerError(EXHAUSTED) where `owner` may not start one more."""
        most = self.config.ceiling(owner).running
        if self.running(owner) >= most:
            text = f"cannot start a job: {self.running(owner)} of {owner} run, of {most} that may"
            raise self._refusal(f"{text} ([{self._section(owner)}] running)", "stop one, or ")
        most = self.config.jobs.running
        if self._table.running >= most:
            text = f"cannot start a job: {self._table.running} run on this machine, of {most} that may"
            raise self._refusal(f"{text} ([jobs] running)", "stop one, or ")

    def _count(self, news: Job | str) -> None:
        """A job is new, changed, or gone (an id)."""
        id = news if isinstance(news, str) else news.id
        if isinstance(news, Job) and news.state is not State.ENDED:
            self._owners[id] = news.owner
            self._running.setdefault(news.owner, set()).add(id)
        elif id in self._owners:
            owner = self._owners.pop(id)
            self._running[owner].discard(id)
            if not self._running[owner]:
                del self._running[owner]

    # ── slices ───────────────────────────────────────────────────────────────────────────────────────────────────────

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
        """The same for all who have jobs: at the start, and after a reload."""
        for owner in tuple(self._running):
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
            shown = [shown(getattr(limits, field)) for field, (_, shown) in _SHOWN.items() if getattr(limits, field)]
            log.info("ceiling on %s: %s", slice, ", ".join(shown) or "none")
        self._told[slice] = limits
        self._unread.add(slice)

    def _slices(self, owner: str) -> tuple[tuple[str, Limits], ...]:
        return (
            (names.SLICE, together(self.config.total)),
            (names.slice_name(owner), together(self.config.ceiling(owner))),
        )

    # ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _section(self, owner: str) -> str:
        return f"owners.{owner}" if owner in self.config.owners else "owner"

    def _refusal(self, text: str, instead: str = "") -> TaskerError:
        return TaskerError(Reason.EXHAUSTED, f"{text}; {instead}ask {self.config.server.contact}")


def together(ceiling: Ceiling) -> Limits:
    return Limits(cpu=ceiling.cpu, memory=ceiling.memory, tasks=ceiling.tasks)


def single(section: Single) -> Limits:
    return Limits(cpu=section.cpu, memory=section.memory, tasks=section.tasks, run_time=section.time)
