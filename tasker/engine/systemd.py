"""The engine's calls to systemd, one method each. Connection, unit jobs and signals: manager.py."""

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
    """systemd's view of a scope."""

    active: str
    """ActiveState: active, deactivating, inactive, failed…"""
    result: str
    """success, oom-kill, timeout…"""
    cgroup: str
    """Path below the root of the hierarchy; "" for none."""

    @property
    def over(self) -> bool:
        return self.active in ("inactive", "failed")


class Systemd:
    """A connection, made by `Systemd.connect`."""

    def __init__(self, manager: Manager, default_tasks: int) -> None:
        self._manager = manager
        self.default_tasks = default_tasks
        """DefaultTasksMax: for every scope without TasksMax."""

    @classmethod
    async def connect(cls, bus: Bus) -> Systemd:
        """Connects to systemd on the bus. Raises TaskerError(UNAVAILABLE)."""
        manager = await Manager.connect(bus)
        return cls(manager, int(await manager.get(PATH, MANAGER, "DefaultTasksMax")))

    def on_change(self, callback: Callable[[str, bool], None]) -> None:
        """Sets the callback described at `Manager.on_change`."""
        self._manager.on_change = callback

    async def leave(self) -> None:
        """Releases the bus name, so that the engine is no longer the scopes' controller: systemd ends them itself."""
        await self._manager.leave()

    async def start_scope(self, name: str, properties: list[Property]) -> None:
        """Calls StartTransientUnit and waits for its unit job. Raises TaskerError(REFUSED) with systemd's message."""
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
        """Calls StopUnit and waits for its unit job. No error if there is no such unit."""
        try:
            await self._manager.unit_job(name, "StopUnit", "ss", name, "replace")
        except BusError as error:
            if error.name != NO_SUCH_UNIT:
                raise

    async def unit(self, name: str) -> Unit | None:
        """The present state of a unit, or None if systemd does not have it."""
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
        """Waits until the unit job that starts a unit is done; at most DEADLINE seconds. None if the unit is gone by
        then."""
        return await self._when(name, lambda unit: unit.active not in ("inactive", "activating"))

    async def ended(self, name: str) -> Unit | None:
        """Waits until the unit is inactive or failed; at most DEADLINE seconds. Returns its state then."""
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
            log.warning("systemd did not report the expected state of %s in time", name)
            return await self.unit(name)

    async def set_properties(self, name: str, properties: list[Property]) -> None:
        """Calls SetUnitProperties for a scope or slice, valid until the next boot; returns once the kernel has them.

        systemd replies before it writes to the cgroup, but writes before it serves the next call, so another call
        follows. Raises BusError with systemd's message.
        """
        values = [[key, variant(signature, value)] for key, signature, value in properties]
        await self._manager.call("SetUnitProperties", "sba(sv)", name, True, values)
        await self._manager.get(PATH, MANAGER, "Version")

    async def properties(self, name: str, properties: Iterable[str]) -> dict[str, Any]:
        """systemd's properties of a scope or a slice; loads a slice."""
        interface = _SLICE if name.endswith(".slice") else SCOPE
        return {key: await self._manager.get(unit_path(name), interface, key) for key in properties}

    async def totals(self, name: str) -> Totals:
        """Returns the total usage of a unit, once it is inactive or failed."""
        path = unit_path(name)
        cpu = await self._count(path, "CPUUsageNSec")
        return Totals(
            cpu_time=None if cpu is None else cpu / 1e9,
            memory_peak=await self._count(path, "MemoryPeak"),
            io_read=await self._count(path, "IOReadBytes"),
            io_write=await self._count(path, "IOWriteBytes"),
        )

    async def limit(self, name: str, field: str) -> int | None:
        """systemd's value of one of the limits of a unit, even after its end; None for no limit."""
        return await self._count(unit_path(name), line_of(field).property)

    async def _count(self, path: str, name: str) -> int | None:
        try:
            value = await self._manager.get(path, SCOPE, name)
        except BusError:  # older versions lack the property
            return None
        return None if value == INFINITY else int(value)

    async def scopes(self, pattern: str, *states: str) -> list[str]:
        """Names of loaded units, only those in one of `states` if given."""
        listed = await self._manager.call("ListUnitsByPatterns", "asas", list(states), [pattern])
        return [row[0] for row in listed[0]]

    async def kill(self, name: str, number: int) -> None:
        """Sends a signal to every process of a unit. Raises TaskerError, also if there is no such unit or process."""
        await self._manager.call("KillUnit", "ssi", name, "all", number)

    async def freeze(self, name: str) -> None:
        """Freezes every process of a unit; returns once they are frozen. No error if the unit is frozen already."""
        await self._manager.call("FreezeUnit", "s", name)

    async def thaw(self, name: str) -> None:
        """Thaws every process of a unit. No error if the unit is not frozen."""
        await self._manager.call("ThawUnit", "s", name)

    async def deactivating(self, name: str) -> bool:
        """Whether systemd is stopping a unit. A single call, because it is made often."""
        try:
            return bool(await self._manager.get(unit_path(name), _UNIT, "ActiveState") == "deactivating")
        except BusError:
            return False  # no such unit

    async def ending(self, name: str) -> bool:
        """Whether a unit has ended or is being stopped."""
        unit = await self.unit(name)
        return unit is None or unit.active != "active" or await self.job_type(name) == "stop"

    async def controller(self, name: str) -> str:
        """The bus name of the scope's controller; "" if the name was released, after which systemd forgets it."""
        return str(await self._manager.get(unit_path(name), SCOPE, "Controller"))

    async def ref(self, name: str) -> None:
        """Keeps the unit loaded after its end, until `unref` or until this connection closes."""
        await self._manager.call("RefUnit", "s", name)

    async def unref(self, name: str) -> None:
        """Undoes `ref`; no error if there is no such unit."""
        try:
            await self._manager.call("UnrefUnit", "s", name)
        except TaskerError as error:
            log.debug("unref %s: %s", name, error)

    async def job_type(self, name: str) -> str:
        """The type of the unit's pending unit job: "stop", "restart", …, or "" for none."""
        number, job = await self._manager.get(unit_path(name), _UNIT, "Job")
        return str(await self._manager.get(job, f"{NAME}.Job", "JobType")) if number else ""
