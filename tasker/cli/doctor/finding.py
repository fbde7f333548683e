"""One result of a check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    OK = "ok"
    NOTE = "note"
    """It works, but not as well as it might, or not for long."""
    WRONG = "wrong"
    UNKNOWN = "unknown"
    """The caller may not look, or there is nothing to ask."""


@dataclass(frozen=True)
class Finding:
    """`check` is what was looked at, `text` what was seen, `todo` what to do about it ("" where there is nothing)."""

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
    """What could not be looked at."""
    why = (error.strerror or str(error)).lower()
    return unknown(check, f"cannot look at {error.filename}: {why}", "run tasker doctor as root to have it checked")
