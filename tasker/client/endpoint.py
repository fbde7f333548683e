"""The target and the credentials of a client, checked once. Shared by the blocking client and the asyncio client."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import grpc

from tasker import certs
from tasker.address import for_grpc, parse
from tasker.api.transport import LARGEST_REQUEST, LARGEST_RESPONSE
from tasker.client.explain import Credentials
from tasker.client.translation import Translation
from tasker.errors import invalid

OPTIONS = [
    ("grpc.max_send_message_length", LARGEST_REQUEST),
    ("grpc.max_receive_message_length", LARGEST_RESPONSE),
    # A server that vanished is detected within 30 s, even on a silent stream. The server allows twice as many pings
    # (frontend/server.py), so that none counts as abuse; without a stream or call none is sent. The answer to a ping
    # queues behind output in transit: a shorter timeout would break streams of much output on a slow link.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.ping_timeout_ms", 20_000),
    ("grpc.http2.max_pings_without_data", 0),
    # Reconnect soon after a server is back: grpc's default pauses grow to two minutes, and an attempt may take 20 s.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.min_reconnect_backoff_ms", 5000),
    # Time out a name service well before the call times out; the default limit of grpc is two minutes.
    ("grpc.dns_ares_query_timeout", 10_000),
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
]


@dataclass(frozen=True)
class Endpoint:
    """The parts of a channel, and the translation of its errors."""

    target: str
    options: Sequence[tuple[str, str | int]]
    credentials: grpc.ChannelCredentials
    translation: Translation


def endpoint(address: str, ca: bytes, certificate: bytes, key: bytes) -> Endpoint:
    """Checks the arguments without connecting. Raises TaskerError(INVALID) for an argument that cannot be used."""
    where = parse(address)
    ca, pair = certs.rewritten(ca, certs.Pair(certificate, key))
    return Endpoint(
        target=str(where) if where.path else f"dns:///{for_grpc(str(where))}",
        options=[*OPTIONS, ("grpc.default_authority", where.authority)],  # the server's name in its certificate
        credentials=grpc.ssl_channel_credentials(ca, pair.key, pair.certificate),
        translation=Translation(Credentials(where, ca, pair.certificate)),
    )


def pem(ca: str | PathLike[str], certificate: str | PathLike[str], key: str | PathLike[str]) -> dict[str, bytes]:
    """Reads the files; returns them as keyword arguments of a client. Raises TaskerError(INVALID)."""
    return {name: _read(Path(path)) for name, path in (("ca", ca), ("certificate", certificate), ("key", key))}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = error.strerror or "it is not a file"
        raise invalid(f"cannot read {path}: {why}; give a PEM file") from error
