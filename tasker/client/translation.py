"""grpc's errors become TaskerErrors here, for the blocking client and the asyncio one.

`light` looks at nothing but the error and the own certificate; `explained` looks again why a server cannot be reached,
which takes a while: only where the error is going to be shown.
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
"""How grpc's details begin where the host's name has no address: by its own resolver, by the C library's."""


class BrokenOff(TaskerError):
    """UNAVAILABLE, and it was not the server that said so. `details` is grpc's word for it."""

    def __init__(self, address: Address, details: str) -> None:
        resolved = not details.startswith(UNRESOLVED)
        text = f"cannot go on with {address}: the connection broke off ({details})"
        super().__init__(Reason.UNAVAILABLE, text if resolved else f"cannot resolve {address.host}")
        self.details = details


class Silent(BrokenOff, OutOfTime):
    """No answer in the time that there was."""


class Translation:
    """For one client. `heard`: the server has said something to it, an error too; so it is there, and lets it in."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self.heard = False

    def light(self, error: Any) -> TaskerError:
        """What the server said, or else that it said nothing. `error`: grpc.Call or grpc.aio.AioRpcError."""
        details = error.details() or ""
        self.heard |= TAKEN in ((key, value) for key, value in error.initial_metadata() or ())
        trailing = dict(error.trailing_metadata() or ())
        if trailing.get(REASON) in list(Reason):
            self.heard = True
            return TaskerError(Reason(trailing[REASON]), details, _seconds(trailing.get(RETRY_AFTER)))
        match error.code():
            case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.CANCELLED:  # the latter by a server that stops
                return own_certificate(self._credentials) or BrokenOff(self._credentials.address, details)
            case grpc.StatusCode.DEADLINE_EXCEEDED:
                return OutOfTime(
                    Reason.UNAVAILABLE,
                    f"cannot wait longer for an answer of {self._credentials.address}; try again later",
                )
            case grpc.StatusCode.RESOURCE_EXHAUSTED if "larger than max" in details:
                return invalid("cannot send so long a request; put what is long into a file")
            case grpc.StatusCode.RESOURCE_EXHAUSTED:
                text = f"cannot do that now: the server is full ({details}); try again later"
                return TaskerError(Reason.EXHAUSTED, text)
            case grpc.StatusCode.UNIMPLEMENTED:
                return TaskerError(Reason.REFUSED, "cannot do that: the server is older than this client; upgrade it")
        return TaskerError(Reason.INTERNAL, f"cannot make anything of the answer: {error.code().name}: {details}")

    def silent(self) -> TaskerError:
        """What a call comes to that was given up, by this side or by the server."""
        return Silent(self._credentials.address, "no answer")

    def explained(self, error: TaskerError) -> TaskerError:
        """The same, or a better one: connects to the server to find out. Up to 10 seconds."""
        return connection(self._credentials, error.details) if isinstance(error, BrokenOff) else error


def _seconds(text: object) -> float | None:
    """Of `tasker-retry-after`; None where it is no time to wait for."""
    try:
        seconds = float(str(text))
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None
