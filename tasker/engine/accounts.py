"""Whom a job runs as: the local account of the owner's name, or a uid of the owner's own out of a reserved range.

A uid is given to one owner for ever: files that a job left behind belong to nobody else later. The ledger is a file of
lines "uid owner", only ever appended to.
"""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from tasker.errors import Reason, TaskerError

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
    def __init__(self, ledger: Path, first_uid: int, uids: int) -> None:
        self._ledger = ledger
        self._range = range(first_uid, first_uid + uids)
        self._uids: dict[str, int] = {}
        if ledger.exists():
            for line in ledger.read_text().splitlines():
                uid, owner = line.split()
                self._uids[owner] = int(uid)

    def of_owner(self, owner: str) -> Account:
        """Raises TaskerError(EXHAUSTED) where the range is used up."""
        account = _lookup(owner)
        if account is not None and account.uid >= FIRST_PERSON and account.uid != _NOBODY:
            return account
        uid = self._uids.get(owner) or self._give(owner)
        return Account("", uid, uid, (), "/", "/bin/sh")

    def named(self, name: str) -> Account:
        """Raises TaskerError(INVALID) where there is no such account."""
        account = _lookup(name)
        if account is None:
            raise TaskerError(Reason.INVALID, f"cannot run as {name[:40]!r}: there is no such account on this machine")
        return account

    def _give(self, owner: str) -> int:
        taken = set(self._uids.values())
        uid = next((uid for uid in self._range if uid not in taken), None)
        if uid is None:
            text = f"cannot give {owner} a uid: all {len(self._range)} of the reserved range are given"
            raise TaskerError(Reason.EXHAUSTED, f"{text}; ask an admin to raise [jobs] uids")
        with self._ledger.open("a") as file:
            file.write(f"{uid} {owner}\n")
            file.flush()
            os.fsync(file.fileno())
        self._uids[owner] = uid
        return uid


def _lookup(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except (KeyError, ValueError):
        return None
    groups = tuple(os.getgrouplist(name, entry.pw_gid))
    return Account(name, entry.pw_uid, entry.pw_gid, groups, entry.pw_dir or "/", entry.pw_shell or "/bin/sh")
