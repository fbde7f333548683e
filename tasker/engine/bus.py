"""The system bus: calls with a deadline, signals as they come. The only file that imports dbus_next.

Its exceptions end here; what leaves is a TaskerError. It works around what is known of the library: EAGAIN
taken for the end of the connection (its issue 153), calls that wait for ever once it has ended, handlers kept for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

from dbus_next import BusType, DBusError, Message, MessageType, Variant
from dbus_next.aio import MessageBus

from tasker.errors import Reason, TaskerError

DEADLINE = 25.0
"""Seconds for one call. Past it the bus, or who answers on it, is taken for hung."""
AT_ONCE = 64
"""Calls that wait for a reply. dbus-daemon refuses past 128."""
DBUS = "org.freedesktop.DBus"
_REPLACE = 3  # the D-Bus specification: ALLOW_REPLACEMENT | REPLACE_EXISTING


class Signal(NamedTuple):
    """`sender` is the unique name of the connection, which the bus itself vouches for."""

    sender: str
    path: str
    member: str
    body: list[Any]


class Refused(TaskerError):
    """An error reply. `name` is the D-Bus error's."""

    def __init__(self, member: str, name: str, words: str) -> None:
        super().__init__(Reason.REFUSED, f"cannot {member}: {words}")
        self.name = name


class Bus:
    """Connect with `Bus.connect`. `lost` is done when the connection has ended, and nothing works any more."""

    def __init__(self, bus: MessageBus, received: Callable[[Signal], None]) -> None:
        self._bus = bus
        self._received = received
        self._slots = asyncio.Semaphore(AT_ONCE)
        self.lost = asyncio.ensure_future(_end(bus))
        bus.add_message_handler(self._message)

    @classmethod
    async def connect(cls, address: str | None, received: Callable[[Signal], None]) -> Bus:
        """The system bus, or one at `address`; `received` takes every signal. Raises TaskerError(UNAVAILABLE)."""
        try:
            bus = MessageBus(bus_address=address, bus_type=BusType.SYSTEM)  # type: ignore[arg-type] # its hint is wrong
            bus._writer.sock = _PatientSocket(bus._sock)
            await asyncio.wait_for(bus.connect(), DEADLINE)
        except Exception as error:  # the library raises whatever it meets
            raise TaskerError(Reason.UNAVAILABLE, f"cannot reach the system bus: {error!r}") from error
        return cls(bus, received)

    async def call(
        self, name: str, path: str, interface: str, member: str, signature: str = "", *body: Any
    ) -> list[Any]:
        """The reply's arguments. Raises Refused for an error reply, TaskerError(UNAVAILABLE) where none comes."""
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
            raise Refused(member, name, str(body[0]) if body else name)
        return list(reply.body)

    async def match(self, rule: str) -> None:
        await self.call(DBUS, "/org/freedesktop/DBus", DBUS, "AddMatch", "s", rule)

    async def owner(self, name: str) -> str:
        """The unique name of the connection that owns a well-known one."""
        return str((await self.call(DBUS, "/org/freedesktop/DBus", DBUS, "GetNameOwner", "s", name))[0])

    async def own(self, name: str) -> None:
        """Take a well-known name, from whoever has it and gives it up."""
        await self.call(DBUS, "/org/freedesktop/DBus", DBUS, "RequestName", "su", name, _REPLACE)

    async def release(self, name: str) -> None:
        """Give a well-known name up."""
        await self.call(DBUS, "/org/freedesktop/DBus", DBUS, "ReleaseName", "s", name)

    def _message(self, message: Message) -> bool:
        if message.message_type is not MessageType.SIGNAL:
            return False
        self._received(Signal(message.sender, message.path, message.member, message.body))
        return True


async def _end(bus: MessageBus) -> None:
    with contextlib.suppress(Exception):  # how it ended does not matter
        await bus.wait_for_disconnect()


def variant(signature: str, value: Any) -> Any:
    """A value of the D-Bus type "v"."""
    return Variant(signature, value)


class _PatientSocket:
    """Says "0 bytes sent" where the library would take EAGAIN for the end: it then waits until there is room."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def send(self, data: memoryview) -> int:
        try:
            return int(self._sock.send(data))
        except BlockingIOError:
            return 0
