"""Checks of the running service: the engine's socket, TLS on the port, and a call."""

from __future__ import annotations

import grp
import ssl
import stat
import time
from pathlib import Path

from tasker import certs
from tasker.address import parse
from tasker.cli.doctor.finding import Finding, note, ok, unseen, wrong
from tasker.cli.service import settings
from tasker.cli.service.connection import client_of
from tasker.cli.service.settings import Settings
from tasker.cli.show.info import CLOCKS
from tasker.client.explain import handshake
from tasker.errors import TaskerError
from tasker.info import Info
from tasker.journal import LOCAL_FRONTEND
from tasker.quantity import format_duration

GROUP = "tasker"


def engine(path: Path) -> Finding:
    """Checks the engine's socket, /run/tasker.sock: mode 0660, group tasker."""
    check = "engine socket"
    try:
        seen = path.stat()
    except FileNotFoundError:
        return wrong(check, f"{path} does not exist", "run systemctl enable --now tasker")
    except OSError as error:
        return unseen(check, error)
    if not stat.S_ISSOCK(seen.st_mode):
        return wrong(check, f"{path} is not a socket", "remove it, then run systemctl restart tasker.socket")
    if stat.S_IMODE(seen.st_mode) != 0o660 or _group(seen.st_gid) != GROUP:
        text = f"{path} has mode {stat.S_IMODE(seen.st_mode):04o} and group {_group(seen.st_gid)}"
        return wrong(check, text, f"it must have mode 0660 and group {GROUP}; run systemctl restart tasker.socket")
    return ok(check, f"{path}, for root and the group {GROUP}")


def local(path: Path) -> Finding:
    """Checks the local frontend's socket: only root and the frontends' user may enter its directory."""
    check = "local socket"
    try:
        seen, there = path.parent.stat(), stat.S_ISSOCK(path.stat().st_mode)
    except FileNotFoundError:
        return wrong(check, f"there is no {path}", f"systemctl restart {LOCAL_FRONTEND}")
    except OSError as error:
        return unseen(check, error)
    mode, group = stat.S_IMODE(seen.st_mode), _group(seen.st_gid)
    if not there or mode != 0o700 or group != GROUP:
        text = f"{path} is {'a' if there else 'no'} socket, its directory {mode:04o}, of the group {group}"
        return wrong(check, text, f"the directory has to be 0700 and {GROUP}'s: systemctl restart {LOCAL_FRONTEND}")
    return ok(check, f"{path}, for root")


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def port(found: Settings) -> list[Finding]:
    """Checks that the port speaks only TLS 1.3, with a certificate signed by the CA for that host."""
    try:
        address = parse(found.address)
        check = "local TLS" if address.path else "port"
        authority = certs.authorities(settings.read(found).ca)
    except TaskerError:
        return []  # the finding of the certificate reports it
    refused = handshake(address, authority)
    if refused is not None:
        text, _, todo = refused.message.partition("; ")
        return [wrong(check, text, todo)]
    if handshake(address, authority, ssl.TLSVersion.TLSv1_2) is None:
        todo = "it is not Tasker, or a proxy terminates TLS for it"
        return [wrong(check, f"{found.address} accepts TLS 1.2, which is not safe enough", todo)]
    return [ok(check, f"{found.address} speaks TLS 1.3 and refuses TLS 1.2")]


def call(found: Settings) -> list[Finding]:
    """Checks a call like that of any verb, and the service's clock against the local clock."""
    try:
        with client_of(found) as client:
            client.info()  # connects
            before = time.time()
            info = client.info()
            return [_answered(info, found.address), clock(info.time - (before + time.time()) / 2)]
    except TaskerError as error:
        text, _, todo = error.message.partition("; ")
        return [wrong("service", text, todo or "try tasker info")]


def _answered(info: Info, address: str) -> Finding:
    who = f"{info.caller.name}, {info.caller.role}"
    return ok("service", f"tasker {info.version} on {info.hostname} answers you, {who}, over {address}")


def clock(difference: float) -> Finding:
    """Checks the clocks. `difference`: seconds by which the service's clock is ahead."""
    if abs(difference) <= CLOCKS:
        return ok("clocks", "the service's clock and the local clock agree")
    where = "ahead of" if difference > 0 else "behind"
    text = f"the service's clock is {format_duration(abs(difference))} {where} the local clock"
    return note("clocks", text, "synchronise both: run timedatectl set-ntp true")
