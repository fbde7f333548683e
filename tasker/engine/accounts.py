"""Determines the account that a job runs as: the local account that [accounts] maps its owner to, else the local
account with the owner's name, else a uid reserved for the owner (ledger.py).

An account with the owner's name is used only if it is a person's: its uid lies between 1000 and UID_MAX of
/etc/login.defs, or in systemd-homed's range. Higher uids belong to dynamic users, containers or directory services
(LDAP); such an account must be mapped in [accounts]. Accounts below 1000 are system accounts; owners' jobs never run as
one of them, nor as nobody.
"""

from __future__ import annotations

import functools
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from tasker.config import Config
from tasker.engine.blocking import Blocking
from tasker.engine.ledger import Ledger
from tasker.errors import Reason, TaskerError

FIRST_PERSON = 1000
"""The lowest uid of a person's account on Debian; lower uids are system accounts."""
LAST_PERSON = 60_000
"""The highest uid of a person's account if login.defs(5) does not set UID_MAX."""
LOGIN_DEFS = Path("/etc/login.defs")
_HOMED = range(60_001, 60_514)
"""See "Users, Groups, UIDs and GIDs" of systemd."""
_NOBODY = 65534
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Account:
    """An account: the values that the collector and the job's environment need."""

    name: str
    """"" for a uid without an account."""
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str
    shell: str
    persons: bool = False
    """Whether the uid is in a range of persons' accounts."""

    def may_run_jobs(self, *, mapped: bool) -> bool:
        """Whether owners' jobs may run as this account. `mapped`: [accounts] names it, so it need not be a person's."""
        return self.persons or (mapped and self.uid >= FIRST_PERSON and self.uid != _NOBODY)

    def environment(self, job: str, owner: str) -> dict[str, str]:
        """The default environment of a job."""
        name = self.name or owner
        return {
            "PATH": _PATH,
            "HOME": self.home,
            "USER": name,
            "LOGNAME": name,
            "SHELL": self.shell,
            "LANG": "C.UTF-8",
            "TASKER_JOB": job,
        }


class Accounts:
    def __init__(self, ledger: Path, config: Config) -> None:
        self.config = config
        self._ledger = Ledger(ledger)
        self._names = Blocking("the name service")

    async def own(self, owner: str) -> Account | None:
        """The local account that the owner's jobs run as, or None."""
        name = self.config.accounts.get(owner)
        account = await self._look_up(name or owner)
        return account if account is not None and account.may_run_jobs(mapped=name is not None) else None

    async def of_owner(self, owner: str) -> Account:
        """The account that jobs of `owner` run as.

        Raises TaskerError: REFUSED if [accounts] maps the owner to an account that is missing or not allowed, EXHAUSTED
        if no uid is left in the reserved range.
        """
        name = self.config.accounts.get(owner)
        account = await self._look_up(name or owner)
        if account is not None and account.may_run_jobs(mapped=name is not None):
            return account
        if name is not None:
            raise self._unfit(owner, name, account)
        jobs = self.config.jobs  # no await from here on: concurrent starts of one owner get the same uid
        uid = self._ledger.uid(owner) or self._ledger.give(owner, range(jobs.first_uid, jobs.first_uid + jobs.uids))
        return Account("", uid, uid, (), "/", "/bin/sh")

    async def named(self, name: str) -> Account:
        """The account called `name`. Raises TaskerError(INVALID) if there is none."""
        account = await self._look_up(name)
        if account is None:
            text = f"cannot run as {name[:40]!r}: there is no such account on this machine; name another"
            raise TaskerError(Reason.INVALID, text)
        return account

    async def _look_up(self, name: str) -> Account | None:
        """The local account called `name`, or None. Raises TaskerError(UNAVAILABLE) if the name service does not
        answer."""
        instead = f"try again, or ask {self.config.server.contact} to check /etc/nsswitch.conf"
        return await self._names.run(functools.partial(_lookup, name), f"cannot look up {name[:40]!r}", instead)

    def _unfit(self, owner: str, name: str, account: Account | None) -> TaskerError:
        text = f"cannot run jobs of {owner} as {name}, as [accounts] {owner} in tasker.toml says: "
        text += "it is a system account" if account else "there is no such account on this machine"
        return TaskerError(Reason.REFUSED, f"{text}; ask {self.config.server.contact} to name the account of a person")


def _lookup(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except (KeyError, ValueError):
        return None
    groups = tuple(os.getgrouplist(name, entry.pw_gid))
    uid, home, shell = entry.pw_uid, entry.pw_dir or "/", entry.pw_shell or "/bin/sh"
    persons = FIRST_PERSON <= uid <= _last_person() or uid in _HOMED
    return Account(name, uid, entry.pw_gid, groups, home, shell, persons and uid != _NOBODY)


def _last_person() -> int:
    """UID_MAX of login.defs(5)."""
    try:
        lines = LOGIN_DEFS.read_text("utf-8", "replace").splitlines()
        return next(int(words[1], 0) for line in lines if (words := line.split())[:1] == ["UID_MAX"])
    except (OSError, StopIteration, IndexError, ValueError):
        return LAST_PERSON
