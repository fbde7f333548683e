"""The only exception that crosses process borders, and the closed set of reasons.

Exceptions of libraries (D-Bus, gRPC, OS) are translated to TaskerError once, where the library is called; other code
does not catch them. A message is one sentence for people: it begins with "cannot", names the subject, and says what to
do. The reason is for programs; `proto/tasker/api/v1/tasker.proto` documents each reason.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a request was refused. The values are part of the API (`tasker-reason`)."""

    INVALID = "invalid"
    NOT_FOUND = "not-found"
    AMBIGUOUS = "ambiguous"
    DENIED = "denied"
    EXHAUSTED = "exhausted"
    COMMAND_NOT_FOUND = "command-not-found"
    NOT_EXECUTABLE = "not-executable"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class TaskerError(Exception):
    """A refusal with a message for people."""

    def __init__(self, reason: Reason, message: str, retry_after: float | None = None) -> None:
        """`retry_after`: seconds after which the same request may succeed; None: unknown."""
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.retry_after = retry_after


def invalid(message: str) -> TaskerError:
    """The error for an argument that is out of range or malformed."""
    return TaskerError(Reason.INVALID, message)
