"""Translates errors of grpc into TaskerError, for the blocking client and the asyncio client.

`light` uses only the error and the caller's certificate. `explained` connects to find out why a server cannot be
reached; this takes time, so it is only called for an error that will be shown.
"""

from __future__ import annotations

import math
from typing import Any

import grpc

from tasker.address import Address
from tasker.api.transport import REASON, RETRY_AFTER, TAKEN
from tasker.client.explain import Credentials, connection, own_certificate
from tasker.client.resuming import OutOfTime
from tasker.errors import Reason, TaskerError, invalid

UNRESOLVED = ("errors resolving ", "DNS resolution failed")
"""The beginning of grpc's details if a host name has no address: from its own resolver, from that of the C library."""


class BrokenOff(TaskerError):
    """UNAVAILABLE, but not reported by the server. `details`: the text of grpc."""

    def __init__(self, address: Address, details: str) -> None:
        resolved = not details.startswith(UNRESOLVED)
        text = f"cannot continue with {address}: the connection broke ({details})"
        super().__init__(Reason.UNAVAILABLE, text if resolved else f"cannot resolve {address.host}")
        self.details = details


class Silent(BrokenOff, OutOfTime):
    """No answer within the time limit."""


class Translation:
    """The translation for one client. `heard`: the server has answered it, if only with an error."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self.heard = False

    def light(self, error: Any) -> TaskerError:
        """Returns the server's error, or one that says that it did not answer. `error`: grpc.Call or AioRpcError."""
        details = error.details() or ""
        self.heard |= TAKEN in ((key, value) for key, value in error.initial_metadata() or ())
        trailing = dict(error.trailing_metadata() or ())
        if trailing.get(REASON) in list(Reason):
            self.heard = True
            return TaskerError(Reason(trailing[REASON]), details, _seconds(trailing.get(RETRY_AFTER)))
        match error.code():
            case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.CANCELLED:  # CANCELLED: the server is stopping
                return own_certificate(self._credentials) or BrokenOff(self._credentials.address, details)
            case grpc.StatusCode.DEADLINE_EXCEEDED:
                return OutOfTime(
                    Reason.UNAVAILABLE,
                    f"cannot wait longer for an answer from {self._credentials.address}; try again later",
                )
            case grpc.StatusCode.RESOURCE_EXHAUSTED if "larger than max" in details:
                return invalid("cannot send such a large request; put large data into a file")
            case grpc.StatusCode.RESOURCE_EXHAUSTED:
                text = f"cannot do that now: the server is full ({details}); try again later"
                return TaskerError(Reason.EXHAUSTED, text)
            case grpc.StatusCode.UNIMPLEMENTED:
                return TaskerError(Reason.REFUSED, "cannot do that: the server is older than this client; upgrade it")
        return TaskerError(Reason.INTERNAL, f"cannot understand the answer: {error.code().name}: {details}")

    def silent(self) -> TaskerError:
        """Returns the error for a call that the client or the server ended before the answer."""
        return Silent(self._credentials.address, "no answer")

    def explained(self, error: TaskerError) -> TaskerError:
        """Returns a better error if there is one; connects to the server to find it, for up to 10 seconds."""
        return connection(self._credentials, error.details) if isinstance(error, BrokenOff) else error


def _seconds(text: object) -> float | None:
    """Returns the seconds in `tasker-retry-after`; None if the value is not a valid time."""
    try:
        seconds = float(str(text))
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None
