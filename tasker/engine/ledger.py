"""The ledger of uids: which uid of the reserved range belongs to which owner.

A uid belongs to its owner for good, so that files which a job left behind never belong to another owner. The ledger is
a file of lines "uid owner" to which lines are only appended. An unusable line is logged and skipped, and no uid in it
is ever assigned; the engine starts all the same.
"""

from __future__ import annotations

import errno
import logging
import os
import re
from pathlib import Path

from tasker.errors import Reason, TaskerError, invalid
from tasker.identity import NAME

log = logging.getLogger(__name__)

RANGE = range(100_000, 4_000_000_000 + (1 << 24))
"""What [jobs] first_uid and uids may reserve: above the uids of accounts, below (uid_t) -1."""
_NUMBER = re.compile(rb"[0-9]{1,10}")


class Ledger:
    def __init__(self, path: Path) -> None:
        """Reads the ledger; a missing file is an empty ledger. Raises TaskerError if it cannot be read."""
        self._path = path
        self._uids: dict[str, int] = {}
        self._given: set[int] = set()
        for number, line in enumerate(self._lines(), 1):
            try:
                self._enter(*_parse(line))
            except ValueError as error:
                self._given |= {int(digits) for digits in _NUMBER.findall(line)}
                text = "cannot use line %d of %s: %s; skipping it: its uid is never given out, its owner gets another"
                log.error(text, number, path, error)

    def uid(self, owner: str) -> int | None:
        """The owner's uid, or None."""
        return self._uids.get(owner)

    def give(self, owner: str, reserved: range) -> int:
        """Assigns the first free uid of `reserved` to the owner and returns it.

        Raises TaskerError: EXHAUSTED if none is free or the disk is full, INVALID if `owner` is not a valid user name.
        """
        uid = next((uid for uid in reserved if uid not in self._given), None)
        if uid is None:
            text = f"cannot assign a uid to {owner}: all {len(reserved)} of the reserved range are in use"
            raise TaskerError(Reason.EXHAUSTED, f"{text}; ask an admin to raise [jobs] uids")
        line = f"{uid} {owner}".encode()
        try:
            entry = _parse(line)
        except ValueError as error:  # the line could not be read back
            raise invalid(f"cannot assign a uid to {owner[:40]!r}: {error}") from None
        try:
            self._append(line + b"\n")
        except OSError as error:
            text = f"cannot assign a uid to {owner}: {error.strerror}, writing {self._path}"
            raise TaskerError(Reason.EXHAUSTED, f"{text}; free space there, or ask an admin to") from error
        self._enter(*entry)
        return uid

    def _lines(self) -> list[bytes]:
        try:
            lines = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        except OSError as error:
            text = f"cannot read {self._path}, which records the owner of each uid: {error.strerror}; restore it"
            raise TaskerError(Reason.REFUSED, text) from error
        return lines if lines[-1] else lines[:-1]

    def _enter(self, uid: int, owner: str) -> None:
        """Raises ValueError if an earlier line has the uid or the owner."""
        if owner in self._uids:
            raise ValueError(f"{owner} has the uid {self._uids[owner]}")
        if uid in self._given:
            raise ValueError(f"the uid {uid} is in an earlier line")
        self._uids[owner] = uid
        self._given.add(uid)

    def _append(self, line: bytes) -> None:
        """Raises OSError and leaves the file unchanged on failure: a partial line would swallow the next one."""
        ledger = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            before = os.fstat(ledger).st_size
            if before and os.pread(ledger, 1, before - 1) != b"\n":
                line = b"\n" + line
            try:
                if os.write(ledger, line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(ledger)
            except OSError:
                os.ftruncate(ledger, before)
                raise
        finally:
            os.close(ledger)


def _parse(line: bytes) -> tuple[int, str]:
    """Raises ValueError if the line is not "uid owner"."""
    number, _, name = line.partition(b" ")
    owner = name.decode("ascii", "replace")
    if not _NUMBER.fullmatch(number) or not NAME.fullmatch(owner):
        raise ValueError(f'{line[:60].decode("ascii", "backslashreplace")!r} is not "uid owner"')
    uid = int(number)
    if uid not in RANGE:
        raise ValueError(f"the uid {uid} is outside of any range that may be reserved")
    return uid, owner
