"""Addresses of a service as host:port or unix:/path, parsed for clients and for the server.

db1.example.org:8275     a name; with a final dot it is absolute, and no search domain is appended
192.0.2.7:8275
[fe80::1%eth0]:8275      IPv6 in brackets; a link-local address needs its zone, a network interface (RFC 4007)
unix:/run/tasker-local/socket   the socket of the local frontend (LOCAL)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path

from tasker.errors import invalid

UNIX = "unix:"
LOCAL = Path("/run/tasker-local/socket")
"""The address of the frontend for root, the same on every machine."""
_UNIX = re.compile(rf"{UNIX}(/[A-Za-z0-9._/@+-]{{1,106}})")
_LABEL = "[A-Za-z0-9_-]{1,63}"
_NAME = rf"(?=.{{1,254}}:){_LABEL}(?:\.{_LABEL})*\.?"
_ADDRESS = re.compile(rf"(?:\[([0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]{{1,15}})?)\]|({_NAME})):([0-9]{{1,5}})")
_LOCALHOST = re.compile(r"(.+\.)?localhost\.", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """A host in the form that resolvers accept (IPv6 without brackets) and a port from 1 to 65535; or a socket's path.

    A socket belongs to this machine, so its host is localhost, which every server certificate of `tasker certs` names.
    """

    host: str
    port: int
    """0 for a unix socket."""
    path: str = ""

    def __str__(self) -> str:
        return f"{UNIX}{self.path}" if self.path else _joined(self.host, self.port)

    @property
    def authority(self) -> str:
        """The address with the host as in a certificate."""
        return self.host if self.path else _joined(certificate_name(self.host), self.port)

    @property
    def zone(self) -> str:
        """The network interface of a link-local IPv6 address; "" for none."""
        return self.host.partition("%")[2]


def parse(text: str, *, unix: bool = True) -> Address:
    """Parses host:port, or with `unix` also unix:/path. Raises TaskerError(INVALID).

    localhost with a final dot is localhost (RFC 6761, 6.3), which not every resolver knows.
    """
    if unix and (socket := _UNIX.fullmatch(text)):
        return Address("localhost", 0, socket[1])
    match = _ADDRESS.fullmatch(text)
    if match is None or not 1 <= int(match[3]) <= 65535 or (match[1] and not _is_ipv6(match[1])):
        raise invalid(f"cannot use the address {text[:80]!r}; write it as host:port, e.g. localhost:8275 or [::1]:8275")
    host = match[1] or match[2]
    return Address(host.removesuffix(".") if _LOCALHOST.fullmatch(host) else host, int(match[3]))


def certificate_name(host: str) -> str:
    """The host as in a certificate: without an IPv6 zone, and without the final dot (RFC 6125, 1.5 and 6.4)."""
    return host.partition("%")[0] if ":" in host else host.removesuffix(".")


def for_grpc(address: str) -> str:
    """The address for grpc, which decodes %xx as in a URI."""
    return address.replace("%", "%25")


def network(host: str) -> str:
    """The source that a rate limit counts a host under: an IPv4 address, or the /64 of an IPv6 address.

    A client with one address of a /64 can usually use all of its addresses. An IPv4 address mapped into IPv6
    (::ffff:192.0.2.1) counts as that IPv4 address. Text that is not an address is returned unchanged.
    """
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    mapped = address if isinstance(address, IPv4Address) else address.ipv4_mapped
    return str(mapped or IPv6Network((int(address), 64), strict=False))


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True
