"""The connection to systemd's manager: calls that survive its restarts, unit jobs until they are done, and signals.

A signal only triggers a new reading of the state. At a daemon-reload systemd sends "removed" for every unit; at a
daemon-reexec it leaves calls unanswered and returns under a new unique name.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

from tasker.engine import names
from tasker.engine.bus import DBUS, DEADLINE, NO_OWNER, PROPERTIES, Bus, BusError, BusSignal
from tasker.errors import Reason, TaskerError

log = logging.getLogger(__name__)

NAME = "org.freedesktop.systemd1"
PATH = "/org/freedesktop/systemd1"
MANAGER = f"{NAME}.Manager"
SCOPE = f"{NAME}.Scope"
NO_SUCH_UNIT = f"{NAME}.NoSuchUnit"
UNKNOWN_RESULT = "untold"
"""Replaces the result of a unit job that systemd did not report, because it was restarting."""
_AWAY = (f"{DBUS}.Error.NoReply", f"{DBUS}.Error.ServiceUnknown", NO_OWNER)
_MATCHES = (
    f"interface='{MANAGER}',member='JobNew'",
    f"interface='{MANAGER}',member='JobRemoved'",
    f"interface='{MANAGER}',member='Reloading'",
    f"interface='{PROPERTIES}',member='PropertiesChanged',arg0='{SCOPE}'",
)


class Manager:
    """A connection, made by `Manager.connect`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._removed: dict[str, asyncio.Future[str]] = {}
        self._early: dict[str, str] = {}
        """Results of unit jobs that ended before the reply to the call that queued them."""
        self._asked: Counter[str] = Counter()
        """Units with such a call under way."""
        self._here = asyncio.Event()
        self._changed: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self.on_change: Callable[[str, bool], None] = lambda _unit, _asked: None
        """Called with the name of a scope whose state may have changed ("" for any), and with whether systemd was asked
        for that."""

    @classmethod
    async def connect(cls, bus: Bus) -> Manager:
        """Connects to the manager on the bus. Raises TaskerError(UNAVAILABLE)."""
        self = cls(bus)
        if await bus.follow(NAME, _MATCHES, self._signal, self._new_owner):
            self._here.set()
        await bus.own(names.BUS)
        await self._subscribe()
        return self

    async def leave(self) -> None:
        """Releases the bus name, so that the engine is no longer the scopes' controller: systemd ends them itself."""
        await self._bus.release(names.BUS)

    async def get(self, path: str, interface: str, name: str) -> Any:
        return (await self._bus.call(NAME, path, PROPERTIES, "Get", "ss", interface, name))[0].value

    async def call(self, member: str, signature: str, *body: Any, again: bool = True) -> list[Any]:
        """Calls a method of the manager; repeats the call if `again` and systemd restarts before it replies. Raises
        TaskerError: UNAVAILABLE if systemd does not come back."""
        try:
            return await self._bus.call(NAME, PATH, MANAGER, member, signature, *body)
        except BusError as error:
            if error.name not in _AWAY:
                raise
            try:
                await asyncio.wait_for(self._here.wait(), DEADLINE)
            except TimeoutError:
                text = f"cannot {member}: systemd is not on the bus; try again when it is back"
                raise TaskerError(Reason.UNAVAILABLE, text) from None
            if not again:
                raise
            return await self._bus.call(NAME, PATH, MANAGER, member, signature, *body)

    async def unit_job(self, unit: str, member: str, signature: str, *body: Any) -> str:
        """Calls a method that queues a unit job. Returns its result, or UNKNOWN_RESULT. JobRemoved often precedes the
        reply."""
        self._asked[unit] += 1
        try:
            path = (await self.call(member, signature, *body, again=False))[0]
            future = self._removed[path] = asyncio.get_running_loop().create_future()
            if path in self._early:
                future.set_result(self._early.pop(path))
        except BusError as error:
            if error.name not in _AWAY:
                raise
            return UNKNOWN_RESULT
        finally:
            self._asked[unit] -= 1
            self._asked += Counter()  # drops zero counts
        try:
            return await asyncio.wait_for(future, DEADLINE)
        except TimeoutError:
            text = f"cannot {member} {unit}: systemd did not finish it in time"
            raise TaskerError(Reason.UNAVAILABLE, text) from None
        finally:
            del self._removed[path]

    @contextlib.contextmanager
    def watched(self, unit: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the state of a unit may have changed."""
        path = unit_path(unit)
        changed = asyncio.Event()
        watchers = self._changed[path]
        watchers.add(changed)
        try:
            yield changed
        finally:
            watchers.discard(changed)
            if not watchers:
                self._changed.pop(path, None)

    async def _subscribe(self) -> None:
        try:
            await self.call("Subscribe", "")
        except BusError as error:
            if error.name != f"{NAME}.AlreadySubscribed":
                raise

    # ── signals ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _signal(self, signal: BusSignal) -> None:
        if signal.member == "JobRemoved":
            _, path, unit, result = signal.body
            future = self._removed.get(path)
            if future is not None and not future.done():
                future.set_result(result)
            elif unit in self._asked:
                self._early[path] = result
        elif signal.member == "PropertiesChanged":
            for event in self._changed.get(signal.path, ()):
                event.set()
            self.on_change(_unit_name(signal.path), False)
        elif signal.member == "JobNew":
            self.on_change(signal.body[2], True)
        elif signal.member == "RequestStop":
            self.on_change(_unit_name(signal.path), True)
        elif signal.member == "Reloading" and not signal.body[0]:
            self._recheck_all()

    def _new_owner(self, owner: str) -> None:
        self._early.clear()
        if not owner:
            self._here.clear()
            return
        log.info("systemd has a new name on the bus: checking every unit again")
        self._here.set()
        for future in self._removed.values():
            if not future.done():
                future.set_result(UNKNOWN_RESULT)
        self._recheck_all()

    def _recheck_all(self) -> None:
        for events in self._changed.values():
            for event in events:
                event.set()
        self.on_change("", False)


def unit_path(name: str) -> str:
    """The object path of a unit: every byte that is not a letter or digit is written _xx."""
    return f"{PATH}/unit/" + "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):02x}" for c in name)


def _unit_name(path: str) -> str:
    """The unit with this object path."""
    return unquote(path.rpartition("/")[2].replace("_", "%"))
