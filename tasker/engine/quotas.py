"""Checks the quotas of the configuration: on one job, on all jobs of an owner, and on all jobs. rings.py counts the
memory for output; capacity.py resolves shares of the machine.

    a start or a change    refused with RESOURCE_EXHAUSTED if it exceeds [maxima] or a quota above the job
    jobs together          limited by the kernel, see slices.py

Every refusal names the key of tasker.toml and the contact.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from tasker.config import Config
from tasker.configvalues import Rate
from tasker.engine.capacity import Capacity
from tasker.engine.jobtable import JobTable
from tasker.engine.rings import Rings
from tasker.errors import Reason, TaskerError
from tasker.job import Job
from tasker.lifecycle import State
from tasker.limits import ROWS, LimitRow, Limits
from tasker.quantity import format_duration, format_size

CAPPED = tuple(row for row in ROWS if row.amount)
"""The limits that have keys in the configuration."""


def amount(row: LimitRow, value: Any) -> str:
    """A value of a limit in a sentence: "512M of memory"."""
    return row.amount.format(row.measure.show(value))


class Quotas:
    def __init__(self, config: Config, capacity: Capacity, table: JobTable) -> None:
        """`capacity`: the machine's."""
        self.config = config
        self._capacity = capacity
        self._table = table
        self._running: dict[str, set[str]] = {}
        """By owner, ids of jobs that have not ended; no set is empty."""
        self._owners: dict[str, str] = {}
        """By id, the owner of these jobs."""
        self.rings = Rings()
        """The rings of these jobs."""
        for entry in table:
            self._count(entry.job)
        table.watchers.add(self._count)

    # ── as numbers ───────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def defaults(self) -> Limits:
        """[defaults]."""
        return self._capacity.single(self.config.defaults)

    @property
    def maxima(self) -> Limits:
        """[maxima]."""
        return self._capacity.single(self.config.maxima)

    @property
    def total(self) -> Limits:
        """[total]."""
        return self._capacity.together(self.config.total)

    def of_owner(self, owner: str) -> Limits:
        """[owner], or [owners.NAME]."""
        return self._capacity.together(self.config.quota(owner))

    @property
    def most_rings(self) -> int | None:
        """[output] memory."""
        return self._capacity.bytes(self.config.output.memory)

    # ── one job ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def granted(self, asked: Limits) -> Limits:
        """`asked`, with [defaults] for limits that it does not set, and [maxima] for those that neither sets."""
        defaults, maxima = self.defaults, self.maxima
        granted: dict[str, Any] = {}
        for field in (row.field for row in CAPPED):
            values = [value for value in (getattr(defaults, field), getattr(maxima, field)) if value is not None]
            wanted = getattr(asked, field)
            granted[field] = min(values, default=None) if wanted is None else wanted
        return dataclasses.replace(asked, **granted)

    def capped(self, limits: Limits) -> Limits:
        """`limits` with [maxima] in place of limits that are not set."""
        maxima = self.maxima
        fields = [row.field for row in CAPPED if getattr(limits, row.field) is None]
        return dataclasses.replace(limits, **{field: getattr(maxima, field) for field in fields})

    def check(self, owner: str, asked: Limits) -> None:
        """Raises TaskerError(EXHAUSTED) if a job of `owner` with the limits `asked` would exceed a maximum or a
        quota."""
        above = (
            (self.maxima, "one job", "maxima"),
            *self._together(owner),
        )
        for quota, whose, section in above:
            for row in CAPPED:
                value, most = getattr(asked, row.field), getattr(quota, row.field)
                if value is not None and most is not None and value > most:
                    text = f"cannot give a job {amount(row, value)}: the most for {whose} is {amount(row, most)}"
                    raise self._refusal(f"{text} ([{section}] {row.key})")
        self._check_swap(owner, asked.memory_swap)

    def _check_swap(self, owner: str, swap: int | None) -> None:
        for quota, whose, section in self._together(owner):
            if swap and quota.memory is not None:
                text = f"cannot give a job {format_size(swap)} of swap: {whose} have a quota on memory"
                raise self._refusal(f"{text}, and so no swap ([{section}] memory)")
        most = self.maxima.memory
        if swap is not None and most is not None and swap > most:
            text = f"cannot give a job {format_size(swap)} of swap: the most for one job is {format_size(most)}"
            raise self._refusal(f"{text}, as of memory ([maxima] memory)")

    # ── how many ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def owners(self) -> tuple[str, ...]:
        """Owners with jobs that have not ended."""
        return tuple(self._running)

    def running(self, owner: str) -> int:
        """The number of an owner's jobs that have not ended."""
        return len(self._running.get(owner, ()))

    def check_count(self, owner: str) -> None:
        """Raises TaskerError(EXHAUSTED) if `owner` may not start another job."""
        most = self.config.quota(owner).running
        if self.running(owner) >= most:
            text = f"cannot start a job: {owner} runs {self.running(owner)} of at most {most} jobs"
            raise self._refusal(f"{text} ([{self._section(owner)}] running)", "stop one, or ")
        most = self.config.jobs.running
        if self._table.running >= most:
            text = f"cannot start a job: this machine runs {self._table.running} of at most {most} jobs"
            raise self._refusal(f"{text} ([jobs] running)", "stop one, or ")

    def too_fast(self, owner: str, rate: Rate, wait: float) -> TaskerError:
        """The error for a start that comes `wait` seconds too early."""
        text = f"cannot start a job: {owner} may start {rate.burst} at once and {rate.per_second:g} a second"
        text = f"{text} ([{self._section(owner)}] starts); try again in {format_duration(wait)}"
        return TaskerError(Reason.EXHAUSTED, f"{text}, or ask {self.config.server.contact}", retry_after=wait)

    def ring(self, owner: str) -> int:
        """Bytes for the ring of a new job of `owner`. Raises TaskerError(EXHAUSTED) if there is no room for one."""
        most, asked = self.most_rings, self.config.output.ring
        waiting = max(0, self._table.ended.size - self.config.retention.memory)
        capacity = self.rings.capacity(owner, asked, most, waiting)
        if not capacity:
            assert most is not None
            own = self.rings.of_owner(owner)
            text = f"cannot start a job: output of running jobs of {owner} takes {format_size(own)} of memory"
            text += f", of at most {format_size(most // 2)}; that of all jobs takes {format_size(self.rings.total)}"
            text += f", of at most {format_size(most)}"
            if waiting:
                text += f", and {format_size(waiting)} is being written to disk"
            raise self._refusal(f"{text} ([output] memory)", "stop one, or ")
        return capacity

    def _count(self, change: Job | str) -> None:
        """Called with a job that is new or changed, or with the id of one that was removed."""
        id = change if isinstance(change, str) else change.id
        if isinstance(change, Job) and change.state is not State.ENDED:
            self._owners[id] = change.owner
            self._running.setdefault(change.owner, set()).add(id)
            self.rings.count(id, change.owner, change.ring or self.config.output.ring)  # old records lack it
        elif id in self._owners:
            owner = self._owners.pop(id)
            self.rings.release(id)
            self._running[owner].discard(id)
            if not self._running[owner]:
                del self._running[owner]

    # ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _together(self, owner: str) -> tuple[tuple[Limits, str, str], ...]:
        """The quotas above a job of `owner`, whose jobs they limit, and their sections in tasker.toml."""
        own = (self.of_owner(owner), f"all jobs of {owner}", self._section(owner))
        return own, (self.total, "all jobs of this machine", "total")

    def _section(self, owner: str) -> str:
        return f"owners.{owner}" if owner in self.config.owners else "owner"

    def _refusal(self, text: str, instead: str = "") -> TaskerError:
        return TaskerError(Reason.EXHAUSTED, f"{text}; {instead}ask {self.config.server.contact}")
