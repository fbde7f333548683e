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
from tests.support.waiting import DEADLINE

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
def crowd(frontend: Frontend, sources: dict[str, int], pair: Pair | None = None) -> Iterator[None]:
    """So many connections from each address: idle ones with the certificate of `pair`, or of TCP alone."""
    context = context_for(frontend.ca.certificate, pair) if pair is not None else None
    with contextlib.ExitStack() as stack:
        for source in [address for address, count in sources.items() for _ in range(count)]:
            sock = socket.create_connection(("127.0.0.1", frontend.port), DEADLINE, (source, 0))
            stack.callback(sock.close)
            if context is not None:
                with contextlib.suppress(OSError):  # ended already, as one of too many
                    sock = context.wrap_socket(sock, server_hostname="localhost")
                    stack.callback(sock.close)
                    sock.sendall(PREFACE)
                    sock.recv(9)  # the server's SETTINGS: it has accepted the certificate
        yield


def client_pair(frontend: Frontend, name: str = "mallory") -> Pair:
    return issuing.make_client(frontend.ca, name, Role.USER)
