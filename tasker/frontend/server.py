"""The gRPC server: what it serves, how much it takes on, and how it listens and stops. grpc's defaults are all open."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection  # type: ignore[import-untyped]

from tasker.address import for_grpc
from tasker.api.transport import LARGEST_REQUEST, LARGEST_RESPONSE
from tasker.api.v1 import tasker_pb2, tasker_pb2_grpc
from tasker.config import CONNECTIONS_BESIDE_STREAMS
from tasker.errors import Reason, TaskerError
from tasker.frontend import tls
from tasker.frontend.guard import Guard
from tasker.frontend.logins import Logins
from tasker.frontend.servicer import Servicer
from tasker.frontend.streams import LAST_WORD, Streams
from tasker.wire import Setup

log = logging.getLogger(__name__)

SERVED = tuple(service.full_name for service in tasker_pb2.DESCRIPTOR.services_by_name.values())
LAST_ANSWER = 2.0
"""Seconds that calls other than streams have for their answer when the server stops."""


def options(setup: Setup) -> list[tuple[str, int]]:
    """What grpc is told. Times are milliseconds, sizes bytes."""
    return [
        ("grpc.max_concurrent_streams", setup.streams_per_user + 16),  # in one connection; with room for StopJob
        ("grpc.max_allowed_incoming_connections", setup.streams + CONNECTIONS_BESIDE_STREAMS),
        ("grpc.max_receive_message_length", LARGEST_REQUEST),
        ("grpc.max_send_message_length", LARGEST_RESPONSE),
        ("grpc.max_metadata_size", 8 << 10),
        ("grpc.absolute_max_metadata_size", 16 << 10),
        ("grpc.server_handshake_timeout_ms", 5000),
        # A peer that is gone is noticed by both together: the second alone would take a minute more.
        ("grpc.keepalive_time_ms", 20_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.http2.ping_timeout_ms", 10_000),
        # What a client may ask in the same way, of a stream on which nothing is printed.
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
        # New calls meet a new handshake within the hour; open streams watch their certificate themselves.
        ("grpc.max_connection_age_ms", 3_600_000),
        # On by default, so that another server could take half of the connections in silence.
        ("grpc.so_reuseport", int(setup.frontends > 1)),
    ]


class Server:
    """One server on one or more addresses."""

    def __init__(self, setup: Setup, material: tls.Material, service: Servicer, logins: Logins) -> None:
        self._guard = Guard(material, logins)
        self._material = material
        self._grpc = grpc.aio.server(interceptors=[self._guard], options=options(setup))
        tasker_pb2_grpc.add_TaskerServicer_to_server(service, self._grpc)  # type: ignore[no-untyped-call]
        checks = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(checks, self._grpc)
        self._checks = checks
        names = (*SERVED, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._grpc)

    async def start(self, addresses: Sequence[str]) -> list[str]:
        """Listen, and try the own ports; the addresses with their ports. Raises TaskerError."""
        for name in SERVED:
            await self._checks.set(name, health_pb2.HealthCheckResponse.SERVING)
        listening = [(_host(address), self._listen(address)) for address in addresses]
        await self._grpc.start()
        for host, port in listening:
            await tls.probe(_reachable(host), port)
        return [f"{host}:{port}" for host, port in listening]

    def _listen(self, address: str) -> int:
        try:
            return self._grpc.add_secure_port(for_grpc(address), self._material.credentials())
        except RuntimeError as error:
            raise TaskerError(
                Reason.REFUSED,
                f"cannot listen on {address}: it is in use, or no address of this machine; `ss -ltnp` shows by whom",
            ) from error

    async def stop(self, streams: Streams) -> None:
        """Let every stream and call say its last word, then end. `streams` were told to end."""
        self._guard.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(streams.none_open(), LAST_WORD + 1)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._guard.idle(), LAST_ANSWER)
        self._guard.cut()
        await self._grpc.stop(1.0)


def _host(address: str) -> str:
    return address.rpartition(":")[0]


def _reachable(host: str) -> str:
    """Where the own process reaches what listens on `host`."""
    bare = host.strip("[]")
    return {"::": "localhost", "0.0.0.0": "127.0.0.1"}.get(bare, bare)
