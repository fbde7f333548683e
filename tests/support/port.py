"""A TCP port of a test's own, reserved before the server under test listens on it, and while that server is away."""

from __future__ import annotations

import socket
from typing import Self


class Port:
    """A free port, on every address of this machine.

    The socket is bound and does not listen. As long as it is open, the kernel gives the port to no other socket that
    wants any free port, and refuses connections to it; a server that binds it by number with SO_REUSEADDR, as those
    of grpc and asyncio do, may listen.
    """

    def __init__(self) -> None:
        both = socket.has_dualstack_ipv6()
        self._socket = socket.socket(socket.AF_INET6 if both else socket.AF_INET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if both:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self._socket.bind(("", 0))
        self.number: int = self._socket.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()
