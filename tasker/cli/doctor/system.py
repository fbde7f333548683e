"""Checks of the machine: systemd, cgroups, Tasker's units, pressure, disk space, shared memory, time."""

from __future__ import annotations

import os
import pwd
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from tasker.cli.doctor.finding import Finding, note, ok, unknown, unseen, wrong
from tasker.journal import FRONTEND, LOCAL_FRONTEND
from tasker.quantity import format_size

OLDEST = 252
CONTROLLERS = ("cpu", "io", "memory", "pids")
PROPERTIES = "Id,LoadState,ActiveState,SubState,UnitFileState,Result"
TIMEOUT = 20.0
"""Seconds to wait for a tool of systemd."""
REMOVE_IPC = (
    *("busctl", "get-property", "org.freedesktop.login1", "/org/freedesktop/login1"),
    *("org.freedesktop.login1.Manager", "RemoveIPC"),
)
LAST_OF_SYSTEM = 999
"""The highest uid of a system account in systemd-logind, as built on most distributions."""
CONNECTION, STREAM = 100_000, 1_500_000
"""Bytes of a frontend's memory for a connection, and for a stream whose client does not read; both measured."""
LITTLE = 1 << 30
"""Free disk space below this many bytes may be too small for archives."""


def output(*command: str) -> str | None:
    """Runs a tool; returns its output, None if it does not exist, fails or hangs."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def systemd(version: str | None, runtime: Path) -> Finding:
    """Checks systemd. `version`: output of `systemctl --version`; `runtime`: /run/systemd/system."""
    if not runtime.is_dir():
        return wrong("systemd", "it is not process 1", "run Tasker on a machine booted with systemd")
    match = re.match(r"systemd (\d+)", version or "")
    if match is None:
        return unknown("systemd", "systemctl does not print its version", "try systemctl --version")
    if int(match[1]) < OLDEST:
        return wrong("systemd", f"version {match[1]}", f"upgrade to systemd {OLDEST} or newer, e.g. Debian 12")
    return ok("systemd", f"version {match[1]}")


def cgroups(root: Path) -> Finding:
    """Checks cgroup v2 and its controllers. `root`: /sys/fs/cgroup."""
    try:
        there = (root / "cgroup.controllers").read_text().split()
    except FileNotFoundError:
        todo = "boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line"
        return wrong("cgroups", f"{root} is not cgroup v2", todo)
    except OSError as error:
        return unseen("cgroups", error)
    missing = [name for name in CONTROLLERS if name not in there]
    if missing:
        todo = "remove cgroup_disable= from the kernel's command line, or delegate the controllers to this container"
        return wrong("cgroups", f"v2 without {', '.join(missing)}: these limits cannot be set", todo)
    return ok("cgroups", f"v2 with {', '.join(CONTROLLERS)}")


def units(shown: str | None, frontends: int) -> list[Finding]:
    """Checks the units. `shown`: output of `systemctl show -p PROPERTIES` for `unit_names(frontends)`."""
    if shown is None:
        return [unknown("units", "systemctl does not answer", "try systemctl status tasker")]
    blocks = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in shown.split("\n\n") if block]
    found = {block.get("Id", ""): block for block in blocks}
    return [_unit(name, found.get(name, {})) for name in unit_names(frontends)]


def unit_names(frontends: int) -> list[str]:
    """Returns the units that must be active while Tasker runs."""
    numbered = [f"tasker-frontend@{number}.service" for number in range(1, frontends + 1)]
    return ["tasker.service", "tasker-collector.service", "tasker.socket", *numbered, LOCAL_FRONTEND]


def _unit(name: str, shown: dict[str, str]) -> Finding:
    state, enabled = shown.get("ActiveState", "unknown"), shown.get("UnitFileState", "")
    main = name == "tasker.service"
    if shown.get("LoadState") != "loaded":
        return wrong(name, f"not loaded ({shown.get('LoadState', 'unknown')})", "install the package again")
    if state == "failed":
        todo = f"find the reason with journalctl -u {name}, then run systemctl restart {name}"
        return wrong(name, f"failed ({shown.get('Result', '')})", todo)
    if state != "active":
        start = "tasker" if main or "frontend" not in name else name
        return wrong(name, f"{state} ({shown.get('SubState', '')})", f"run systemctl enable --now {start}")
    if main and enabled != "enabled":
        return note(name, "active, but not started at boot", "run systemctl enable tasker")
    return ok(name, f"active, {enabled}" if main else "active")


def frontend_memory(connections: int, streams: int, limit: str | None) -> Finding:
    """Checks that the maximum numbers of connections and attach streams fit into a frontend's memory.

    `limit`: MemoryMax of its unit, as printed by `systemctl show --value`.
    """
    check, needed = "frontend memory", connections * CONNECTION + streams * STREAM
    match (limit or "").strip():
        case "infinity":
            return ok(check, "the frontend's unit has no MemoryMax")
        case text if text.isdecimal():
            most = int(text)
        case _:
            return unknown(check, "systemctl does not print MemoryMax of the frontend", f"try systemctl cat {FRONTEND}")
    text = f"{connections} connections and {streams} streams take up to {format_size(needed)}"
    if needed <= most:
        return ok(check, f"{text}, of {format_size(most)}")
    todo = "lower [server] connections or streams, or raise MemoryMax with systemctl edit tasker-frontend@.service"
    return note(check, f"{text}, but MemoryMax of a frontend is {format_size(most)}", todo)


def pressure(proc: Path) -> Finding:
    """Checks pressure stall information. `proc`: /proc."""
    try:
        (proc / "pressure" / "cpu").read_text()
    except OSError:
        todo = "boot with psi=1 on the kernel's command line"
        return note("pressure", "the kernel does not report what jobs wait for (PSI)", todo)
    return ok("pressure", "the kernel reports what jobs wait for (PSI)")


def disk(state: Path) -> Finding:
    """Checks free disk space for archives. `state`: /var/lib/tasker."""
    try:
        seen = os.statvfs(state)
    except FileNotFoundError:
        return note("disk", f"{state} does not exist yet", "the first start creates it")
    except OSError as error:
        return unseen("disk", error)
    free = seen.f_bavail * seen.f_frsize
    todo = f"free disk space, or lower [retention] in tasker.toml; `du -sh {state}` shows the size of archives"
    if free < LITTLE // 64 or not seen.f_favail:
        return wrong("disk", f"{format_size(free)} free under {state}", todo)
    if free < LITTLE:
        return note("disk", f"only {format_size(free)} free under {state}", todo)
    return ok("disk", f"{format_size(free)} free under {state}")


def shared_memory(remove_ipc: str | None, accounts: Iterable[str], linger: Path) -> Finding:
    """Checks whether a logout removes shared memory of jobs.

    `remove_ipc`: logind's property RemoveIPC, as printed by busctl; `accounts`: the accounts that jobs run as;
    `linger`: /var/lib/systemd/linger, with a file for each account that lingers.
    """
    check = "shared memory"
    match (remove_ipc or "").split():
        case ["b", "false"]:
            return ok(check, "logind does not remove it at logout (RemoveIPC=no)")
        case ["b", "true"]:
            pass
        case _:
            todo = "try loginctl, and see RemoveIPC= in man logind.conf"
            return unknown(check, "logind does not say whether it removes it at logout", todo)
    try:
        removed = sorted(account for account in accounts if not (linger / account).exists())
    except OSError as error:
        return unseen(check, error)
    if not removed:
        return ok(check, "a logout does not affect jobs: every account of a known owner lingers")
    text = f"when the last login session of {' or '.join(removed)} ends, logind removes files in /dev/shm, message"
    text += " queues and semaphores of that account's jobs (RemoveIPC=yes)"
    todo = "run loginctl enable-linger ACCOUNT, or set RemoveIPC=no in /etc/systemd/logind.conf, restart systemd-logind"
    return note(check, text, todo)


def accounts(owners: Iterable[str], named: Mapping[str, str]) -> set[str]:
    """Returns the accounts that jobs of `owners` run as, without system accounts, which logind does not clean up.

    `named`: [accounts] of tasker.toml.
    """
    found = set()
    for name in {named.get(owner, owner) for owner in (*owners, *named)}:
        try:
            uid = pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
        if uid > LAST_OF_SYSTEM:
            found.add(name)
    return found


def synchronized(timesync: Path, timedatectl: str | None) -> Finding:
    """Checks the clock. `timesync`: /run/systemd/timesync; `timedatectl`: the value of NTPSynchronized."""
    if (timesync / "synchronized").exists() or (timedatectl or "").strip() == "yes":
        return ok("time", "the clock is synchronised")
    if timedatectl is None:
        return unknown("time", "cannot tell whether the clock is synchronised", "try timedatectl")
    todo = "run timedatectl set-ntp true, with systemd-timesyncd or chrony installed"
    return note("time", "the clock is not synchronised: valid certificates may be refused by date", todo)
