"""The frontends' door: what they may ask for, as a table, and what the engine tells them."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tasker import wire
from tasker.channel import Channel, Reply
from tasker.config import Config
from tasker.engine.jobs import Jobs
from tasker.errors import invalid
from tasker.identity import Identity
from tasker.job import Job
from tasker.policy import allowed, demand

log = logging.getLogger(__name__)

FRONTEND_USER = "tasker"


class Control:
    def __init__(self, listener: socket.socket, jobs: Jobs, collector: Channel, setup: wire.Setup) -> None:
        self._listener = listener
        self._jobs = jobs
        self._collector = collector
        self._setup = setup
        self._frontends: set[Channel] = set()
        self._requests: dict[type[wire.Message], Callable[[Any], Awaitable[Reply]]] = {
            wire.Connect: self._connect,
            wire.StartJob: self._start,
            wire.StopJob: self._stop,
            wire.GetJob: self._get,
            wire.ListJobs: self._list,
            wire.AttachJob: self._attach,
            wire.DetachJob: self._detach,
            wire.WaitJob: self._wait,
        }
        listener.setblocking(False)
        asyncio.get_running_loop().add_reader(listener, self._accept)

    def reload(self, setup: wire.Setup) -> None:
        """Give every frontend what it needs to serve from now on."""
        self._setup = setup
        for frontend in self._frontends:
            frontend.notify(setup)

    def end_run(self) -> None:
        """Tell them that the service is being stopped, and that they shall not come back."""
        for frontend in self._frontends:
            frontend.notify(wire.RunEnding())

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except BlockingIOError:
            return
        uid = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        if uid not in _trusted():
            log.warning("turned away a process of uid %d, who is no frontend", uid)
            sock.close()
            return
        frontend = Channel(sock, serve=self._serve, notice=lambda _channel, _message: None)
        self._frontends.add(frontend)
        frontend.closed.add_done_callback(lambda _: self._frontends.discard(frontend))

    async def _serve(self, _frontend: Channel, message: wire.Message) -> Reply:
        try:
            serve = self._requests[type(message)]
        except KeyError:
            raise invalid(f"cannot serve {type(message).__name__}: it is no request to an engine") from None
        return await serve(message)

    async def _connect(self, _: wire.Connect) -> Reply:
        return self._setup, ()

    async def _start(self, request: wire.StartJob) -> Reply:
        return wire.JobReply(await self._jobs.start(request.caller, request.spec)), ()

    async def _stop(self, request: wire.StopJob) -> Reply:
        entry = self._jobs.table.find(request.job)
        job = await self._jobs.stop(request.caller, entry, request.grace)
        return wire.JobReply(_shown(job, request.caller)), ()

    async def _get(self, request: wire.GetJob) -> Reply:
        entry = self._jobs.table.find(request.job)
        demand("get", request.caller, what=f"job {entry.job.id}", owner=entry.job.owner)
        return wire.JobReply(_shown(entry.job, request.caller)), ()

    async def _list(self, request: wire.ListJobs) -> Reply:
        demand("list", request.caller, what="jobs")
        page, token = self._jobs.table.page(request.owner, request.running, request.page)
        return wire.JobsReply(tuple(_shown(job, request.caller) for job in page), token), ()

    async def _attach(self, request: wire.AttachJob) -> Reply:
        entry = self._jobs.table.find(request.job)
        demand("attach", request.caller, what=f"job {entry.job.id}", owner=entry.job.owner)
        await entry.settled.wait()
        _, descriptors = await self._collector.request_with_descriptors(wire.Follow(entry.job.id))
        return wire.JobReply(_shown(entry.job, request.caller)), descriptors

    async def _detach(self, request: wire.DetachJob) -> Reply:
        entry = self._jobs.table.find(request.job)
        demand("detach", request.caller, what=f"job {entry.job.id}", owner=entry.job.owner)
        asked = [f.request(wire.EndStreams(entry.job.id, request.caller.name)) for f in self._frontends]
        replies = await asyncio.gather(*asked, return_exceptions=True)
        return wire.Streams(sum(reply.count for reply in replies if isinstance(reply, wire.Streams))), ()

    async def _wait(self, request: wire.WaitJob) -> Reply:
        entry = self._jobs.table.find(request.job)
        demand("attach", request.caller, what=f"job {entry.job.id}", owner=entry.job.owner)
        await entry.over.wait()
        return wire.JobReply(_shown(entry.job, request.caller)), ()


def setup_of(config: Config) -> wire.Setup:
    """What a frontend needs to serve, files read. Raises TaskerError(INVALID)."""
    server = config.server
    return wire.Setup(
        listen=server.listen,
        frontends=server.frontends,
        streams_per_user=server.streams_per_user,
        streams=server.streams,
        ca=_read(server.ca),
        certificate=_read(server.certificate),
        key=_read(server.key),
        revoked=server.revoked,
    )


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise invalid(f"cannot read {path}: {error}; `tasker certs init` makes it") from error


def _shown(job: Job, caller: Identity) -> Job:
    """As `caller` may see it: environment values are for those who manage it."""
    if allowed("see environment", caller, job.owner):
        return job
    names = dict.fromkeys(job.spec.environment, "")
    return dataclasses.replace(job, spec=dataclasses.replace(job.spec, environment=names))


def _trusted() -> set[int]:
    """Uids whose word about who is calling is taken: root's, and the frontends'."""
    try:
        return {0, os.geteuid(), pwd.getpwnam(FRONTEND_USER).pw_uid}
    except KeyError:
        return {0, os.geteuid()}
