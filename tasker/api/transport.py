"""What both ends of the network must agree on: the TLS of grpc, and how long a message may be.

grpc has no option against TLS 1.2. A list of cipher suites that only TLS 1.2 knows, and of those none that a
certificate can be used with, leaves nothing but TLS 1.3 and its three suites. It is read once, when grpc is imported;
set later it does nothing, in silence. So the packages `frontend` and `client` call `settle_environment` in their
`__init__`, before any module of theirs can import grpc, and the frontend tries its own port at every start.
"""

from __future__ import annotations

import os

LARGEST_REQUEST = 256 << 10
"""Bytes. One datagram to the engine holds half of it; what lies between is refused with a sentence of its own."""
LARGEST_RESPONSE = 1 << 20
"""Bytes. Twice what the longest chunk or page can be."""
LARGEST_CHUNK = 256 << 10
"""Bytes of output in one message."""
TAKEN = ("tasker-taken", "1")
"""In the initial metadata of a stream, as soon as it is let in: long before its first message, where that waits."""

REASON, RETRY_AFTER = "tasker-reason", "tasker-retry-after"
"""Keys of the trailing metadata of a refused call: the Reason, and the seconds after which it may succeed."""


def settle_environment() -> None:
    """Say to grpc what it only hears before it is imported."""
    os.environ["GRPC_SSL_CIPHER_SUITES"] = "ECDHE-PSK-CHACHA20-POLY1305"
    os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # forking breaks what grpc holds open; nothing here forks
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # nothing in people's way; the frontend's unit asks for more
