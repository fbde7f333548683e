"""The frontends' door."""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tasker import certfiles, wire
from tasker.channel import Channel, Reply
from tasker.engine.control import Control
from tasker.errors import invalid
from tests.stub.control import REPOSITORY
from tests.support.waiting import DEADLINE

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


def test_a_key_of_another_users_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """As in tasker.service: root without capabilities."""
    tmp_path.chmod(0o755)
    certfiles.init(tmp_path, ["localhost"])
    config = tmp_path / "tasker.toml"
    names = {"ca": "ca.crt", "certificate": "server.crt", "key": "server.key"}
    config.write_text("[server]\n" + "".join(f'{key} = "{tmp_path / name}"\n' for key, name in names.items()))
    check = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", "--", sys.executable, "-m", "tasker.engine"]
    check += ["--check", "--config", str(config)]
    key = tmp_path / "server.key"
    for owner in (0, 65533):
        os.chown(key, owner, -1)
        done = subprocess.run(check, cwd=REPOSITORY, capture_output=True, text=True, timeout=DEADLINE, check=False)
        words = f"cannot read {key}: Permission denied; chown it and its directory to root, or make both readable"
        assert (done.returncode == 0, words in done.stderr) == (owner == 0, owner != 0), done.stderr
