"""TLS handshakes by hand, with Python's ssl: what a stranger could try."""

from __future__ import annotations

import contextlib
import socket
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tasker.certs import Pair
from tests.frontend.running import Frontend
from tests.support.waiting import DEADLINE

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""How HTTP/2 begins, with an empty SETTINGS frame: a server that lets us in answers with its own."""


def context_for(ca: bytes, pair: Pair | None, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=ca.decode())
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2"])
    if pair is not None:
        load_pair(context, pair)
    return context


def load_pair(context: ssl.SSLContext, pair: Pair) -> None:
    with tempfile.NamedTemporaryFile() as file:  # ssl reads a certificate from files only
        Path(file.name).write_bytes(pair.certificate + pair.key)
        context.load_cert_chain(file.name)


@contextlib.contextmanager
def connected(
    host: str, port: int, context: ssl.SSLContext, session: ssl.SSLSession | None = None
) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection((host, port), timeout=DEADLINE) as plain,
        context.wrap_socket(plain, server_hostname="localhost", session=session) as sock,
    ):
        sock.sendall(PREFACE)
        yield sock


def is_let_in(frontend: Frontend, pair: Pair | None, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> bool:
    """Whether the server goes on to speak HTTP/2. (A client's side of a TLS 1.3 handshake is over before that.)"""
    context = context_for(frontend.ca.certificate, pair, version)
    try:
        with connected(frontend.host, frontend.port, context) as sock:
            return sock.recv(9)[3:4] == b"\x04"
    except (ssl.SSLError, ConnectionError):
        return False
