"""An attacker: so many idle connections with a certificate, so many a second without one, all from one address.

    python tests/support/flood.py HOST:PORT SOURCE --bare 500 --idle 4000 CA CERT KEY

What the server ends, it opens again. Prints a line a second: how many are open now, and how many were opened in all.
Ends with its standard input. For tests and for figures; it needs the standard library alone.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import select
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""How a client of HTTP/2 begins: without it gRPC would count the TLS handshake as unfinished."""
TIMEOUT = 10.0
"""Seconds for one handshake."""


class Held:
    """Connections of one kind."""

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self._connect = connect
        self._sockets: dict[int, socket.socket] = {}
        self._ended = select.poll()
        self.opened = self.failed = 0

    def __len__(self) -> int:
        return len(self._sockets)

    def open(self) -> None:
        try:
            sock = self._connect()
        except OSError:
            self.failed += 1
            return
        self.opened += 1
        self._sockets[sock.fileno()] = sock
        self._ended.register(sock, select.POLLRDHUP)

    def forget_ended(self) -> None:
        """Close those that the server has ended."""
        for number, _ in self._ended.poll(0):
            self._ended.unregister(number)
            self._sockets.pop(number).close()


def keep(held: Held, most: int) -> None:
    """Always `most` of them, as fast as it goes."""
    while True:
        held.forget_ended()
        if len(held) < most:
            held.open()
        else:
            time.sleep(0.05)


def drip(held: Held, rate: int) -> None:
    """`rate` a second, in tenths of a second."""
    for due in _tenths():
        held.forget_ended()
        for _ in range(rate // 10):
            held.open()
        time.sleep(max(due - time.monotonic(), 0.0))


def _tenths() -> Iterator[float]:
    due = time.monotonic()
    while True:
        due = max(due + 0.1, time.monotonic())
        yield due


def context_of(ca: str, certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca)
    context.set_alpn_protocols(["h2"])
    context.load_cert_chain(certificate, key)
    return context


def handshake(connect: Callable[[], socket.socket], context: ssl.SSLContext) -> socket.socket:
    sock = context.wrap_socket(connect(), server_hostname="localhost")
    sock.sendall(PREFACE)
    return sock


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", metavar="HOST:PORT")
    parser.add_argument("source", metavar="SOURCE")
    parser.add_argument("--bare", metavar="RATE", type=int, default=0)
    parser.add_argument("--idle", metavar=("MOST", "CA", "CERT", "KEY"), nargs=4)
    asked = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    host, _, port = asked.target.rpartition(":")

    def bare() -> socket.socket:
        return socket.create_connection((host, int(port)), TIMEOUT, (asked.source, 0))

    kinds = {"bare": Held(bare)}
    threading.Thread(target=drip, args=(kinds["bare"], asked.bare), daemon=True).start()
    if asked.idle is not None:
        number, *files = asked.idle
        kinds["idle"] = Held(partial(handshake, bare, context_of(*files)))
        threading.Thread(target=keep, args=(kinds["idle"], int(number)), daemon=True).start()
    while not select.select([sys.stdin], [], [], 1.0)[0]:
        parts = [f"{name} {len(held)} open, {held.opened} opened, {held.failed} failed" for name, held in kinds.items()]
        with contextlib.suppress(BrokenPipeError):
            print("; ".join(parts), flush=True)


if __name__ == "__main__":
    main()
