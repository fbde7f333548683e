"""What every message is, the two replies that any request may get, and the error of what is none."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from tasker.bounds import Seconds
from tasker.errors import Reason


class WireError(Exception):
    """What came is not a message."""


class Message:
    """Base of everything in MESSAGES."""

    __slots__ = ()
    abandonable: ClassVar[bool] = False
    """Whether the other side is told when nobody waits for the reply any more: where that may take for ever."""
    waits: ClassVar[bool] = False
    """Whether the reply waits for more than the peer itself: a connection's deadline for replies does not hold then."""


@dataclass(frozen=True)
class Done(Message):
    """A reply that says no more."""


@dataclass(frozen=True)
class Abandoned(Message):
    """Nobody waits any more for the reply to the request of the same number, which is abandonable. Has no reply."""


@dataclass(frozen=True)
class Failed(Message):
    """The reply to any request that was refused."""

    reason: Reason
    message: str
    retry_after: Seconds | None = None
    """After which the same request may succeed; None: not known."""


def since(minor: int, default: Any, what: str) -> Any:
    """A field that collectors know from this COLLECTOR_MINOR on; one that is not `default` would do `what`."""
    return dataclasses.field(default=default, metadata={"since": minor, "what": what})


def unknown_to(minor: int, message: Message) -> str | None:
    """What a collector of this minor cannot do of what the message asks for; None where it can do all of it."""
    for field in dataclasses.fields(message):  # type: ignore[arg-type]
        if field.metadata.get("since", 0) > minor and getattr(message, field.name) != field.default:
            return str(field.metadata["what"])
    return None
