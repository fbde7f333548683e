"""`tasker doctor`: find problems on this machine and say how to fix them."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from tasker import certfiles, config
from tasker.address import LOCAL
from tasker.cli import exits
from tasker.cli.doctor import certificates, service, system
from tasker.cli.doctor.finding import Finding, Status, ok, wrong
from tasker.cli.service import settings
from tasker.cli.show.hidden import visible
from tasker.cli.show.stderr import waiting
from tasker.cli.show.stdout import print_json, print_rows
from tasker.cli.show.table import Cell
from tasker.config import Config
from tasker.errors import TaskerError
from tasker.journal import FRONTEND

USAGE = ""
EPILOG = """\
examples:
  sudo tasker doctor
  tasker doctor --json | jq -r '.checks[] | select(.verdict == "wrong") | .todo'

Where Tasker is installed as a service, it checks systemd, cgroups, the units, the memory of a frontend, certificates
and the permissions of their keys, sockets, disk space, shared memory that a logout removes, and clocks. Elsewhere, it
checks what a client needs. It changes nothing. It needs no root, but reports what only root can check. Verdicts: ok;
note, not urgent; wrong, must be fixed; unknown, could not be checked.

exit codes: 0 no problem, 1 at least one check is wrong. --json prints {"healthy": …, "checks": […]}."""

COLOURS = {Status.OK: "green", Status.NOTE: "yellow", Status.WRONG: "bold red", Status.UNKNOWN: "dim"}
SICK = 1
UNITS = (Path("/lib/systemd/system/tasker.service"), Path("/etc/systemd/system/tasker.service"))
"""One of them exists if the service is installed."""


def arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(asked: argparse.Namespace) -> int:
    """Runs all checks, then prints each finding on a line."""
    with waiting("checking units, certificates, sockets and clocks"):
        found = [*(_service() if any(unit.exists() for unit in UNITS) else ()), *_client(asked)]
    sick = any(one.status is Status.WRONG for one in found)
    if asked.json:
        print_json({"healthy": not sick, "checks": [{**asdict(one), "verdict": str(one.status)} for one in found]})
    else:
        print_rows([_row(one) for one in found], cut=False)
    return SICK if sick else exits.DONE


def _row(one: Finding) -> list[Cell]:
    text = f"{one.text}: {one.todo}" if one.todo else one.text
    return [Cell(str(one.status), COLOURS[one.status]), Cell(one.check), Cell(visible(text))]


def _service() -> Iterator[Finding]:
    """Checks a machine with the service."""
    now = time.time()
    yield system.systemd(system.output("systemctl", "--version"), Path("/run/systemd/system"))
    yield system.cgroups(Path("/sys/fs/cgroup"))
    yield system.pressure(Path("/proc"))
    try:
        known = config.load(config.DEFAULT_PATH)
        yield ok("configuration", str(config.DEFAULT_PATH))
    except TaskerError as error:
        known = Config()
        yield wrong("configuration", error.message, "fix it, then run systemctl reload tasker")
    names = system.unit_names(known.server.frontends)
    yield from system.units(system.output("systemctl", "show", "-p", system.PROPERTIES, *names), known.server.frontends)
    limit = system.output("systemctl", "show", "-p", "MemoryMax", "--value", FRONTEND)
    connections = known.server.connections * len(known.server.listen)
    yield system.frontend_memory(connections, known.server.streams, limit)
    ca = Path(known.server.ca)
    yield certificates.authority(ca, now)
    yield certificates.server(Path(known.server.certificate), ca, certfiles.own_hosts(), now)
    yield from certificates.material(Path(known.server.certificate), ca, Path(known.server.key))
    yield from certificates.keys(settings.SYSTEM, Path(known.server.key))
    yield from certificates.clients(settings.SYSTEM, now)
    yield service.engine(Path("/run/tasker.sock"))
    yield service.local(LOCAL)
    yield system.disk(Path("/var/lib/tasker"))
    owners = [path.stem for path in (settings.SYSTEM / "clients").glob("*.crt")]
    accounts = system.accounts(owners, known.accounts)
    yield system.shared_memory(system.output(*system.REMOVE_IPC), accounts, Path("/var/lib/systemd/linger"))


def _client(asked: argparse.Namespace) -> Iterator[Finding]:
    """Checks a client of a service, local or remote."""
    timedatectl = system.output("timedatectl", "show", "-p", "NTPSynchronized", "--value")
    yield system.synchronized(Path("/run/systemd/timesync"), timedatectl)
    try:
        found = settings.find(vars(asked), os.environ, settings.local_user())
    except TaskerError as error:
        text, _, todo = error.message.partition("; ")
        yield wrong("your settings", text, todo or "fix that file")
        return
    own = certificates.own(found, time.time())
    yield own
    port = service.port(found)
    yield from port
    if found.address == settings.LOCAL_ADDRESS:  # others come by the network
        yield from service.port(replace(found, address=settings.DEFAULT_ADDRESS))
    if all(one.status in (Status.OK, Status.NOTE) for one in (own, *port)):
        yield from service.call(found)
