"""The system bus: calls with a deadline, signals of followed services. The only file that imports dbus_next.

A signal is accepted only from the connection that owns the name of a followed service: any local user may send a forged
signal to this process.

Exceptions of the library do not leave this module; callers see TaskerError. It works around known defects of the
library: EAGAIN treated as a closed connection (its issue 153), calls that never return after the connection has closed,
handlers that are never removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from dbus_next import BusType, DBusError, Message, MessageType, Variant
from dbus_next.aio import MessageBus

from tasker.errors import Reason, TaskerError

log = logging.getLogger(__name__)

DEADLINE = 25.0
"""Seconds for one call. After that, the bus or the called service counts as hung."""
AT_ONCE = 64
"""Concurrent calls. dbus-daemon refuses more than 128."""
DBUS = "org.freedesktop.DBus"
PROPERTIES = f"{DBUS}.Properties"
NO_OWNER = f"{DBUS}.Error.NameHasNoOwner"
_REPLACE = 3  # the D-Bus specification: ALLOW_REPLACEMENT | REPLACE_EXISTING


class BusSignal(NamedTuple):
    """`sender` is the unique name of the connection, as set by the bus."""

    sender: str
    path: str
    member: str
    body: list[Any]


class BusError(TaskerError):
    """An error reply. `name` is the D-Bus error name."""

    def __init__(self, member: str, name: str, words: str) -> None:
        super().__init__(Reason.REFUSED, f"cannot {member}: {words}")
        self.name = name


@dataclass
class _Followed:
    """A service whose signals are received. `owner` is None until the bus has returned the owner of the name."""

    received: Callable[[BusSignal], None]
    owned: Callable[[str], None]
    owner: str | None = None


class Bus:
    """A connection, made by `Bus.connect`. `lost` is done once the connection has closed; then every call fails."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus
        self._followed: dict[str, _Followed] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self.lost = asyncio.ensure_future(_end(bus))
        bus.add_message_handler(self._message)

    @classmethod
    async def connect(cls, address: str | None) -> Bus:
        """Connects to the system bus, or to the bus at `address`. Raises TaskerError(UNAVAILABLE)."""
        try:
            bus = MessageBus(bus_address=address, bus_type=BusType.SYSTEM)  # type: ignore[arg-type] # its hint is wrong
            bus._writer.sock = _PatientSocket(bus._sock)
            await asyncio.wait_for(bus.connect(), DEADLINE)
        except Exception as error:  # the library raises many types
            raise TaskerError(Reason.UNAVAILABLE, f"cannot reach the system bus: {error!r}") from error
        return cls(bus)

    async def call(
        self, name: str, path: str, interface: str, member: str, signature: str = "", *body: Any
    ) -> list[Any]:
        """Returns the arguments of the reply. Raises BusError for an error reply, TaskerError(UNAVAILABLE) without a
        reply."""
        if not self._bus.connected:
            raise TaskerError(Reason.UNAVAILABLE, f"cannot {member}: the system bus is gone; try again in a moment")
        message = Message(
            destination=name, path=path, interface=interface, member=member, signature=signature, body=list(body)
        )
        message.serial = self._bus.next_serial()
        try:
            async with self._slots:
                reply = await asyncio.wait_for(self._bus.call(message), DEADLINE)
        except TimeoutError:
            self._bus._method_return_handlers.pop(message.serial, None)
            text = f"cannot {member}: no answer from {name}; try again in a moment"
            raise TaskerError(Reason.UNAVAILABLE, text) from None
        except (OSError, EOFError, DBusError) as error:
            raise TaskerError(Reason.UNAVAILABLE, f"cannot {member}: {error}") from error
        if reply is None or reply.message_type is MessageType.ERROR:
            name, body = (reply.error_name, tuple(reply.body)) if reply else ("", ())
            raise BusError(member, name, str(body[0]) if body else name)
        return list(reply.body)

    async def follow(
        self, name: str, rules: Iterable[str], received: Callable[[BusSignal], None], owned: Callable[[str], None]
    ) -> str:
        """Calls `received` with each signal of the service `name` that matches one of `rules` (the part of a match rule
        after type and sender), and `owned` with each new owner of the name, "" for none. Returns the current owner."""
        followed = self._followed[name] = _Followed(received, owned)
        for rule in rules:
            await self._match(f"type='signal',sender='{name}',{rule}")
        await self._match(f"type='signal',sender='{DBUS}',interface='{DBUS}',member='NameOwnerChanged',arg0='{name}'")
        owner = await self._owner(name)
        if followed.owner is None:  # else NameOwnerChanged arrived before this reply
            followed.owner = owner
        return followed.owner

    async def _match(self, rule: str) -> None:
        await self.call(DBUS, "/org/freedesktop/DBus", DBUS, "AddMatch", "s", rule)

    async def _owner(self, name: str) -> str:
        """The unique name of the connection that owns a well-known name; "" for none."""
        try:
            return str((await self.call(DBUS, "/org/freedesktop/DBus", DBUS, "GetNameOwner", "s", name))[0])
        except BusError as error:
            if error.name != NO_OWNER:
                raise
            return ""

    async def own(self, name: str) -> None:
        """Requests a well-known name; replaces an owner that allows it."""
        await self.call(DBUS, "/org/freedesktop/DBus", DBUS, "RequestName", "su", name, _REPLACE)

    async def release(self, name: str) -> None:
        """Releases a well-known name."""
        await self.call(DBUS, "/org/freedesktop/DBus", DBUS, "ReleaseName", "s", name)

    def _message(self, message: Message) -> bool:
        if message.message_type is not MessageType.SIGNAL:
            return False
        signal = BusSignal(message.sender, message.path, message.member, message.body)
        if signal.sender == DBUS:
            if signal.member == "NameOwnerChanged" and (followed := self._followed.get(signal.body[0])):
                followed.owner = str(signal.body[2])
                followed.owned(followed.owner)
            return True
        for followed in self._followed.values():
            if followed.owner == signal.sender:
                followed.received(signal)
                return True
        names = " or ".join(self._followed)
        log.warning("ignored a signal %s from %s, which does not own %s", signal.member, signal.sender, names)
        return True


async def _end(bus: MessageBus) -> None:
    with contextlib.suppress(Exception):  # the reason does not matter
        await bus.wait_for_disconnect()


def variant(signature: str, value: Any) -> Any:
    """A value of the D-Bus type "v"."""
    return Variant(signature, value)


class _PatientSocket:
    """Returns 0 where `send` of a socket raises EAGAIN, which the library takes for a closed connection. The library
    then waits until the socket is writable."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def send(self, data: memoryview) -> int:
        try:
            return int(self._sock.send(data))
        except BlockingIOError:
            return 0
