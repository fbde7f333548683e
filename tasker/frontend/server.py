"""The gRPC server: its services, its limits, and how it listens and stops. grpc's defaults set no limits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection  # type: ignore[import-untyped]

from tasker.address import UNIX, for_grpc
from tasker.api.transport import LARGEST_REQUEST, LARGEST_RESPONSE
from tasker.api.v1 import tasker_pb2, tasker_pb2_grpc
from tasker.errors import Reason, TaskerError
from tasker.frontend import tls
from tasker.frontend.callers import Callers
from tasker.frontend.guard import Guard
from tasker.frontend.logins import Logins
from tasker.frontend.servicer import Servicer
from tasker.frontend.streams import LAST_WORD, Streams
from tasker.wire import Setup

log = logging.getLogger(__name__)

SERVED = tuple(service.full_name for service in tasker_pb2.DESCRIPTOR.services_by_name.values())
LAST_ANSWER = 2.0
"""Seconds for calls other than streams to finish when the server stops."""


def options(setup: Setup) -> list[tuple[str, int]]:
    """The options for grpc. Times in milliseconds, sizes in bytes."""
    return [
        ("grpc.max_concurrent_streams", setup.streams_per_user + 16),  # per connection; with room for StopJob
        ("grpc.max_allowed_incoming_connections", setup.connections),
        ("grpc.max_receive_message_length", LARGEST_REQUEST),
        ("grpc.max_send_message_length", LARGEST_RESPONSE),
        ("grpc.max_metadata_size", 8 << 10),
        ("grpc.absolute_max_metadata_size", 16 << 10),
        ("grpc.server_handshake_timeout_ms", 3000),
        # Both together detect a dead peer: the second alone would take a minute more.
        ("grpc.keepalive_time_ms", 20_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.http2.ping_timeout_ms", 10_000),
        # How often clients may send the same pings, on a stream without output.
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
        # Connections without a call, even if they answer PING frames. Closed after one to two times as long (measured).
        ("grpc.max_connection_idle_ms", 60_000),
        # New calls need a new handshake within the hour; open streams watch their certificate themselves.
        ("grpc.max_connection_age_ms", 3_600_000),
        # On by default: another server could silently take half of the connections.
        ("grpc.so_reuseport", int(setup.frontends > 1)),
    ]


class Server:
    """One gRPC server on one or more addresses."""

    def __init__(
        self, setup: Setup, material: tls.Material, service: Servicer, logins: Logins, callers: Callers
    ) -> None:
        self._guard = Guard(material, logins, callers)
        self._material = material
        self._grpc = grpc.aio.server(interceptors=[self._guard], options=options(setup))
        tasker_pb2_grpc.add_TaskerServicer_to_server(service, self._grpc)  # type: ignore[no-untyped-call]
        checks = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(checks, self._grpc)
        self._checks = checks
        names = (*SERVED, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._grpc)

    async def start(self, addresses: Sequence[str]) -> list[str]:
        """Listens and probes its own addresses; returns them with their ports. Raises TaskerError."""
        for name in SERVED:
            await self._checks.set(name, health_pb2.HealthCheckResponse.SERVING)
        listening = [self._listen(address) for address in addresses]
        await self._grpc.start()
        for address in listening:
            await tls.probe(address)
        return listening

    def _listen(self, address: str) -> str:
        try:
            port = self._grpc.add_secure_port(for_grpc(address), self._material.credentials())
            return address if address.startswith(UNIX) else f"{address.rpartition(':')[0]}:{port}"
        except RuntimeError as error:
            raise TaskerError(
                Reason.REFUSED,
                f"cannot listen on {address}: it is in use or not of this machine; see `ss -ltnp`",
            ) from error

    async def stop(self, streams: Streams) -> None:
        """Lets every stream and call send its last message, then stops. `streams` are already ending."""
        self._guard.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(streams.none_open(), LAST_WORD + 1)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._guard.idle(), LAST_ANSWER)
        self._guard.cut()
        await self._grpc.stop(1.0)
