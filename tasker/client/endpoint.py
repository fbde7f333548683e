"""Where a client connects to and who it is: checked once, then the same for the blocking client and the asyncio one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import grpc

from tasker import certs
from tasker.api.transport import LARGEST_REQUEST, LARGEST_RESPONSE
from tasker.client.explain import Credentials
from tasker.client.translation import Translation
from tasker.errors import invalid

_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})")

OPTIONS = [
    ("grpc.max_send_message_length", LARGEST_REQUEST),
    ("grpc.max_receive_message_length", LARGEST_RESPONSE),
    # A server that is gone without a word is noticed within 30 s, on a silent stream too. Pings may come twice as often
    # (frontend/server.py), so that none is ever taken for abuse; without a stream or call there are none. Their answers
    # queue behind the output that is under way: with less patience a loud job breaks off on a slow link.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.ping_timeout_ms", 20_000),
    ("grpc.http2.max_pings_without_data", 0),
    # A server that was away is found again soon after it is back: grpc's own pauses grow to two minutes, and a try may
    # take 20 s.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.min_reconnect_backoff_ms", 5000),
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
]


def split_address(address: str) -> tuple[str, int]:
    """Host and port of host:port, an IPv6 address without its brackets. Raises TaskerError(INVALID)."""
    match = _ADDRESS.fullmatch(address)
    if match is None or not 1 <= int(match[2]) <= 65535:
        raise invalid(f"cannot use the address {address[:80]!r}; write it as host:port, e.g. localhost:8275")
    return match[1].strip("[]"), int(match[2])


@dataclass(frozen=True)
class Endpoint:
    """What a channel is made of, and how its errors are read."""

    target: str
    credentials: grpc.ChannelCredentials
    translation: Translation


def endpoint(address: str, ca: bytes, certificate: bytes, key: bytes) -> Endpoint:
    """Raises TaskerError(INVALID) where an argument cannot be used. Connects to nothing."""
    host, port = split_address(address)
    ca, pair = certs.rewritten(ca, certs.Pair(certificate, key))
    credentials = grpc.ssl_channel_credentials(ca, pair.key, pair.certificate)
    return Endpoint(f"dns:///{address}", credentials, Translation(Credentials(host, port, ca, pair.certificate)))


def pem(ca: str | PathLike[str], certificate: str | PathLike[str], key: str | PathLike[str]) -> dict[str, bytes]:
    """What is in these files, by the names that a client takes them by. Raises TaskerError(INVALID)."""
    return {name: _read(Path(path)) for name, path in (("ca", ca), ("certificate", certificate), ("key", key))}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = error.strerror or "it is no file"
        raise invalid(f"cannot read {path}: {why}; name a file in PEM") from error
