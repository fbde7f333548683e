"""The engine's socket for frontends: checks which processes may connect, and sends them the Setup and notices."""

from __future__ import annotations

import asyncio
import logging
import os
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path

from tasker import wire
from tasker.channel import Channel, Reply
from tasker.config import Config
from tasker.errors import invalid

log = logging.getLogger(__name__)

FRONTEND_USER = "tasker"
_DEADLINE = 30.0
"""Seconds for each reply of a frontend."""
_LAST_ANSWERS = 1.0
"""Seconds for pending requests at the end of the run, so that waiting callers learn how their job ended."""


class Control:
    def __init__(self, listener: socket.socket, setup: wire.Setup) -> None:
        self._listener = listener
        self._setup = setup
        self.frontends: set[Channel] = set()
        """The connected frontends."""
        self._trusted = _trusted()  # looked up before serving, because it may take time
        listener.setblocking(False)

    def open(
        self, serve: Callable[[wire.Message], Awaitable[Reply]], watch: Callable[[Channel, wire.Watch], None]
    ) -> None:
        """Accepts frontends. `serve` handles the requests of callers, `watch` the Watch requests of frontends."""
        self._serve_request = serve
        self._watch = watch
        asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def reload(self, setup: wire.Setup) -> None:
        """Sends every frontend a new Setup."""
        self._setup = setup
        for frontend in self.frontends:
            frontend.notify(setup)

    async def end_run(self) -> None:
        """Waits for pending requests, then sends every frontend RunEnding, so that none connects again."""
        frontends = list(self.frontends)
        await asyncio.gather(*(frontend.answered(_LAST_ANSWERS) for frontend in frontends))
        for frontend in frontends:
            frontend.notify(wire.RunEnding())

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:  # the frontend has disconnected, or no descriptor is left
            return
        uid = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        if uid not in self._trusted:
            log.warning("refused a connection of uid %d, which is not the frontend's", uid)
            sock.close()
            return
        frontend = Channel(sock, serve=self._serve, notice=lambda _channel, _message: None, deadline=_DEADLINE)
        self.frontends.add(frontend)
        frontend.closed.add_done_callback(lambda _: self.frontends.discard(frontend))

    async def _serve(self, frontend: Channel, message: wire.Message) -> Reply:
        if isinstance(message, wire.Connect):
            return self._setup, ()
        if isinstance(message, wire.Watch):
            self._watch(frontend, message)
            return wire.Done(), ()
        return await self._serve_request(message)


def setup_of(config: Config) -> wire.Setup:
    """The Setup for frontends, with the contents of the files. Raises TaskerError(INVALID)."""
    server = config.server
    setup = wire.Setup(
        listen=server.listen,
        frontends=server.frontends,
        streams_per_user=server.streams_per_user,
        streams=server.streams,
        ca=_read(server.ca),
        certificate=_read(server.certificate),
        key=_read(server.key),
        revoked=server.revoked,
        connections=server.connections,
    )
    try:
        wire.encode(0, setup)
    except wire.WireError as error:
        files = f"{server.ca}, {server.certificate}, {server.key}"
        text = f"cannot use {files} and {len(server.revoked)} revoked serials: together they are too large"
        raise invalid(f"{text}, more than 128 KiB; remove what has expired") from error
    return setup


def _read(path: str) -> str:
    try:
        return Path(path).read_bytes().decode("utf-8", "surrogateescape")  # any text may surround the PEM
    except PermissionError as error:  # the engine is root without CAP_DAC_READ_SEARCH
        text = f"cannot read {path}: {error.strerror}; chown it and its directory to root, or make both readable"
        raise invalid(text) from error
    except OSError as error:
        raise invalid(f"cannot read {path}: {error}; `tasker certs init` makes it") from error


def _trusted() -> set[int]:
    """Returns the uids that may connect and are trusted to name the caller: root and the user of the frontends."""
    try:
        return {0, os.geteuid(), pwd.getpwnam(FRONTEND_USER).pw_uid}
    except KeyError:
        return {0, os.geteuid()}
