"""python -m tasker.frontend: builds the objects in order, serves until SIGTERM or the end of the run.

Exit codes: 0 told to stop, 1 could not serve (the journal says why).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tasker import journal, wire
from tasker.errors import TaskerError
from tasker.frontend import local
from tasker.frontend.connections import Connections
from tasker.frontend.engine import DEFAULT_PATH, Engine
from tasker.frontend.handshakes import Handshakes, divert
from tasker.frontend.logins import Logins
from tasker.frontend.server import Server
from tasker.frontend.servicer import Servicer
from tasker.frontend.streams import Streams
from tasker.frontend.tls import Material
from tasker.frontend.watch import Watches
from tasker.logsetup import to_journal
from tasker.notify import notify, watchdog_interval

log = logging.getLogger("tasker.frontend")


class Frontend:
    """The objects that are reloaded and stopped."""

    def __init__(self, path: Path, trail: journal.Journal, logins: Logins, *, unnoticed: bool = False) -> None:
        """`unnoticed`: `connecting` is never called."""
        self._trail = trail
        self._logins = logins
        self._unnoticed = unnoticed
        self._watches = Watches()
        self._engine = Engine(
            path,
            reloaded=self._reload,
            end_streams=self._end_streams,
            connected=self._watches.connected,
            received=self._watches.received,
        )
        self._material: Material | None = None
        self._streams: Streams | None = None
        self._connections: Connections | None = None

    def connecting(self) -> None:
        """Called when a client connects."""
        if self._connections is not None:
            self._connections.check_soon()

    async def open(self) -> wire.Setup | None:
        """Waits for the engine, for as long as it takes; None if the run ended before it answered."""
        try:
            return await self._engine.open()
        except TaskerError:
            if self._engine.run_ending.is_set():
                return None
            raise

    async def serve(self, setup: wire.Setup, stop: asyncio.Event) -> None:
        """Serves until `stop` or the end of the run. Raises TaskerError if it cannot begin."""
        self._material = Material(setup)
        self._streams = Streams(self._material, total=setup.streams, per_user=setup.streams_per_user)
        self._connections = Connections(setup.connections, self._material, self._trail, unnoticed=self._unnoticed)
        service = Servicer(self._engine, self._streams, self._watches)
        server = Server(setup, self._material, service, self._logins, self._connections.callers)
        where = ", ".join(await server.start(setup.listen))
        log.info("listening on %s", where)
        notify("READY=1", f"STATUS=Listening on {where}")
        await self._until_stopped(stop)
        notify("STOPPING=1")
        if self._engine.run_ending.is_set():
            self._streams.hurry_all()
        else:
            self._streams.end_all()
        await server.stop(self._streams)
        self._connections.close()
        await self._engine.close()

    async def _until_stopped(self, stop: asyncio.Event) -> None:
        waits = [asyncio.create_task(event.wait()) for event in (stop, self._engine.run_ending)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    def _reload(self, setup: wire.Setup) -> None:
        if self._material is None or self._streams is None or self._connections is None:
            return
        try:
            self._material.replace(setup)
        except TaskerError as error:
            log.error("cannot reload; keeping the previous certificates and deny list: %s", error.message)
            return
        self._streams.resize(total=setup.streams, per_user=setup.streams_per_user)
        self._streams.judge_all()
        self._connections.callers.judge_all()
        log.info("reloaded certificates and the deny list")

    def _end_streams(self, job: str, user: str) -> int:
        return self._streams.end(job, user) if self._streams is not None else 0


async def run(path: Path, trail: Path, grpc_log: int | None, socket: Path | None) -> None:
    """Serves and feeds systemd's watchdog until SIGTERM or SIGINT. `grpc_log`: see `divert`; `socket`: see `local`."""
    watchdog = asyncio.create_task(_feed(watchdog_interval()))
    audit = journal.Journal(trail)
    logins = Logins(audit)
    handshakes = Logins(audit, "failed TLS handshake")  # not the rate limit of clients with certificates
    frontend = Frontend(path, audit, logins, unnoticed=grpc_log is None)
    try:
        if grpc_log is not None:
            Handshakes(handshakes.refused).listen(grpc_log, frontend.connecting)
        setup = await frontend.open()
        if setup is None:
            return  # not a failure: systemd would restart the frontend
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):  # from here on there is something to take leave of
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await frontend.serve(setup if socket is None else local.only(socket, setup), stop)
    finally:
        watchdog.cancel()
        logins.close()
        handshakes.close()


async def _feed(interval: float | None) -> None:
    while interval is not None:
        notify("WATCHDOG=1")
        await asyncio.sleep(interval)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tasker-frontend", description="Tasker's frontend; systemd starts it.")
    parser.add_argument("--engine", type=Path, default=DEFAULT_PATH, help="the engine's socket (%(default)s)")
    parser.add_argument("--journal", type=Path, default=journal.SOCKET, help="the journal's socket (%(default)s)")
    parser.add_argument("--local", type=Path, metavar="SOCKET", help="listen on this unix socket, and nowhere else")
    chosen = parser.parse_args(arguments)
    grpc_log = divert()
    to_journal()
    try:
        asyncio.run(run(chosen.engine, chosen.journal, grpc_log, chosen.local))
    except TaskerError as error:
        log.error("%s", error.message)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
