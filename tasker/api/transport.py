"""Settings shared by both ends of the network: the TLS of grpc, and the maximum size of messages.

grpc has no option to disable TLS 1.2. A list of cipher suites with only a TLS 1.2 suite that no certificate can use
leaves TLS 1.3 with its three suites. grpc reads the list once, when it is imported; a later change has no effect and
gives no error. So the packages `frontend` and `client` call `settle_environment` in their `__init__`, before any of
their modules can import grpc, and the frontend tests its own port at every start.
"""

from __future__ import annotations

import os

LARGEST_REQUEST = 256 << 10
"""Bytes. A datagram to the engine holds half of it; a request in between is refused with a clear message."""
LARGEST_RESPONSE = 1 << 20
"""Bytes. Twice the size of the largest chunk or page."""
LARGEST_CHUNK = 256 << 10
"""Maximum bytes of output in one message."""
TAKEN = ("tasker-taken", "1")
"""In the initial metadata of a stream, sent as soon as it is accepted; the first message may come much later."""

REASON, RETRY_AFTER = "tasker-reason", "tasker-retry-after"
"""Keys of the trailing metadata of a refused call: the Reason, and the seconds after which it may succeed."""


def settle_environment() -> None:
    """Sets the environment variables that grpc reads when it is imported."""
    os.environ["GRPC_SSL_CIPHER_SUITES"] = "ECDHE-PSK-CHACHA20-POLY1305"
    os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # a fork breaks open connections of grpc; nothing here forks
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # no output to users; the unit of the frontend sets INFO
