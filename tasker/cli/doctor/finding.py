"""The result of a check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    OK = "ok"
    NOTE = "note"
    """It works, but not optimally or not for long."""
    WRONG = "wrong"
    UNKNOWN = "unknown"
    """The caller lacks permission, or the tool gave no answer."""


@dataclass(frozen=True)
class Finding:
    """`check` is the subject, `text` the result, `todo` the remedy ("" if none is needed)."""

    check: str
    status: Status
    text: str
    todo: str = ""


def ok(check: str, text: str) -> Finding:
    return Finding(check, Status.OK, text)


def note(check: str, text: str, todo: str) -> Finding:
    return Finding(check, Status.NOTE, text, todo)


def wrong(check: str, text: str, todo: str) -> Finding:
    return Finding(check, Status.WRONG, text, todo)


def unknown(check: str, text: str, todo: str = "") -> Finding:
    return Finding(check, Status.UNKNOWN, text, todo)


def unseen(check: str, error: OSError) -> Finding:
    """Returns a finding for a file that could not be read."""
    why = (error.strerror or str(error)).lower()
    return unknown(check, f"cannot read {error.filename}: {why}", "run tasker doctor as root to check it")
