"""The server as a whole: what it serves beside the API, where it listens, how it starts and stops."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc  # type: ignore[import-untyped]

from tasker import issuing, wire
from tasker.certs import Pair
from tasker.client import Client
from tasker.client.endpoint import OPTIONS
from tasker.frontend.server import options
from tasker.identity import Role
from tests.frontend.peer import PeerJob
from tests.frontend.running import Frontend, running
from tests.support.port import Port
from tests.support.waiting import DEADLINE


def channel_of(frontend: Frontend) -> grpc.Channel:
    pair = issuing.make_client(frontend.ca, "alice", Role.USER)
    credentials = grpc.ssl_channel_credentials(frontend.ca.certificate, pair.key, pair.certificate)
    return grpc.secure_channel(frontend.address, credentials)


def test_health(shared: Frontend) -> None:
    with channel_of(shared) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        for name in ("", "tasker.api.v1.Tasker"):
            answer = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=DEADLINE)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        watch = health.Watch(health_pb2.HealthCheckRequest(service=""), timeout=DEADLINE)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        watch.cancel()


def test_reflection(shared: Frontend) -> None:
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    with channel_of(shared) as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        (answer,) = stub.ServerReflectionInfo(iter([asked]), timeout=DEADLINE)
    names = {service.name for service in answer.list_services_response.service}
    assert names >= {"tasker.api.v1.Tasker", "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}


def test_it_stops_under_a_watched_health(frontend: Frontend) -> None:
    """A stream that nobody ends would be waited for."""
    with channel_of(frontend) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        next(health.Watch(health_pb2.HealthCheckRequest(service=""), timeout=DEADLINE))
        frontend.process.send_signal(signal.SIGTERM)
        assert frontend.process.wait(DEADLINE) == 0


def test_what_grpc_is_reported(shared: Frontend) -> None:
    """Each of these is unlimited, absent or open without it."""
    told = dict(options(shared.setup))
    assert told["grpc.so_reuseport"] == 0
    assert dict(options(wire.Setup(**{**vars(shared.setup), "frontends": 2})))["grpc.so_reuseport"] == 1
    assert told["grpc.server_handshake_timeout_ms"] == 3000
    assert told["grpc.max_concurrent_streams"] > shared.setup.streams_per_user  # room for a stop
    assert told["grpc.max_connection_idle_ms"] == 60_000
    assert told["grpc.max_allowed_incoming_connections"] == shared.setup.connections == 4000
    for name in (
        "max_receive_message_length",
        "max_metadata_size",
        "keepalive_time_ms",
        "http2.ping_timeout_ms",  # without it a dead peer lives a minute longer
        "max_connection_age_ms",
    ):
        assert told[f"grpc.{name}"] > 0


def test_pings_of_our_own_client_are_never_too_many(shared: Frontend) -> None:
    """Too many end the connection (ENHANCE_YOUR_CALM); an idle stream has nothing but them."""
    taken = dict(options(shared.setup))["grpc.http2.min_recv_ping_interval_without_data_ms"]
    assert 2 * taken <= dict(OPTIONS)["grpc.keepalive_time_ms"]


def test_a_second_server_does_not_take_half_of_the_connections(tmp_path: Path, ca: Pair, shared: Frontend) -> None:
    second = Frontend(tmp_path, ca, listen=shared.address)
    try:
        second.peer.start()
        second.launch()
        assert second.process.wait(DEADLINE) == 1
        (line,) = second.log.read_text().splitlines()
    finally:
        second.close()
    assert line.startswith(f"<3>cannot listen on {shared.address}: it is in use")


def test_several_frontends_share_a_port_where_that_is_configured(tmp_path: Path, ca: Pair) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    with (
        running(tmp_path / "1", ca, frontends=2) as first,
        running(tmp_path / "2", ca, listen=first.address, frontends=2) as second,
    ):
        assert second.address == first.address
        first.peer.add(PeerJob("abc"))
        second.peer.add(PeerJob("abc"))
        assert first.client().get("abc").id == "abc"


def test_material_that_cannot_be_used_is_one_line(tmp_path: Path, ca: Pair) -> None:
    frontend = Frontend(tmp_path, ca, key=ca.key.decode())
    try:
        frontend.peer.start()
        frontend.launch()
        assert frontend.process.wait(DEADLINE) == 1
        (line,) = frontend.log.read_text().splitlines()
    finally:
        frontend.close()
    assert (
        line == "<3>cannot use the key: it does not belong to the certificate; use a key and certificate made together"
    )


@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="this kernel has no IPv6")
def test_an_ipv6_address(tmp_path: Path, ca: Pair) -> None:
    with Port() as reserved, running(tmp_path, ca, listen=f"[::1]:{reserved.number}") as frontend:
        frontend.peer.add(PeerJob("abc"))
        assert frontend.client().get("abc").id == "abc"
        pair = issuing.make_client(ca, "alice", Role.USER)
        address = f"localhost:{reserved.number}"
        with Client(address, ca=ca.certificate, certificate=pair.certificate, key=pair.key) as client:
            assert client.get("abc").id == "abc"


def test_it_never_forks(shared: Frontend) -> None:
    """grpc breaks in what is forked, and breaks what it is forked from."""
    list(shared.client().list())
    children = Path(f"/proc/{shared.process.pid}/task/{shared.process.pid}/children").read_text()
    assert children == ""
    assert os.environ["GRPC_ENABLE_FORK_SUPPORT"] == "0"  # set by our packages, in this process too


def test_the_watchdog_is_fed(tmp_path: Path, ca: Pair) -> None:
    frontend = Frontend(tmp_path, ca)
    frontend.environment["WATCHDOG_USEC"] = "100000"
    frontend.environment.pop("WATCHDOG_PID", None)
    try:
        frontend.start()
        frontend.heard("WATCHDOG=1")
        frontend.heard("WATCHDOG=1")
    finally:
        frontend.close()
