"""Certificates: those of the service in /etc/tasker, whoever's keys lie there, and one's own."""

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
    """The CA's certificate, as [server] ca names it."""
    check = "CA"
    try:
        seen = certs.describe(ca.read_bytes())
    except FileNotFoundError:
        return wrong(check, f"there is no {ca}", "sudo tasker certs init, or name it in tasker.toml")
    except OSError as error:
        return unseen(check, error)
    except TaskerError as error:
        return wrong(check, f"{ca}: {error.message}", "put the CA's certificate there")
    if seen.kind != "ca":
        return wrong(check, f"{ca} is no CA's certificate", "put the CA's certificate there")
    renew = "tasker certs init --force in time: all clients need new certificates then"
    return _dated(check, str(ca), seen.not_before, seen.not_after, now, renew)


def server(certificate: Path, ca: Path, hosts: Sequence[str], now: float) -> Finding:
    """The server's certificate, and whether it names one of `hosts`, which this machine calls itself."""
    check, renew = "server certificate", "sudo tasker certs server --force, then systemctl reload tasker"
    try:
        pem = certificate.read_bytes()
        seen, signed = certs.describe(pem), certs.is_signed_by(pem, ca.read_bytes())
    except FileNotFoundError as error:
        return wrong(check, f"there is no {error.filename}", renew.replace(" --force", ""))
    except OSError as error:
        return unseen(check, error)
    except TaskerError as error:
        return wrong(check, f"{certificate}: {error.message}", renew)
    if seen.kind != "server":
        return wrong(check, f"{certificate} is no server's certificate", renew)
    if not signed:
        return wrong(check, f"{certificate} was not signed by {ca}", renew)
    found = _dated(check, f"for {' '.join(seen.hosts)}", seen.not_before, seen.not_after, now, renew)
    if found.todo or any(host in seen.hosts for host in hosts):
        return found
    todo = f"sudo tasker certs server --force --host {hosts[0] if hosts else 'NAME'}, unless clients use other names"
    return note(check, f"it names {' '.join(seen.hosts)}, and not this machine ({' '.join(hosts)})", todo)


def material(certificate: Path, ca: Path, key: Path) -> list[Finding]:
    """Whether the service can use the three together, as at its next start or reload; nothing where it can."""
    try:
        certs.rewritten(ca.read_bytes(), Pair(certificate.read_bytes(), key.read_bytes()))
    except OSError:
        return []  # the findings of each tell
    except TaskerError as error:
        text, _, todo = error.message.partition("; ")
        return [wrong("server certificate", text, todo)]
    return []


def keys(directory: Path, key: Path) -> list[Finding]:
    """Who may read private keys: `key`, the server's, and all of those in `directory`, /etc/tasker."""
    paths = dict.fromkeys([directory / "ca.key", key, *sorted((directory / "clients").glob("*.key"))])
    found, good = [], 0
    for path in paths:
        try:
            seen = path.stat()
        except FileNotFoundError:
            if path == key:
                todo = "sudo tasker certs server --force, then systemctl reload tasker"
                found.append(wrong("keys", f"there is no {path}", todo))
            continue
        except OSError as error:
            found.append(unseen("keys", error))
            continue
        if seen.st_mode & 0o077:
            text = f"{path} is {stat.S_IMODE(seen.st_mode):04o}: others may read or write it"
            found.append(wrong("keys", text, f"chmod 600 {path}, and make a new one if somebody may have read it"))
        else:
            good += 1
    return found or [ok("keys", f"{good} under {directory}, each for its owner only")]


def own(found: Settings, now: float) -> Finding:
    """The caller's own certificate and key, judged as the service will judge them."""
    check = "your certificate"
    try:
        material = settings.read(found)
        certified = judge(material.certificate, material.ca)
        certified.check_dates(now)
        certs.rewritten(material.ca, Pair(material.certificate, material.key))
    except TaskerError as error:
        text, _, todo = error.message.partition("; ")
        return wrong(check, text, todo or f"look at {found.cert}")
    mode = found.key.stat().st_mode
    if mode & 0o077:
        return wrong(check, f"others may read or write its key, {found.key}", f"chmod 600 {found.key}")
    who = f"{certified.identity.name}, {certified.identity.role}"
    renew = "ask for a new one, made by `tasker certs client` there"
    return _dated(check, f"{who} ({found.cert})", certified.not_before, certified.not_after, now, renew)


def clients(directory: Path, now: float) -> list[Finding]:
    """Certificates in /etc/tasker/clients that end soon or have ended. Nothing of those that are well."""
    found = []
    for path in sorted((directory / "clients").glob("*.crt")):
        try:
            left = certs.describe(path.read_bytes()).not_after - now
        except (OSError, TaskerError):
            continue  # `certs list` tells
        if left < SOON:
            what = "has ended" if left <= 0 else f"ends in {format_duration(left)}"
            todo = f"sudo tasker certs client {path.stem} --force, or remove it"
            found.append(note("client certificates", f"{path.stem}'s {what}", todo))
    return found


def _dated(check: str, what: str, begin: float, end: float, now: float, renew: str) -> Finding:
    if now < begin:
        return wrong(check, f"{what}: it holds only from {_date(begin)} on", "set the clock, or make it anew")
    if now >= end:
        return wrong(check, f"{what}: it ended on {_date(end)}", renew)
    if end - now < SOON:
        return note(check, f"{what}: it ends in {format_duration(end - now)}", renew)
    return ok(check, f"{what}, until {_date(end)}")


def _date(when: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(when))
