"""The stub systemd's end of the bus: calls in, each answered by one of its methods, and signals out."""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any

from dbus_next.aio.message_bus import MessageBus
from dbus_next.constants import MessageType
from dbus_next.message import Message
from dbus_next.signature import Variant

from tests.stub.settings import MANAGER, NAME, PROPERTIES, ROOT, SCOPE, UNIT, Refusal
from tests.stub.unit import Unit

Method = Callable[[Message], Awaitable[list[Any] | None]]


class PatientSocket:
    """What dbus-next writes to. Its writer takes a full socket for the end of the connection, but goes on after 0."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def send(self, data: memoryview) -> int:
        try:
            return self._sock.send(data)
        except BlockingIOError:
            return 0


class OnBus(ABC):
    """One bus connection, replaced at a reexec."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.units: dict[str, Unit] = {}
        self.subscribers: set[str] = set()
        self.up = False
        self.tasks: set[asyncio.Task[None]] = set()
        self.methods: dict[tuple[str, str], tuple[str, str, Method]] = {}
        """By interface and member: the signatures of what it takes and gives."""

    @abstractmethod
    def client_gone(self, name: str) -> None:
        """A connection has ended."""

    async def connect(self) -> None:
        bus = MessageBus(bus_address=self.address)
        bus._writer.sock = PatientSocket(bus._sock)
        self.bus = await bus.connect()
        rule = "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg2=''"
        await self.ask_bus("AddMatch", "s", [rule])
        self.bus.add_message_handler(self.received)
        await self.bus.request_name(NAME)
        self.up = True

    async def ask_bus(self, member: str, signature: str = "", body: list[Any] | None = None) -> None:
        bus = "org.freedesktop.DBus"
        await self.bus.call(Message(bus, "/org/freedesktop/DBus", bus, member, signature=signature, body=body or []))

    def received(self, message: Message) -> bool:
        if message.message_type is MessageType.SIGNAL and message.member == "NameOwnerChanged":
            name, _, new = message.body
            if name.startswith(":") and not new:
                self.client_gone(name)
            for unit in self.units.values():
                if unit.settings["Controller"] == name:
                    unit.settings["Controller"] = ""
        elif message.message_type is MessageType.METHOD_CALL and message.interface in (MANAGER, PROPERTIES):
            task = asyncio.get_running_loop().create_task(self.answer(message))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
            return True
        return False

    async def answer(self, message: Message) -> None:
        key = (message.interface, message.member)
        try:
            if key not in self.methods:
                raise Refusal("org.freedesktop.DBus.Error.UnknownMethod", f"Unknown method {message.member}.")
            takes, _, method = self.methods[key]
            if message.signature != takes:
                raise Refusal(
                    "org.freedesktop.DBus.Error.InvalidArgs",
                    f"Invalid arguments '{message.signature}' to call {message.member}(), expecting '{takes}'.",
                )
            body = await method(message)
            if body is not None:
                self.reply(message, body)
        except Refusal as refusal:
            self.bus.send(Message.new_error(message, refusal.name, refusal.text))

    def reply(self, message: Message, body: list[Any]) -> None:
        gives = self.methods[message.interface, message.member][1]
        self.bus.send(Message.new_method_return(message, gives, body))

    def emit(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        if self.subscribers and self.up:
            self.bus.send(Message.new_signal(path, interface, member, signature, body))

    def manager_signal(self, member: str, signature: str, *body: Any) -> None:
        self.emit(ROOT, MANAGER, member, signature, list(body))

    def changed(self, unit: Unit, **scope: Variant) -> None:
        """PropertiesChanged on both interfaces, the scope's own first."""
        body = [SCOPE, {"Result": Variant("s", unit.result), **scope}, []]
        self.emit(unit.path, PROPERTIES, "PropertiesChanged", "sa{sv}as", body)
        names = ("ActiveState", "SubState", "Job", "ActiveEnterTimestamp", "InactiveEnterTimestamp")
        values = unit.unit_properties()
        body = [UNIT, {name: values[name] for name in names}, []]
        self.emit(unit.path, PROPERTIES, "PropertiesChanged", "sa{sv}as", body)
