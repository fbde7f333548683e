"""The local frontend: listens only on a unix socket, so that nothing on the network can block it.

Only root and the frontends' user may enter the directory of the socket. Access is not an identity: this frontend
requires the same certificates over the same TLS as any other. It is a separate process with its own connections and
streams.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tasker.address import UNIX
from tasker.wire import Setup

CONNECTIONS, STREAMS = 256, 64
"""Maxima. Together they take 122 MB, by the figures of `tasker doctor`, less than MemoryMax= of the unit."""


def only(socket: Path, setup: Setup) -> Setup:
    """`setup` for a frontend that listens only at `socket`."""
    streams = min(setup.streams, STREAMS)
    return dataclasses.replace(
        setup,
        listen=(f"{UNIX}{socket}",),
        frontends=1,
        connections=CONNECTIONS,
        streams=streams,
        streams_per_user=min(setup.streams_per_user, streams),
    )
