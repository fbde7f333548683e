"""What the engine asks of systemd, one method a question. How that is asked, and what comes by itself: manager.py."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tasker.engine.bus import DEADLINE, Bus, BusError, variant
from tasker.engine.manager import MANAGER, NAME, NO_SUCH_UNIT, PATH, SCOPE, UNKNOWN_RESULT, Manager, unit_path
from tasker.engine.properties import INFINITY, Property, line_of
from tasker.engine.usage import Totals
from tasker.errors import Reason, TaskerError

log = logging.getLogger(__name__)

_UNIT = f"{NAME}.Unit"
_SLICE = f"{NAME}.Slice"


@dataclass(frozen=True)
class Unit:
    """What systemd says of a scope."""

    active: str
    """ActiveState: active, deactivating, inactive, failed…"""
    result: str
    """success, oom-kill, timeout…"""
    cgroup: str
    """Path below the root of the hierarchy; "" where there is none."""

    @property
    def over(self) -> bool:
        return self.active in ("inactive", "failed")


class Systemd:
    """Connect with `Systemd.connect`."""

    def __init__(self, manager: Manager, default_tasks: int) -> None:
        self._manager = manager
        self.default_tasks = default_tasks
        """DefaultTasksMax: of every scope that asks for no TasksMax."""

    @classmethod
    async def connect(cls, bus: Bus) -> Systemd:
        """The systemd on that bus. Raises TaskerError(UNAVAILABLE)."""
        manager = await Manager.connect(bus)
        return cls(manager, int(await manager.get(PATH, MANAGER, "DefaultTasksMax")))

    def on_change(self, callback: Callable[[str, bool], None]) -> None:
        """Have `callback` called as `Manager.look_at` says."""
        self._manager.on_change = callback

    async def leave(self) -> None:
        """Be no scope's controller any more: from here on systemd ends them by itself."""
        await self._manager.leave()

    async def start_scope(self, name: str, properties: list[Property]) -> None:
        """StartTransientUnit, and wait until its unit job is done. Raises TaskerError(REFUSED) with systemd's words."""
        values = [[key, variant(signature, value)] for key, signature, value in properties]
        for _ in range(2):
            signature = "ssa(sv)a(sa(sv))"
            result = await self._manager.unit_job(name, "StartTransientUnit", signature, name, "fail", values, [])
            if result == "done":
                return
            if result != UNKNOWN_RESULT:
                break
            unit = await self._when(name, lambda unit: unit.active != "inactive")
            if unit is not None and unit.active == "active":
                return
        raise TaskerError(Reason.REFUSED, f"cannot start {name}: systemd ended its start with {result!r}; try again")

    async def stop_scope(self, name: str) -> None:
        """StopUnit, and wait for it. A unit that is not there is no error."""
        try:
            await self._manager.unit_job(name, "StopUnit", "ss", name, "replace")
        except BusError as error:
            if error.name != NO_SUCH_UNIT:
                raise

    async def unit(self, name: str) -> Unit | None:
        """What is true of a unit now, or None where systemd does not have it (any more)."""
        try:
            path = (await self._manager.call("GetUnit", "s", name))[0]
            return Unit(
                active=await self._manager.get(path, _UNIT, "ActiveState"),
                result=await self._manager.get(path, SCOPE, "Result"),
                cgroup=await self._manager.get(path, SCOPE, "ControlGroup"),
            )
        except BusError as error:
            if error.name != NO_SUCH_UNIT:
                raise
            return None

    async def started(self, name: str) -> Unit | None:
        """Wait until the unit job that starts a unit is done; at most DEADLINE. None where it is over by then."""
        return await self._when(name, lambda unit: unit.active not in ("inactive", "activating"))

    async def ended(self, name: str) -> Unit | None:
        """The same, once the unit is over. Gives what is true after DEADLINE at the latest."""
        return await self._when(name, lambda unit: unit.over)

    async def _when(self, name: str, condition: Callable[[Unit], bool]) -> Unit | None:
        try:
            with self._manager.watched(name) as changed:
                async with asyncio.timeout(DEADLINE):
                    while True:
                        unit = await self.unit(name)
                        if unit is None or condition(unit):
                            return unit
                        await changed.wait()
                        changed.clear()
        except TimeoutError:
            log.warning("systemd does not say what becomes of %s", name)
            return await self.unit(name)

    async def set_properties(self, name: str, properties: list[Property]) -> None:
        """SetUnitProperties of a scope or slice, until the next boot at most; done when the kernel has them.

        systemd answers before it writes to the cgroup, and writes before it takes the next call: so one is made.
        Raises Refused with systemd's words.
        """
        values = [[key, variant(signature, value)] for key, signature, value in properties]
        await self._manager.call("SetUnitProperties", "sba(sv)", name, True, values)
        await self._manager.get(PATH, MANAGER, "Version")

    async def properties(self, name: str, properties: Iterable[str]) -> dict[str, Any]:
        """What systemd has for a scope or a slice; a slice is loaded for that."""
        interface = _SLICE if name.endswith(".slice") else SCOPE
        return {key: await self._manager.get(unit_path(name), interface, key) for key in properties}

    async def totals(self, name: str) -> Totals:
        """What a unit used in all, once it is over."""
        path = unit_path(name)
        cpu = await self._count(path, "CPUUsageNSec")
        return Totals(
            cpu_time=None if cpu is None else cpu / 1e9,
            memory_peak=await self._count(path, "MemoryPeak"),
            io_read=await self._count(path, "IOReadBytes"),
            io_write=await self._count(path, "IOWriteBytes"),
        )

    async def limit(self, name: str, field: str) -> int | None:
        """What it has for one of Limits of a unit, also once that is over; None where there is none."""
        return await self._count(unit_path(name), line_of(field).property)

    async def _count(self, path: str, name: str) -> int | None:
        try:
            value = await self._manager.get(path, SCOPE, name)
        except BusError:  # an older one has no such property
            return None
        return None if value == INFINITY else int(value)

    async def scopes(self, pattern: str, *states: str) -> list[str]:
        """Names of loaded units, of those in one of `states` if some are named."""
        listed = await self._manager.call("ListUnitsByPatterns", "asas", list(states), [pattern])
        return [row[0] for row in listed[0]]

    async def kill(self, name: str, number: int) -> None:
        """Send a signal to every process of a unit. Raises TaskerError, also where there is no such unit or process."""
        await self._manager.call("KillUnit", "ssi", name, "all", number)

    async def freeze(self, name: str) -> None:
        """Stop every process of a unit where it stands; returns when they do. A frozen unit is no error."""
        await self._manager.call("FreezeUnit", "s", name)

    async def thaw(self, name: str) -> None:
        """Let them go on. A unit that is not frozen is no error."""
        await self._manager.call("ThawUnit", "s", name)

    async def deactivating(self, name: str) -> bool:
        """Whether systemd is ending a unit; one call, for what is asked often."""
        try:
            return bool(await self._manager.get(unit_path(name), _UNIT, "ActiveState") == "deactivating")
        except BusError:
            return False  # there is no such unit any more

    async def ending(self, name: str) -> bool:
        """Whether a unit is over, or about to be ended."""
        unit = await self.unit(name)
        return unit is None or unit.active != "active" or await self.job_type(name) == "stop"

    async def controller(self, name: str) -> str:
        """The bus name that systemd leaves a scope's end to; "" where it forgot it, with its last owner."""
        return str(await self._manager.get(unit_path(name), SCOPE, "Controller"))

    async def ref(self, name: str) -> None:
        """Keep the unit loaded after its end, until `unref` or the end of this connection."""
        await self._manager.call("RefUnit", "s", name)

    async def unref(self, name: str) -> None:
        """A unit that is not there is no error."""
        try:
            await self._manager.call("UnrefUnit", "s", name)
        except TaskerError as error:
            log.debug("unref %s: %s", name, error)

    async def job_type(self, name: str) -> str:
        """What systemd is about to do with a unit: "stop", "restart", … or "" for nothing."""
        number, job = await self._manager.get(unit_path(name), _UNIT, "Job")
        return str(await self._manager.get(job, f"{NAME}.Job", "JobType")) if number else ""
