"""The frontends' door."""

from __future__ import annotations

import asyncio
import pwd
import socket
from pathlib import Path

import pytest

from tasker import wire
from tasker.channel import Channel, Reply
from tasker.engine.control import Control
from tasker.errors import invalid
from tests.waiting import DEADLINE

SETUP = wire.Setup((), 1, 1, 1, "", "", "", ())


async def nothing(_channel: Channel, message: wire.Message) -> Reply:
    raise invalid(f"cannot serve {message}")


def test_who_is_let_in_is_looked_up_before_anybody_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name service may take its time, and would hold up every job."""

    def late(name: str) -> pwd.struct_passwd:
        raise AssertionError(f"looked {name} up")

    async def main() -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(str(tmp_path / "engine.sock"))
            listener.listen()
            control = Control(listener, SETUP)
            control.open(lambda message: nothing(frontend, message), lambda _channel, _watch: None)
            monkeypatch.setattr(pwd, "getpwnam", late)
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            sock.connect(str(tmp_path / "engine.sock"))
            frontend = Channel(sock, serve=nothing, notice=lambda _channel, _message: None)
            assert await asyncio.wait_for(frontend.request(wire.Connect()), DEADLINE) == SETUP
            frontend.close()
            await next(iter(control.frontends)).closed
            asyncio.get_running_loop().remove_reader(listener)

    asyncio.run(main())
