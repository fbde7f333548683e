"""Checks of certificates and keys: those of the service, those of clients in /etc/tasker, and the caller's own."""

from __future__ import annotations

import stat
import time
from collections.abc import Sequence
from pathlib import Path

from tasker import certs
from tasker.certs import Pair
from tasker.cli.doctor.finding import Finding, note, ok, unseen, wrong
from tasker.cli.service import settings
from tasker.cli.service.settings import Settings
from tasker.cli.show.info import SOON
from tasker.client.explain import judge
from tasker.errors import TaskerError
from tasker.quantity import format_duration


def authority(ca: Path, now: float) -> Finding:
    """Checks the CA's certificate. `ca`: [server] ca of tasker.toml."""
    check = "CA"
    try:
        seen = certs.describe(ca.read_bytes())
    except FileNotFoundError:
        return wrong(check, f"{ca} does not exist", "run sudo tasker certs init, or set [server] ca in tasker.toml")
    except OSError as error:
        return unseen(check, error)
    except TaskerError as error:
        return wrong(check, f"{ca}: {error.message}", "put the CA's certificate there")
    if seen.kind != "ca":
        return wrong(check, f"{ca} is not the certificate of a CA", "put the CA's certificate there")
    renew = "run tasker certs init --force in time; then all clients need new certificates"
    return _dated(check, str(ca), seen.not_before, seen.not_after, now, renew)


def server(certificate: Path, ca: Path, hosts: Sequence[str], now: float) -> Finding:
    """Checks the server's certificate, and whether it contains one of `hosts`, the names of this machine."""
    check, renew = "server certificate", "run sudo tasker certs server --force, then systemctl reload tasker"
    try:
        pem = certificate.read_bytes()
        seen, signed = certs.describe(pem), certs.is_signed_by(pem, ca.read_bytes())
    except FileNotFoundError as error:
        return wrong(check, f"{error.filename} does not exist", renew.replace(" --force", ""))
    except OSError as error:
        return unseen(check, error)
    except TaskerError as error:
        return wrong(check, f"{certificate}: {error.message}", renew)
    if seen.kind != "server":
        return wrong(check, f"{certificate} is not the certificate of a server", renew)
    if not signed:
        return wrong(check, f"{certificate} was not signed by {ca}", renew)
    found = _dated(check, f"for {' '.join(seen.hosts)}", seen.not_before, seen.not_after, now, renew)
    if found.todo or any(host in seen.hosts for host in hosts):
        return found
    host = hosts[0] if hosts else "NAME"
    todo = f"run sudo tasker certs server --force --host {host}, unless clients use other names"
    return note(check, f"it is for {' '.join(seen.hosts)}, not for this machine ({' '.join(hosts)})", todo)


def material(certificate: Path, ca: Path, key: Path) -> list[Finding]:
    """Checks that the service can use the three files at its next start or reload; no finding if it can."""
    try:
        certs.rewritten(ca.read_bytes(), Pair(certificate.read_bytes(), key.read_bytes()))
    except OSError:
        return []  # other findings report it
    except TaskerError as error:
        text, _, todo = error.message.partition("; ")
        return [wrong("server certificate", text, todo)]
    return []


def keys(directory: Path, key: Path) -> list[Finding]:
    """Checks the permissions of private keys: `key`, the server's, and those in `directory`, /etc/tasker."""
    paths = dict.fromkeys([directory / "ca.key", key, *sorted((directory / "clients").glob("*.key"))])
    found, good = [], 0
    for path in paths:
        try:
            seen = path.stat()
        except FileNotFoundError:
            if path == key:
                todo = "run sudo tasker certs server --force, then systemctl reload tasker"
                found.append(wrong("keys", f"{path} does not exist", todo))
            continue
        except OSError as error:
            found.append(unseen("keys", error))
            continue
        if seen.st_mode & 0o077:
            text = f"{path} has mode {stat.S_IMODE(seen.st_mode):04o}: others may read or write it"
            found.append(wrong("keys", text, f"run chmod 600 {path}, and make a new key if somebody may have read it"))
        else:
            good += 1
    return found or [ok("keys", f"{good} in {directory}, each readable by its owner only")]


def own(found: Settings, now: float) -> Finding:
    """Checks the caller's certificate and key as the service checks them."""
    check = "your certificate"
    try:
        material = settings.read(found)
        certified = judge(material.certificate, material.ca)
        certified.check_dates(now)
        certs.rewritten(material.ca, Pair(material.certificate, material.key))
    except TaskerError as error:
        text, _, todo = error.message.partition("; ")
        return wrong(check, text, todo or f"check {found.cert}")
    mode = found.key.stat().st_mode
    if mode & 0o077:
        return wrong(check, f"others may read or write its key, {found.key}", f"run chmod 600 {found.key}")
    who = f"{certified.identity.name}, {certified.identity.role}"
    renew = "ask an admin for a new one (tasker certs client)"
    return _dated(check, f"{who} ({found.cert})", certified.not_before, certified.not_after, now, renew)


def clients(directory: Path, now: float) -> list[Finding]:
    """Returns findings for certificates in /etc/tasker/clients that expire soon or have expired."""
    found = []
    for path in sorted((directory / "clients").glob("*.crt")):
        try:
            left = certs.describe(path.read_bytes()).not_after - now
        except (OSError, TaskerError):
            continue  # `tasker certs list` reports it
        if left < SOON:
            what = "has expired" if left <= 0 else f"expires in {format_duration(left)}"
            todo = f"run sudo tasker certs client {path.stem} --force, or remove it"
            found.append(note("client certificates", f"{path.stem}'s {what}", todo))
    return found


def _dated(check: str, what: str, begin: float, end: float, now: float, renew: str) -> Finding:
    if now < begin:
        return wrong(check, f"{what}: it is valid only from {_date(begin)} on", "set the clock, or make a new one")
    if now >= end:
        return wrong(check, f"{what}: it expired on {_date(end)}", renew)
    if end - now < SOON:
        return note(check, f"{what}: it expires in {format_duration(end - now)}", renew)
    return ok(check, f"{what}, until {_date(end)}")


def _date(when: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(when))
