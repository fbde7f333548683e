"""The local frontend: it listens on a unix socket and nowhere else, so that nothing on the network can block it.

The directory of the socket is open to root alone. Access to it is no identity: this frontend asks for the same
certificates over the same TLS as any other. It is a process of its own, with connections and streams of its own.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tasker.address import UNIX
from tasker.wire import Setup

CONNECTIONS, STREAMS = 256, 64
"""At most. Together they take 122 MB, by the figures of `tasker doctor`; MemoryMax= of the unit is more than that."""


def only(socket: Path, setup: Setup) -> Setup:
    """`setup` for a frontend that listens at `socket` and nowhere else."""
    streams = min(setup.streams, STREAMS)
    return dataclasses.replace(
        setup,
        listen=(f"{UNIX}{socket}",),
        frontends=1,
        connections=CONNECTIONS,
        streams=streams,
        streams_per_user=min(setup.streams_per_user, streams),
    )
