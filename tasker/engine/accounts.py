"""Whom a job runs as: the local account that [accounts] names for its owner, or else the one of the owner's name, or
else a uid of the owner's own out of a reserved range.

A uid is given to one owner for ever: files that a job left behind belong to nobody else later. The ledger is a file of
lines "uid owner", only ever appended to.
"""

from __future__ import annotations

import errno
import functools
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from tasker.config import Config
from tasker.engine.aside import Aside
from tasker.errors import Reason, TaskerError, invalid
from tasker.identity import NAME

FIRST_PERSON = 1000
"""The lowest uid of a person's account on Debian; those below are the system's."""
_NOBODY = 65534
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Account:
    """What the collector and the job's environment need to know."""

    name: str
    """"" for a uid that has no account."""
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str
    shell: str

    def environment(self, job: str, owner: str) -> dict[str, str]:
        """The small default environment of a job."""
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
        self._ledger = ledger
        self._names = Aside("the name service")
        self._uids: dict[str, int] = {}
        for number, line in enumerate(ledger.read_text().splitlines() if ledger.exists() else (), 1):
            uid, _, owner = line.partition(" ")
            if not uid.isdecimal() or not NAME.fullmatch(owner):
                raise invalid(f'cannot read line {number} of {ledger}: it is not "uid owner"; mend it, nothing is lost')
            self._uids[owner] = int(uid)

    async def own(self, owner: str) -> Account | None:
        """The local account that is the owner's, if there is one and it is a person's."""
        account = await self._look_up(self.config.accounts.get(owner, owner))
        return account if account is not None and _of_a_person(account) else None

    async def of_owner(self, owner: str) -> Account:
        """Raises TaskerError: REFUSED where [accounts] names none that may be, EXHAUSTED where the range is used up."""
        name = self.config.accounts.get(owner)
        account = await self._look_up(name or owner)
        if account is not None and _of_a_person(account):
            return account
        if name is not None:
            raise self._unfit(owner, name, account)
        uid = self._uids.get(owner) or self._give(owner)  # nothing is awaited in between: two starts get the same one
        return Account("", uid, uid, (), "/", "/bin/sh")

    async def named(self, name: str) -> Account:
        """Raises TaskerError(INVALID) where there is no such account."""
        account = await self._look_up(name)
        if account is None:
            text = f"cannot run as {name[:40]!r}: there is no such account on this machine; name another"
            raise TaskerError(Reason.INVALID, text)
        return account

    async def _look_up(self, name: str) -> Account | None:
        """The local account of that name. Raises TaskerError(UNAVAILABLE)."""
        instead = f"try again, or ask {self.config.server.contact} to look at /etc/nsswitch.conf"
        return await self._names.ask(functools.partial(_lookup, name), f"cannot look up {name[:40]!r}", instead)

    def _unfit(self, owner: str, name: str, account: Account | None) -> TaskerError:
        text = f"cannot run jobs of {owner} as {name}, as [accounts] {owner} in tasker.toml says: "
        text += "that is an account of the system's" if account else "there is no such account on this machine"
        return TaskerError(Reason.REFUSED, f"{text}; ask {self.config.server.contact} to name a person's account")

    def _give(self, owner: str) -> int:
        taken = set(self._uids.values())
        first, count = self.config.jobs.first_uid, self.config.jobs.uids
        uid = next((uid for uid in range(first, first + count) if uid not in taken), None)
        if uid is None:
            text = f"cannot give {owner} a uid: all {count} of the reserved range are given"
            raise TaskerError(Reason.EXHAUSTED, f"{text}; ask an admin to raise [jobs] uids")
        try:
            self._append(f"{uid} {owner}\n".encode())
        except OSError as error:
            text = f"cannot give {owner} a uid: {error.strerror} where {self._ledger} is"
            raise TaskerError(Reason.EXHAUSTED, f"{text}; make room there, or ask an admin to") from error
        self._uids[owner] = uid
        return uid

    def _append(self, line: bytes) -> None:
        """Raises OSError, and then nothing of the line is there: half of one would take the next one's place."""
        ledger = os.open(self._ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            before = os.fstat(ledger).st_size
            try:
                if os.write(ledger, line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(ledger)
            except OSError:
                os.ftruncate(ledger, before)
                raise
        finally:
            os.close(ledger)


def _of_a_person(account: Account) -> bool:
    return account.uid >= FIRST_PERSON and account.uid != _NOBODY


def _lookup(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except (KeyError, ValueError):
        return None
    groups = tuple(os.getgrouplist(name, entry.pw_gid))
    return Account(name, entry.pw_uid, entry.pw_gid, groups, entry.pw_dir or "/", entry.pw_shell or "/bin/sh")
