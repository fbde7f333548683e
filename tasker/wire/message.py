"""The base class of all messages, the replies common to all requests, and the error for invalid messages."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from tasker.bounds import Seconds
from tasker.errors import Reason


class WireError(Exception):
    """A message is invalid."""


class Message:
    """The base class of all messages in MESSAGES."""

    __slots__ = ()
    abandonable: ClassVar[bool] = False
    """Whether the requester sends Abandoned when it stops waiting, because the reply may take for ever."""
    waits: ClassVar[bool] = False
    """Whether the reply depends on more than the peer itself, so that the deadline for replies does not apply."""


@dataclass(frozen=True)
class Done(Message):
    """A reply without content."""


@dataclass(frozen=True)
class Abandoned(Message):
    """The sender no longer waits for the reply to the abandonable request with this number. Has no reply."""


@dataclass(frozen=True)
class Failed(Message):
    """The reply to a refused request."""

    reason: Reason
    message: str
    retry_after: Seconds | None = None
    """Seconds after which the same request may succeed; None: unknown."""


def since(minor: int, default: Any, what: str) -> Any:
    """A field that was added with this COLLECTOR_MINOR. `what`: the effect of a value other than `default`, for
    errors."""
    return dataclasses.field(default=default, metadata={"since": minor, "what": what})


def unknown_to(minor: int, message: Message) -> str | None:
    """Returns the effect that the message requests and a collector of this minor does not support; None if none."""
    for field in dataclasses.fields(message):  # type: ignore[arg-type]
        if field.metadata.get("since", 0) > minor and getattr(message, field.name) != field.default:
            return str(field.metadata["what"])
    return None
