"""A logind on the stub systemd's bus: sessions with the leaders that a test names, and the signal of each new one."""

from __future__ import annotations

from typing import Any

from dbus_next.aio.message_bus import MessageBus
from dbus_next.constants import MessageType
from dbus_next.message import Message
from dbus_next.signature import Variant

from tests.stub.settings import PROPERTIES

NAME = "org.freedesktop.login1"
ROOT = "/org/freedesktop/login1"


class StubLogind:
    """Connect with `appear`. Without the name it is any local user, who sends forged signals."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.leaders: dict[str, int] = {}
        """By the id of the session; of one that is over: 0."""
        self.killed: list[list[Any]] = []

    async def appear(self, name: str = NAME) -> None:
        self.bus = await MessageBus(bus_address=self.address).connect()
        self.bus.add_message_handler(self._received)
        if name:
            await self.bus.request_name(name)

    def new_session(self, id: str, leader: int, to: str | None = None) -> None:
        """SessionNew, to everybody who listens or straight `to` one connection."""
        self.leaders[id] = leader
        signal = Message.new_signal(ROOT, f"{NAME}.Manager", "SessionNew", "so", [id, _path(id)])
        if to is not None:
            signal.destination = to
        self.bus.send(signal)

    def _received(self, message: Message) -> bool:
        if message.message_type is not MessageType.METHOD_CALL:
            return False
        if message.member == "ListSessions":
            rows = [[id, 0, "root", "", _path(id)] for id in self.leaders]
            self.bus.send(Message.new_method_return(message, "a(susso)", [rows]))
            return True
        if message.member == "KillSession":
            self.killed.append(message.body)
            self.bus.send(Message.new_method_return(message))
            return True
        leader = next((pid for id, pid in self.leaders.items() if message.path == _path(id)), 0)
        if message.interface == PROPERTIES and leader:
            self.bus.send(Message.new_method_return(message, "v", [Variant("u", leader)]))
        else:
            error = "org.freedesktop.DBus.Error.UnknownObject"
            self.bus.send(Message.new_error(message, error, f"Unknown object '{message.path}'."))
        return True


def _path(id: str) -> str:
    """As logind writes it: a first digit is escaped."""
    return f"{ROOT}/session/" + (f"_3{id}" if id[0].isdigit() else id)
