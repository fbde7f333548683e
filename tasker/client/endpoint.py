"""Where a client connects to and who it is: checked once, then the same for the blocking client and the asyncio one."""

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
    # A name service that does not answer is given up well before the call is; grpc's own limit is two minutes.
    ("grpc.dns_ares_query_timeout", 10_000),
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
]


@dataclass(frozen=True)
class Endpoint:
    """What a channel is made of, and how its errors are read."""

    target: str
    options: Sequence[tuple[str, str | int]]
    credentials: grpc.ChannelCredentials
    translation: Translation


def endpoint(address: str, ca: bytes, certificate: bytes, key: bytes) -> Endpoint:
    """Raises TaskerError(INVALID) where an argument cannot be used. Connects to nothing."""
    where = parse(address)
    ca, pair = certs.rewritten(ca, certs.Pair(certificate, key))
    return Endpoint(
        target=str(where) if where.path else f"dns:///{for_grpc(str(where))}",
        options=[*OPTIONS, ("grpc.default_authority", where.authority)],  # the name that the certificate must have
        credentials=grpc.ssl_channel_credentials(ca, pair.key, pair.certificate),
        translation=Translation(Credentials(where, ca, pair.certificate)),
    )


def pem(ca: str | PathLike[str], certificate: str | PathLike[str], key: str | PathLike[str]) -> dict[str, bytes]:
    """What is in these files, by the names that a client takes them by. Raises TaskerError(INVALID)."""
    return {name: _read(Path(path)) for name, path in (("ca", ca), ("certificate", certificate), ("key", key))}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = error.strerror or "it is no file"
        raise invalid(f"cannot read {path}: {why}; name a file in PEM") from error
