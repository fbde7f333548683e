"""The frontends' door: who is let in, what they need to serve, and what the engine tells them by itself."""

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
"""Seconds for each answer of a frontend."""
_LAST_ANSWERS = 1.0
"""Seconds for what was asked before the end of the run; those who waited for a job learn how it ended."""


class Control:
    def __init__(self, listener: socket.socket, setup: wire.Setup) -> None:
        self._listener = listener
        self._setup = setup
        self.frontends: set[Channel] = set()
        """Those that are connected."""
        self._trusted = _trusted()  # looked up before anybody is served, since that may take its time
        listener.setblocking(False)

    def open(
        self, serve: Callable[[wire.Message], Awaitable[Reply]], watch: Callable[[Channel, wire.Watch], None]
    ) -> None:
        """Let them in. `serve` answers what they ask for a caller, `watch` is told what they want to be told."""
        self._serve_request = serve
        self._watch = watch
        asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def reload(self, setup: wire.Setup) -> None:
        """Give every frontend what it needs to serve from now on."""
        self._setup = setup
        for frontend in self.frontends:
            frontend.notify(setup)

    async def end_run(self) -> None:
        """Tell them that the service is being stopped, and that they shall not come back; after their last answers."""
        frontends = list(self.frontends)
        await asyncio.gather(*(frontend.answered(_LAST_ANSWERS) for frontend in frontends))
        for frontend in frontends:
            frontend.notify(wire.RunEnding())

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:  # gone again, or no descriptor left for it
            return
        uid = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        if uid not in self._trusted:
            log.warning("turned away a process of uid %d, who is no frontend", uid)
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
    """What a frontend needs to serve, files read. Raises TaskerError(INVALID)."""
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
        text = f"cannot use {files} and {len(server.revoked)} revoked serials: they are too much to tell a frontend"
        raise invalid(f"{text}, more than 128 KiB; leave out what has expired") from error
    return setup


def _read(path: str) -> str:
    try:
        return Path(path).read_bytes().decode("utf-8", "surrogateescape")  # text beside the PEM may be anything
    except PermissionError as error:  # the engine is root without CAP_DAC_READ_SEARCH
        text = f"cannot read {path}: {error.strerror}; let it and its directory belong to root, or be readable by all"
        raise invalid(text) from error
    except OSError as error:
        raise invalid(f"cannot read {path}: {error}; `tasker certs init` makes it") from error


def _trusted() -> set[int]:
    """Uids whose word about who is calling is taken: root's, and the frontends'."""
    try:
        return {0, os.geteuid(), pwd.getpwnam(FRONTEND_USER).pw_uid}
    except KeyError:
        return {0, os.geteuid()}
