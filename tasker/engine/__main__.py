"""`python -m tasker.engine`: builds the objects, in order, and runs until SIGTERM or until the bus or the collector is
lost."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from tasker import config, journal, wire
from tasker.engine import names
from tasker.engine.accounts import Accounts
from tasker.engine.archive import Archive
from tasker.engine.archive_files import ArchiveFiles
from tasker.engine.audit import AuditTrail
from tasker.engine.backends import Backends
from tasker.engine.bus import Bus
from tasker.engine.capacity import Capacity
from tasker.engine.collector import Collector
from tasker.engine.control import Control, setup_of
from tasker.engine.deactivations import Deactivations
from tasker.engine.jobs import Jobs
from tasker.engine.jobtable import JobTable
from tasker.engine.launcher import Launcher
from tasker.engine.loginsessions import LoginSessions
from tasker.engine.quotas import Quotas
from tasker.engine.reconcile import reconcile
from tasker.engine.requests import Requests
from tasker.engine.retention import Retention
from tasker.engine.run_times import RunTimes
from tasker.engine.starts import Starts
from tasker.engine.stops import Stops
from tasker.engine.systemd import Systemd
from tasker.engine.tasks import Tasks
from tasker.engine.watchers import Watchers
from tasker.errors import Reason, TaskerError, invalid
from tasker.logsetup import to_journal
from tasker.notify import notify, watchdog_interval

log = logging.getLogger(__name__)

_EX_CONFIG = 78  # sysexits.h
_LISTEN_FDS_START = 3  # sd_listen_fds(3)


def main() -> int:
    arguments = _arguments()
    to_journal()
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))  # one per cgroup of a job
    try:
        settings = config.load(arguments.config)
        setup = setup_of(settings)
        if arguments.check:
            _check(setup)
            return 0
        return asyncio.run(_run(arguments, settings, setup))
    except TaskerError as error:
        log.error("%s", error.message)
        return _EX_CONFIG if error.reason is Reason.INVALID else 1


def _check(setup: wire.Setup) -> None:
    """Raises TaskerError if the certificates do not belong together."""
    from tasker import certs  # here: the engine itself runs without cryptography

    ca, certificate, key = setup.files()
    certs.rewritten(ca, certs.Pair(certificate, key))


async def _run(arguments: argparse.Namespace, settings: config.Config, setup: wire.Setup) -> int:
    with contextlib.closing(AuditTrail(arguments.journal)) as trail:
        return await _serve(arguments, settings, setup, trail)


async def _serve(arguments: argparse.Namespace, settings: config.Config, setup: wire.Setup, trail: AuditTrail) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)

    bus = await Bus.connect(arguments.bus)
    systemd = await Systemd.connect(bus)
    accounts, table = Accounts(arguments.state / "uids", settings), JobTable()
    capacity = Capacity.of_machine(Path("/proc/sys/kernel"), arguments.cgroups)
    quotas = Quotas(settings, capacity, table)
    collector = await Collector.connect(arguments.collector)
    tasks = Tasks()
    archive = Archive(ArchiveFiles(arguments.state / "archive", collector.run), table, collector, tasks)
    retention = Retention(settings.retention, table, archive, trail, tasks)
    backends = Backends(collector, systemd, trail, tasks, arguments.cgroups)
    jobs = Jobs(settings, table, backends, quotas, accounts, retention)
    launcher = Launcher(collector, systemd, jobs.slices, jobs.events, arguments.cgroups)
    starts = Starts(jobs, launcher, accounts, retention)
    stops = Stops(jobs, collector, trail, tasks)
    RunTimes(jobs, stops)
    collector.listen(jobs)
    await reconcile(jobs, stops, collector, systemd, archive, tasks)
    await Deactivations(jobs, stops).open()
    await LoginSessions(bus, jobs).open()
    retention.apply()
    await jobs.slices.refresh()
    control = Control(_listener(arguments.socket), setup)
    requests = Requests(jobs, starts, stops, retention, control.frontends)
    control.open(requests.serve, Watchers(jobs.table).watch)
    loop.add_signal_handler(signal.SIGHUP, _reload, arguments.config, jobs, control, retention)
    _feed_watchdog(loop)
    notify("READY=1", "STATUS=Serving.")

    asked = asyncio.ensure_future(stopping.wait())
    ends: list[asyncio.Future[Any]] = [asked, bus.lost, collector.closed]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    if not stopping.is_set():
        log.error(
            "cannot continue: the %s is gone; restarting", "collector" if collector.closed.done() else "system bus"
        )
        await archive.close(run_is_over=False)
        return 1
    notify("STOPPING=1")
    stop = await _is_stop(systemd)
    if stop:
        await stops.end_run()
        await control.end_run()
    await archive.close(run_is_over=stop)
    return 0


def _reload(path: Path, jobs: Jobs, control: Control, retention: Retention) -> None:
    """Handles SIGHUP. A file that cannot be used changes nothing."""
    notify("RELOADING=1")
    try:
        settings = config.load(path)
        control.reload(setup_of(settings))
        jobs.reload(settings)
        retention.limits = settings.retention
        retention.apply()
        log.info("reloaded %s", path)
    except TaskerError as error:
        log.error("cannot reload; keeping the previous configuration: %s", error.message)
    notify("READY=1")


async def _is_stop(systemd: Systemd) -> bool:
    """Whether systemd is stopping the service, and with it the run, or only restarting it."""
    try:
        await systemd.leave()  # before asking: once the answer is known, systemd must end the scopes itself
        return await systemd.job_type(names.SERVICE) == "stop"
    except TaskerError as error:
        log.warning("cannot determine whether the service stops or restarts: %s", error.message)
        return False


def _listener(path: Path | None) -> socket.socket:
    """The listening socket from systemd, or a new one at `path`."""
    if path is None:
        if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS") != "1":
            raise invalid("cannot serve without a socket: start tasker.service, or give --socket")
        return socket.socket(fileno=_LISTEN_FDS_START)
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
    sock.bind(str(path))
    sock.listen(128)
    return sock


def _feed_watchdog(loop: asyncio.AbstractEventLoop) -> None:
    interval = watchdog_interval()
    if interval is not None:
        notify("WATCHDOG=1")
        loop.call_later(interval, _feed_watchdog, loop)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tasker-engine", description=__doc__)
    parser.add_argument("--config", type=Path, default=config.DEFAULT_PATH)
    parser.add_argument("--check", action="store_true", help="only read the configuration and what it names")
    parser.add_argument("--collector", type=Path, default=Path("/run/tasker-collector/control.sock"))
    parser.add_argument("--socket", type=Path, help="listen here (default: the socket handed over by systemd)")
    parser.add_argument("--state", type=Path, default=Path("/var/lib/tasker"))
    parser.add_argument("--bus", help="D-Bus address (default: the system bus)")
    parser.add_argument("--cgroups", type=Path, default=Path("/sys/fs/cgroup"))
    parser.add_argument("--journal", type=Path, default=journal.SOCKET)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
