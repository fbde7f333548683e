"""The ledger of uids: which uid of the reserved range belongs to which owner.

A uid is given to one owner for ever, so that files which a job left behind belong to nobody else later. The ledger is a
file of lines "uid owner", only ever appended to. A line that cannot be used costs that line and not the start of the
engine: it is logged and skipped, and no uid in it is given to anybody.
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
"""What [jobs] first_uid and uids may reserve: uids of accounts are below, and (uid_t) -1 is above."""
_NUMBER = re.compile(rb"[0-9]{1,10}")


class Ledger:
    def __init__(self, path: Path) -> None:
        """Read it; one that is not there is empty. Raises TaskerError where it cannot be read."""
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
        """The owner's uid, if there is one already."""
        return self._uids.get(owner)

    def give(self, owner: str, reserved: range) -> int:
        """Write down the first free uid of `reserved` as the owner's: that uid.

        Raises TaskerError: EXHAUSTED where none is free or the disk is full, INVALID where `owner` is no user's name.
        """
        uid = next((uid for uid in reserved if uid not in self._given), None)
        if uid is None:
            text = f"cannot give {owner} a uid: all {len(reserved)} of the reserved range are given"
            raise TaskerError(Reason.EXHAUSTED, f"{text}; ask an admin to raise [jobs] uids")
        line = f"{uid} {owner}".encode()
        try:
            entry = _parse(line)
        except ValueError as error:  # it would not be read again
            raise invalid(f"cannot give {owner[:40]!r} a uid: {error}") from None
        try:
            self._append(line + b"\n")
        except OSError as error:
            text = f"cannot give {owner} a uid: {error.strerror} where {self._path} is"
            raise TaskerError(Reason.EXHAUSTED, f"{text}; make room there, or ask an admin to") from error
        self._enter(*entry)
        return uid

    def _lines(self) -> list[bytes]:
        try:
            lines = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        except OSError as error:
            text = f"cannot read {self._path}, which says whose every uid is: {error.strerror}; put it back"
            raise TaskerError(Reason.REFUSED, text) from error
        return lines if lines[-1] else lines[:-1]

    def _enter(self, uid: int, owner: str) -> None:
        """Raises ValueError where the uid or the owner stands in an earlier line."""
        if owner in self._uids:
            raise ValueError(f"{owner} has the uid {self._uids[owner]}")
        if uid in self._given:
            raise ValueError(f"the uid {uid} stands in an earlier line")
        self._uids[owner] = uid
        self._given.add(uid)

    def _append(self, line: bytes) -> None:
        """Raises OSError, and then nothing of the line is there: half of one would take the next one's place."""
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
    """Raises ValueError where it is not "uid owner"."""
    number, _, name = line.partition(b" ")
    owner = name.decode("ascii", "replace")
    if not _NUMBER.fullmatch(number) or not NAME.fullmatch(owner):
        raise ValueError(f'{line[:60].decode("ascii", "backslashreplace")!r} is not "uid owner"')
    uid = int(number)
    if uid not in RANGE:
        raise ValueError(f"the uid {uid} is outside of any range that may be reserved")
    return uid, owner
