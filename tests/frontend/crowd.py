"""Many connections to a frontend, from any address of 127.0.0.0/8, and how many of them it holds."""

from __future__ import annotations

import contextlib
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tasker import issuing
from tasker.certs import Pair
from tasker.identity import Role
from tests.frontend.handshake import PREFACE, context_for
from tests.frontend.running import Frontend
from tests.waiting import DEADLINE

_ESTABLISHED = "01"


def held(frontend: Frontend) -> Counter[str]:
    """The connections that the kernel has for the port of the frontend, by the client's IPv4 address."""
    found: Counter[str] = Counter()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            _, here, there, state, *_ = line.split()
            if int(here.rpartition(":")[2], 16) == frontend.port and state == _ESTABLISHED:
                address = bytes.fromhex(there.rpartition(":")[0])[-4:]
                found[".".join(map(str, reversed(address)))] += 1
    return found


@contextlib.contextmanager
def crowd(frontend: Frontend, sources: dict[str, int], pair: Pair | None = None) -> Iterator[list[socket.socket]]:
    """So many connections from each address: idle ones of a client whom `pair` lets in, or of TCP alone."""
    context = context_for(frontend.ca.certificate, pair) if pair is not None else None
    with contextlib.ExitStack() as stack:
        sockets: list[socket.socket] = []
        for source in [address for address, count in sources.items() for _ in range(count)]:
            sock = socket.create_connection(("127.0.0.1", frontend.port), DEADLINE, (source, 0))
            stack.callback(sock.close)
            if context is not None:
                sock = context.wrap_socket(sock, server_hostname="localhost")
                stack.callback(sock.close)
                sock.sendall(PREFACE)
                assert sock.recv(9)[3:4] == b"\x04"  # the server's SETTINGS: it has accepted the certificate
            sockets.append(sock)
        yield sockets


def client_pair(frontend: Frontend, name: str = "mallory") -> Pair:
    return issuing.make_client(frontend.ca, name, Role.USER)
