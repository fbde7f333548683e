"""sd_notify(3): reports to systemd that a service is ready, reloading, stopping or alive.

Why no library (sdnotify, python-systemd): the protocol is one datagram; the collector imports nothing else.
"""

from __future__ import annotations

import contextlib
import os
import socket


def notify(*lines: str) -> None:
    """Sends e.g. "READY=1", "STATUS=…". Does nothing if $NOTIFY_SOCKET is not set."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with (
        contextlib.suppress(OSError),  # the service goes on without a listener
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock,
    ):
        sock.connect(address)
        sock.send("\n".join(lines).encode())


def watchdog_interval() -> float | None:
    """Seconds between two "WATCHDOG=1" (half of WatchdogSec=), or None if systemd expects none."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdigit() or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(microseconds) / 2e6
