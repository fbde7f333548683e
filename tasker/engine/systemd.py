"""systemd over D-Bus: the few calls the engine needs, and when a unit's state may have changed.

Signals are taken from the connection that owns org.freedesktop.systemd1 and from nobody else: any local user may
address a forged one to us. What a signal says is a hint to look again, never a fact; at a daemon-reload systemd says
"removed" of every unit there is, and at a daemon-reexec it leaves calls unanswered and comes back under a new name.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from tasker.engine import names
from tasker.engine.bus import DBUS, DEADLINE, Bus, Refused, Signal, variant
from tasker.engine.properties import INFINITY, Property
from tasker.engine.usage import Totals
from tasker.errors import Reason, TaskerError

log = logging.getLogger(__name__)

AT_ONCE = 16
"""Unit jobs under way. More add only latency."""
_NAME = "org.freedesktop.systemd1"
_PATH = "/org/freedesktop/systemd1"
_MANAGER = f"{_NAME}.Manager"
_UNIT = f"{_NAME}.Unit"
_SCOPE = f"{_NAME}.Scope"
_SLICE = f"{_NAME}.Slice"
_PROPERTIES = f"{DBUS}.Properties"
_NO_SUCH_UNIT = f"{_NAME}.NoSuchUnit"
_AWAY = (f"{DBUS}.Error.NoReply", f"{DBUS}.Error.ServiceUnknown", f"{DBUS}.Error.NameHasNoOwner")
_UNTOLD = "untold"
"""In place of a unit job's result: systemd was away when it would have told."""
_MATCHES = (
    f"type='signal',sender='{_NAME}',interface='{_MANAGER}',member='JobNew'",
    f"type='signal',sender='{_NAME}',interface='{_MANAGER}',member='JobRemoved'",
    f"type='signal',sender='{_NAME}',interface='{_MANAGER}',member='Reloading'",
    f"type='signal',sender='{_NAME}',interface='{_PROPERTIES}',member='PropertiesChanged',arg0='{_SCOPE}'",
    f"type='signal',sender='{DBUS}',interface='{DBUS}',member='NameOwnerChanged',arg0='{_NAME}'",
)


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

    def __init__(self) -> None:
        self._bus: Bus
        self._owner = ""
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._removed: dict[str, asyncio.Future[str]] = {}
        self._early: dict[str, str] = {}
        """Results of unit jobs that ended before the call that made them was answered."""
        self._asked: Counter[str] = Counter()
        """Units that such a call is under way for."""
        self._here = asyncio.Event()
        self.default_tasks = 0
        """DefaultTasksMax: of every scope that asks for no TasksMax."""
        self._changed: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self.look_at: Callable[[str, bool], None] = lambda _unit, _asked: None
        """Called with the name of a scope that something may have happened to ("": to any of them), and with whether
        somebody asked systemd for that."""

    @classmethod
    async def connect(cls, address: str | None) -> Systemd:
        """On the system bus, or one at `address`. Raises TaskerError(UNAVAILABLE)."""
        self = cls()
        self._bus = await Bus.connect(address, self._signal)
        for rule in _MATCHES:
            await self._bus.match(rule)
        self._owner = await self._bus.owner(_NAME)
        self._here.set()
        await self._bus.own(names.BUS)
        await self._subscribe()
        self.default_tasks = int(await self._get(_PATH, _MANAGER, "DefaultTasksMax"))
        return self

    @property
    def lost(self) -> asyncio.Future[None]:
        """Done when the bus is gone, and nothing works any more."""
        return self._bus.lost

    async def leave(self) -> None:
        """Be no scope's controller any more: from here on systemd ends them by itself."""
        await self._bus.release(names.BUS)

    async def start_scope(self, name: str, properties: list[Property]) -> None:
        """StartTransientUnit, and wait until its unit job is done. Raises TaskerError(REFUSED) with systemd's words."""
        values = [[key, variant(signature, value)] for key, signature, value in properties]
        for _ in range(2):
            result = await self._unit_job(name, "StartTransientUnit", "ssa(sv)a(sa(sv))", name, "fail", values, [])
            if result == "done":
                return
            if result != _UNTOLD:
                break
            unit = await self._when(name, lambda unit: unit.active != "inactive")
            if unit is not None and unit.active == "active":
                return
        raise TaskerError(Reason.REFUSED, f"cannot start {name}: systemd ended its start with {result!r}")

    async def stop_scope(self, name: str) -> None:
        """StopUnit, and wait for it. A unit that is not there is no error."""
        try:
            await self._unit_job(name, "StopUnit", "ss", name, "replace")
        except Refused as error:
            if error.name != _NO_SUCH_UNIT:
                raise

    async def unit(self, name: str) -> Unit | None:
        """What is true of a unit now, or None where systemd does not have it (any more)."""
        try:
            path = (await self._manager("GetUnit", "s", name))[0]
            return Unit(
                active=await self._get(path, _UNIT, "ActiveState"),
                result=await self._get(path, _SCOPE, "Result"),
                cgroup=await self._get(path, _SCOPE, "ControlGroup"),
            )
        except Refused as error:
            if error.name != _NO_SUCH_UNIT:
                raise
            return None

    async def ended(self, name: str) -> Unit | None:
        """The same, once the unit is over. Gives what is true after DEADLINE at the latest."""
        return await self._when(name, lambda unit: unit.over)

    async def _when(self, name: str, condition: Callable[[Unit], bool]) -> Unit | None:
        changed = asyncio.Event()
        watchers = self._changed[_unit_path(name)]
        watchers.add(changed)
        try:
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
        finally:
            watchers.discard(changed)
            if not watchers:
                self._changed.pop(_unit_path(name), None)

    async def set_properties(self, name: str, properties: list[Property]) -> None:
        """SetUnitProperties of a scope or slice, until the next boot at most; done when the kernel has them.

        systemd answers before it writes to the cgroup, and writes before it takes the next call: so one is made.
        Raises Refused with systemd's words.
        """
        values = [[key, variant(signature, value)] for key, signature, value in properties]
        await self._manager("SetUnitProperties", "sba(sv)", name, True, values)
        await self._get(_PATH, _MANAGER, "Version")

    async def slice_properties(self, name: str, properties: Iterable[str]) -> dict[str, int]:
        """What systemd has for a slice, which it loads for that."""
        return {key: await self._get(_unit_path(name), _SLICE, key) for key in properties}

    async def totals(self, name: str) -> Totals:
        """What a unit used in all, once it is over."""
        path = _unit_path(name)
        cpu = await self._count(path, "CPUUsageNSec")
        return Totals(
            cpu_time=None if cpu is None else cpu / 1e9,
            memory_peak=await self._count(path, "MemoryPeak"),
            io_read=await self._count(path, "IOReadBytes"),
            io_write=await self._count(path, "IOWriteBytes"),
        )

    async def _count(self, path: str, name: str) -> int | None:
        try:
            value = await self._get(path, _SCOPE, name)
        except Refused:  # an older one has no such property
            return None
        return None if value == INFINITY else int(value)

    async def scopes(self, pattern: str, *states: str) -> list[str]:
        """Names of loaded units, of those in one of `states` if some are named."""
        listed = await self._manager("ListUnitsByPatterns", "asas", list(states), [pattern])
        return [row[0] for row in listed[0]]

    async def freeze(self, name: str) -> None:
        """Stop every process of a unit where it stands; returns when they do. A frozen unit is no error."""
        await self._manager("FreezeUnit", "s", name)

    async def thaw(self, name: str) -> None:
        """Let them go on. A unit that is not frozen is no error."""
        await self._manager("ThawUnit", "s", name)

    async def deactivating(self, name: str) -> bool:
        """Whether systemd is ending a unit; one call, for what is asked often."""
        try:
            return bool(await self._get(_unit_path(name), _UNIT, "ActiveState") == "deactivating")
        except Refused:
            return False  # there is no such unit any more

    async def ending(self, name: str) -> bool:
        """Whether a unit is over, or about to be ended."""
        unit = await self.unit(name)
        return unit is None or unit.active != "active" or await self.job_type(name) == "stop"

    async def controller(self, name: str) -> str:
        """The bus name that systemd leaves a scope's end to; "" where it forgot it, with its last owner."""
        return str(await self._get(_unit_path(name), _SCOPE, "Controller"))

    async def ref(self, name: str) -> None:
        """Keep the unit loaded after its end, until `unref` or the end of this connection."""
        await self._manager("RefUnit", "s", name)

    async def unref(self, name: str) -> None:
        """A unit that is not there is no error."""
        try:
            await self._manager("UnrefUnit", "s", name)
        except TaskerError as error:
            log.debug("unref %s: %s", name, error)

    async def job_type(self, name: str) -> str:
        """What systemd is about to do with a unit: "stop", "restart", … or "" for nothing."""
        number, job = await self._get(_unit_path(name), _UNIT, "Job")
        return str(await self._get(job, f"{_NAME}.Job", "JobType")) if number else ""

    # ── calls ────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _subscribe(self) -> None:
        try:
            await self._manager("Subscribe", "")
        except Refused as error:
            if error.name != f"{_NAME}.AlreadySubscribed":
                raise

    async def _unit_job(self, unit: str, member: str, signature: str, *body: Any) -> str:
        """A call that queues a unit job; its result, or _UNTOLD. JobRemoved often comes before the reply."""
        async with self._slots:
            self._asked[unit] += 1
            try:
                path = (await self._manager(member, signature, *body, again=False))[0]
                future = self._removed[path] = asyncio.get_running_loop().create_future()
                if path in self._early:
                    future.set_result(self._early.pop(path))
            except Refused as error:
                if error.name not in _AWAY:
                    raise
                return _UNTOLD
            finally:
                self._asked[unit] -= 1
                self._asked += Counter()  # drops what is zero
            try:
                return await asyncio.wait_for(future, DEADLINE)
            except TimeoutError:
                text = f"cannot {member} {unit}: systemd does not finish it"
                raise TaskerError(Reason.UNAVAILABLE, text) from None
            finally:
                del self._removed[path]

    async def _get(self, path: str, interface: str, name: str) -> Any:
        return (await self._bus.call(_NAME, path, _PROPERTIES, "Get", "ss", interface, name))[0].value

    async def _manager(self, member: str, signature: str, *body: Any, again: bool = True) -> list[Any]:
        """A call of the manager; made `again` where systemd went away without an answer."""
        try:
            return await self._bus.call(_NAME, _PATH, _MANAGER, member, signature, *body)
        except Refused as error:
            if error.name not in _AWAY:
                raise
            await asyncio.wait_for(self._here.wait(), DEADLINE)
            if not again:
                raise
            return await self._bus.call(_NAME, _PATH, _MANAGER, member, signature, *body)

    # ── signals ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _signal(self, signal: Signal) -> None:
        if signal.sender == DBUS:
            if signal.member == "NameOwnerChanged" and signal.body[0] == _NAME:
                self._new_owner(signal.body[2])
        elif signal.sender != self._owner:
            log.warning("ignored a signal %s from %s, who is not systemd", signal.member, signal.sender)
        elif signal.member == "JobRemoved":
            _, path, unit, result = signal.body
            future = self._removed.get(path)
            if future is not None and not future.done():
                future.set_result(result)
            elif unit in self._asked:
                self._early[path] = result
        elif signal.member == "PropertiesChanged":
            for event in self._changed.get(signal.path, ()):
                event.set()
            self.look_at(_unit_name(signal.path), False)
        elif signal.member == "JobNew":
            self.look_at(signal.body[2], True)
        elif signal.member == "RequestStop":
            self.look_at(_unit_name(signal.path), True)
        elif signal.member == "Reloading" and not signal.body[0]:
            self._look_again()

    def _new_owner(self, owner: str) -> None:
        self._owner = owner
        self._early.clear()
        if not owner:
            self._here.clear()
            return
        log.info("systemd has a new name on the bus: looking at every unit again")
        self._here.set()
        for future in self._removed.values():
            if not future.done():
                future.set_result(_UNTOLD)
        self._look_again()

    def _look_again(self) -> None:
        for events in self._changed.values():
            for event in events:
                event.set()
        self.look_at("", False)


def _unit_path(name: str) -> str:
    """Where a unit's object is on the bus: every byte that is no letter or digit is written _xx."""
    return f"{_PATH}/unit/" + "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):02x}" for c in name)


def _unit_name(path: str) -> str:
    """The unit whose object is there."""
    return unquote(path.rpartition("/")[2].replace("_", "%"))
