"""The base of all messages, the replies common to all requests, and the error for anything else."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from tasker.bounds import Seconds
from tasker.errors import Reason


class WireError(Exception):
    """Not a valid message."""


class Message:
    """The base of everything in MESSAGES."""

    __slots__ = ()
    abandonable: ClassVar[bool] = False
    """Whether the peer is told when the requester stops waiting, because the reply may take for ever."""
    waits: ClassVar[bool] = False
    """Whether the reply depends on more than the peer itself: then no deadline for replies applies."""


@dataclass(frozen=True)
class Done(Message):
    """A reply without content."""


@dataclass(frozen=True)
class Abandoned(Message):
    """The requester no longer waits for the reply to the request of this number, which is abandonable. Has no reply."""


@dataclass(frozen=True)
class Failed(Message):
    """The reply to a refused request."""

    reason: Reason
    message: str
    retry_after: Seconds | None = None
    """After which the same request may succeed; None: not known."""


def since(minor: int, default: Any, what: str) -> Any:
    """A field that collectors know since this COLLECTOR_MINOR; a value other than `default` would do `what`."""
    return dataclasses.field(default=default, metadata={"since": minor, "what": what})


def unknown_to(minor: int, message: Message) -> str | None:
    """What the message asks for that a collector of this minor cannot do; None if there is nothing."""
    for field in dataclasses.fields(message):  # type: ignore[arg-type]
        if field.metadata.get("since", 0) > minor and getattr(message, field.name) != field.default:
            return str(field.metadata["what"])
    return None
