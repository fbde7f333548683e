"""The TCP connections of this process, found through its own descriptors: grpc neither lists nor closes them.

    /proc/self/fd ──▶ duplicate of each ──▶ getpeername ──▶ Peer ──▶ shutdown, again by a duplicate with that peer

At any moment, grpc may close a descriptor in another thread, and the kernel may reuse its number for another file. So
each descriptor is duplicated before its peer is read or its socket is shut down: the duplicate stays the same socket
until it is closed here. After the shutdown, grpc reads end of file and closes the connection as if the client had.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple
from urllib.parse import unquote

_DESCRIPTORS = "/proc/self/fd"


class Peer(NamedTuple):
    """The other end of a TCP connection."""

    host: str
    """An IPv4 or IPv6 address, without a zone; one that is mapped into IPv6 is the IPv4 address."""
    port: int


def peer_of(context_peer: str) -> Peer | None:
    """The peer in grpc's notation: ipv4:192.0.2.1:50000, ipv6:%5B2001:db8::1%5D:50000. None for others, e.g. unix:."""
    kind, _, rest = unquote(context_peer).partition(":")
    host, _, port = rest.rpartition(":")
    return Peer(_canonical(host.strip("[]")), int(port)) if kind in ("ipv4", "ipv6") else None


def descriptors() -> int:
    """The number of open descriptors: at least the number of connections, and counted a hundred times faster."""
    return len(os.listdir(_DESCRIPTORS))


def connections() -> dict[int, Peer]:
    """The peers of all TCP connections, by descriptor."""
    found = {}
    for descriptor in map(int, os.listdir(_DESCRIPTORS)):
        if (sock := _duplicate(descriptor)) is not None:
            if (peer := _peer_of_socket(sock)) is not None:
                found[descriptor] = peer
            sock.close()
    return found


def shut_down(found: Mapping[int, Peer]) -> int:
    """Shuts down connections that `connections` found; returns how many still had the same peer."""
    ended = 0
    for descriptor, peer in found.items():
        if (sock := _duplicate(descriptor)) is not None:
            if _peer_of_socket(sock) == peer:
                with contextlib.suppress(OSError):  # the client closed it first
                    sock.shutdown(socket.SHUT_RDWR)
                    ended += 1
            sock.close()
    return ended


def _duplicate(descriptor: int) -> socket.socket | None:
    """A duplicate descriptor of a socket; None if the descriptor is closed, or not a socket.

    The family passed does not matter here; asking the kernel for it would take twice as long.
    """
    try:
        own = os.dup(descriptor)
    except OSError:
        return None
    try:
        return socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 0, fileno=own)
    except OSError:
        os.close(own)
        return None


def _peer_of_socket(sock: socket.socket) -> Peer | None:
    """The peer of a socket; None if it is not a TCP connection or is no longer connected."""
    try:
        match sock.getpeername():
            case (str(host), int(port), *_):
                return Peer(_canonical(host), port)
    except OSError:
        pass
    return None


@lru_cache(maxsize=4096)
def _canonical(host: str) -> str:
    address = ip_address(host.partition("%")[0])
    return str((address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address)
