"""Who gets in: TLS 1.3 with a certificate that says who somebody is, now, and nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from concurrent import futures
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc.experimental import session_cache

from tasker import issuing
from tasker.api.v1 import tasker_pb2 as pb
from tasker.certs import Pair
from tasker.client import Attached, Detached, DetachReason
from tasker.errors import Reason, TaskerError
from tasker.frontend import tls
from tasker.frontend.guard import STATUS
from tasker.identity import Identity, Role
from tasker.wire import ListJobs
from tests.frontend.handshake import connected, context_for, is_let_in, load_pair
from tests.frontend.peer import PeerJob
from tests.frontend.running import Frontend
from tests.support.forging import CLIENT, GOOD, NO_IDENTITIES, Subject, Usages, forge
from tests.support.waiting import DEADLINE

LIST = "/tasker.api.v1.Tasker/ListJobs"
LONG_AGO = datetime.now(UTC) - timedelta(days=400)


def now_for(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


# ── the handshake ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_tls_1_3_and_nothing_below(shared: Frontend) -> None:
    client = issuing.make_client(shared.ca, "alice", Role.USER)
    assert is_let_in(shared, client)
    assert not is_let_in(shared, client, ssl.TLSVersion.TLSv1_2)
    # Not for want of a common cipher suite: this one is what every TLS 1.2 server speaks.
    context = context_for(shared.ca.certificate, client, ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    with pytest.raises((ssl.SSLError, ConnectionError)), connected(shared.host, shared.port, context) as sock:
        sock.recv(1)


@pytest.mark.parametrize("suite", ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])
def test_the_three_suites(shared: Frontend, suite: str) -> None:
    context = context_for(shared.ca.certificate, issuing.make_client(shared.ca, "alice", Role.USER))
    with connected(shared.host, shared.port, context) as sock:
        assert sock.cipher() is not None
        assert suite in {cipher["name"] for cipher in context.get_ciphers()}


def test_who_is_refused_in_the_handshake(shared: Frontend) -> None:
    other = issuing.make_ca()
    strangers = {
        "no certificate": None,
        "another CA's": issuing.make_client(other, "alice", Role.USER),
        "expired": issuing.make_client(shared.ca, "alice", Role.USER, now=LONG_AGO),
        "not yet valid": forge(shared.ca, GOOD, [CLIENT], begin=now_for(3600)),
        "a server's": issuing.make_server(shared.ca, []),
        "of an authority below ours": forge(
            shared.ca, GOOD, [CLIENT], signer=forge(shared.ca, GOOD, [CLIENT], is_ca=True)
        ),
    }
    assert {who for who, pair in strangers.items() if is_let_in(shared, pair)} == set()


def test_a_resumed_session_is_no_identity(shared: Frontend) -> None:
    """A ticket lives two days, and nobody looks at the certificate again."""
    pair = issuing.make_client(shared.ca, "alice", Role.USER)
    credentials = grpc.ssl_channel_credentials(shared.ca.certificate, pair.key, pair.certificate)
    cache = session_cache.ssl_session_cache_lru(8)  # type: ignore[no-untyped-call]
    options = [("grpc.ssl_session_cache", cache), ("grpc.use_local_subchannel_pool", 1)]
    calls: list[Any] = []
    for _ in range(2):
        with grpc.secure_channel(f"localhost:{shared.port}", credentials, options) as channel:
            get: Any = channel.unary_unary(LIST)
            calls.append(get.with_call(b"", timeout=DEADLINE) if not calls else refusal(get))
    assert shared.peer.next_asked(ListJobs).caller.name == "alice"  # the first call, and only that
    assert calls[1] == (grpc.StatusCode.PERMISSION_DENIED, "denied")


def refusal(call: Any) -> tuple[grpc.StatusCode, str]:
    """How a call that is not let through ends: the status and `tasker-reason`."""
    with pytest.raises(grpc.RpcError) as caught:
        call(b"", timeout=DEADLINE)
    error: Any = caught.value
    return error.code(), dict(error.trailing_metadata())["tasker-reason"]


def test_many_handshakes_at_once_leave_it_alive(frontend: Frontend) -> None:
    """grpc aborts where two handshakes at once are each given a configuration of their own."""
    context = context_for(frontend.ca.certificate, issuing.make_client(frontend.ca, "alice", Role.USER))

    def shake(_: int) -> None:
        with contextlib.suppress(OSError), connected(frontend.host, frontend.port, context) as sock:
            sock.recv(1)

    with futures.ThreadPoolExecutor(16) as pool:
        for _ in pool.map(shake, range(800)):
            pass
    assert frontend.process.poll() is None
    with frontend.client() as client:
        assert list(client.list()) == []


def test_the_client_trusts_no_other_server(shared: Frontend) -> None:
    client = issuing.make_client(shared.ca, "alice", Role.USER)
    with (
        pytest.raises(ssl.SSLCertVerificationError),
        connected(shared.host, shared.port, context_for(issuing.make_ca().certificate, client)),
    ):
        pass


# ── who somebody is ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_engine_is_told_who_calls(shared: Frontend) -> None:
    pair = issuing.make_client(shared.ca, "bob", Role.ADMIN)
    list(shared.client(pair=pair).list())
    caller = shared.peer.next_asked(ListJobs).caller
    assert (caller.name, caller.role) == ("bob", Role.ADMIN)


def raw_channel(frontend: Frontend, pair: Pair) -> grpc.Channel:
    """Without what our own client thinks of its certificate."""
    credentials = grpc.ssl_channel_credentials(frontend.ca.certificate, pair.key, pair.certificate)
    return grpc.secure_channel(frontend.address, credentials)


@pytest.mark.parametrize(("subject", "usages"), NO_IDENTITIES)
def test_what_tls_lets_through_is_no_identity_yet(shared: Frontend, subject: Subject, usages: Usages) -> None:
    with raw_channel(shared, forge(shared.ca, subject, usages)) as channel:
        call: Any = channel.unary_unary("/tasker.api.v1.Tasker/ListJobs")
        with pytest.raises(grpc.RpcError) as caught:
            call(b"", timeout=DEADLINE)
    error: Any = caught.value
    if usages is not None and CLIENT not in usages:
        assert error.code() is grpc.StatusCode.UNAVAILABLE  # not even TLS
    else:
        assert error.code() is grpc.StatusCode.PERMISSION_DENIED
        assert ("tasker-reason", "denied") in [(key, value) for key, value in error.trailing_metadata()]
        assert "cannot use this certificate" in error.details()


def every_method() -> list[str]:
    """Of the API's descriptor, and of the two services that are not ours."""
    ours = [
        f"/{service.full_name}/{method.name}"
        for service in pb.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    ]
    assert ours
    return [
        *ours,
        "/grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/Watch",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ]


@pytest.mark.parametrize("method", every_method())
def test_no_method_is_without_the_guard(shared: Frontend, method: str) -> None:
    """Not even one that cannot read its request: who calls is looked at first."""
    nobody = forge(shared.ca, [*GOOD, GOOD[2]], [CLIENT])
    with raw_channel(shared, nobody) as channel, pytest.raises(grpc.RpcError) as caught:  # noqa: PT012
        call: Any = channel.stream_stream(method)
        list(call(iter([b"\xff"]), timeout=DEADLINE))
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED


FACTS = {
    "transport_security_type": [b"ssl"],
    "ssl_tls_version": [b"TLSv1.3"],
    "ssl_session_reused": [b"false"],
}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("transport_security_type", []),
        ("ssl_tls_version", []),
        ("ssl_tls_version", [b"TLSv1.2"]),
        ("ssl_tls_version", [b"TLSv1.3", b"TLSv1.3"]),
        ("ssl_session_reused", []),
        ("ssl_session_reused", [b"true"]),
        ("x509_pem_cert", []),
        ("x509_pem_cert", [b""]),
    ],
)
def test_what_is_not_known_is_denied(shared: Frontend, name: str, values: list[bytes]) -> None:
    pem = issuing.make_client(shared.ca, "alice", Role.USER).certificate
    facts = {**FACTS, "x509_pem_cert": [pem]}
    material = tls.Material(shared.setup)
    assert material.identify(facts, datetime.now(UTC).timestamp()).identity.name == "alice"
    with pytest.raises(TaskerError) as caught:
        material.identify({**facts, name: values}, datetime.now(UTC).timestamp())
    assert caught.value.reason is Reason.DENIED
    with pytest.raises(TaskerError, match="expired"):
        material.identify(facts, (datetime.now(UTC) + timedelta(days=366)).timestamp())


def test_who_calls_is_a_plain_value(shared: Frontend) -> None:
    pair = issuing.make_client(shared.ca, "alice", Role.USER)
    caller = tls.Material(shared.setup).judge(pair.certificate, datetime.now(UTC).timestamp())
    assert isinstance(caller.identity, Identity)
    assert STATUS.keys() == set(Reason)


# ── while it is open ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_revoked_certificate(frontend: Frontend) -> None:
    job = frontend.peer.add(PeerJob("abc"))
    job.print(b"x" * 10)
    pair = issuing.make_client(frontend.ca, "alice", Role.USER)
    revoked, other = frontend.client(pair=pair), frontend.client("alice")
    stream, untouched = revoked.attach("abc", last_bytes=0), other.attach("abc")
    assert isinstance(next(stream), Attached)
    assert isinstance(next(untouched), Attached)
    serial = tls.Material(frontend.setup).judge(pair.certificate, datetime.now(UTC).timestamp()).identity.serial
    frontend.reload(revoked=(serial,))
    assert list(stream) == [Detached(DetachReason.CERTIFICATE, 10)]
    with pytest.raises(TaskerError, match="it was revoked") as caught:
        revoked.get("abc")
    assert caught.value.reason is Reason.DENIED
    assert other.get("abc").id == "abc"
    job.print(b"y")
    assert next(untouched).offset == 0  # type: ignore[union-attr]
    frontend.reload(revoked=())
    assert next(untouched).offset == 10  # type: ignore[union-attr]


def test_a_certificate_that_expires(frontend: Frontend) -> None:
    """On a connection that was made before, and under a stream that was."""
    frontend.peer.add(PeerJob("abc"))
    client = frontend.client(pair=forge(frontend.ca, GOOD, [CLIENT], end=now_for(4)))
    stream = client.attach("abc")
    assert isinstance(next(stream), Attached)
    assert client.get("abc").id == "abc"
    assert list(stream) == [Detached(DetachReason.CERTIFICATE, 0)]
    with pytest.raises(TaskerError, match="it expired on") as caught:
        client.get("abc")
    assert caught.value.reason is Reason.DENIED


def test_a_renewed_server_certificate_drops_nothing(frontend: Frontend) -> None:
    job = frontend.peer.add(PeerJob("abc"))
    stream = frontend.client().attach("abc")
    next(stream)
    renewed = issuing.make_server(frontend.ca, ["renewed.example"])
    frontend.reload(certificate=renewed.certificate.decode(), key=renewed.key.decode())
    frontend.peer.wait_for(asyncio.sleep(0))
    job.print(b"x")
    assert next(stream).offset == 0  # type: ignore[union-attr]
    context = context_for(frontend.ca.certificate, issuing.make_client(frontend.ca, "alice", Role.USER))
    with connected(frontend.host, frontend.port, context) as sock:
        names = sock.getpeercert() or {}
    assert ("DNS", "renewed.example") in names["subjectAltName"]


def test_another_ca_counts_on_old_connections_too(frontend: Frontend) -> None:
    frontend.peer.add(PeerJob("abc"))
    client = frontend.client()
    stream = client.attach("abc")
    next(stream)
    new = issuing.make_ca()
    server = issuing.make_server(new, [])
    frontend.reload(ca=new.certificate.decode(), certificate=server.certificate.decode(), key=server.key.decode())
    assert list(stream) == [Detached(DetachReason.CERTIFICATE, 0)]
    with pytest.raises(TaskerError, match="not signed by the CA of this service"):
        client.get("abc")
    frontend.ca = new
    assert frontend.client().get("abc").id == "abc"


def test_a_reload_that_cannot_be_used_changes_nothing(frontend: Frontend) -> None:
    frontend.peer.add(PeerJob("abc"))
    client = frontend.client()
    good = frontend.setup
    frontend.reload(key=issuing.make_ca().key.decode())
    frontend.reload(certificate="nonsense")
    assert client.get("abc").id == "abc"
    assert is_let_in(frontend, issuing.make_client(frontend.ca, "alice", Role.USER))
    frontend.reload(certificate=good.certificate, key=good.key, revoked=("ab",))
    assert frontend.client().get("abc").id == "abc"
    assert frontend.log.read_text().count("<3>cannot reload; keeping the previous certificates and deny list") == 2


# ── the probe of the own port ────────────────────────────────────────────────────────────────────────────────────────


@contextlib.asynccontextmanager
async def listening(pair: Pair, lowest: ssl.TLSVersion, highest: ssl.TLSVersion) -> AsyncIterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = lowest, highest
    context.load_verify_locations(cadata=pair.certificate.decode())
    context.verify_mode = (
        ssl.CERT_REQUIRED
    )  # as ours: the probe has no certificate, and must not mistake that for TLS 1.2
    load_pair(context, pair)
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def probe(pair: Pair, lowest: ssl.TLSVersion, highest: ssl.TLSVersion) -> None:
    async def run() -> None:
        async with listening(pair, lowest, highest) as port:
            await tls.probe(f"127.0.0.1:{port}")

    asyncio.run(run())


def test_the_probe(ca: Pair) -> None:
    server = issuing.make_server(ca, [])
    v12, v13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    probe(server, v13, v13)
    with pytest.raises(TaskerError, match=r"accepts TLS 1\.2"):
        probe(server, v12, v13)
    with pytest.raises(TaskerError, match=r"does not accept TLS 1\.3"):
        probe(server, v12, v12)


def test_a_frontend_that_would_speak_tls_1_2_does_not_serve(tmp_path: Path, ca: Pair) -> None:
    """grpc hears of the cipher suites when it is imported, and of nothing later."""
    frontend = Frontend(tmp_path, ca)
    frontend.peer.start()
    script = "import sys, grpc; from tasker.frontend.__main__ import main; sys.exit(main(sys.argv[1:]))"
    try:
        done = subprocess.run(
            [sys.executable, "-c", script, "--engine", str(frontend.peer.path)],
            # Under coverage, this process does not end: grpc was imported without its settings.
            env={name: value for name, value in os.environ.items() if not name.startswith(("GRPC_", "COVERAGE_"))},
            capture_output=True,
            timeout=DEADLINE,
            check=False,
        )
    finally:
        frontend.close()
    assert done.returncode == 1
    assert b"accepts TLS 1.2" in done.stderr


def test_without_a_configuration_of_its_own_a_handshake_is_resumed(ca: Pair) -> None:
    """Why `dynamic_ssl_server_credentials`: this is what grpc does otherwise. Fails when grpc mends it."""
    pair = issuing.make_server(ca, [])
    server = grpc.server(futures.ThreadPoolExecutor(1))
    port = server.add_secure_port(
        "127.0.0.1:0", grpc.ssl_server_credentials([(pair.key, pair.certificate)], ca.certificate, True)
    )
    server.start()
    context = context_for(ca.certificate, issuing.make_client(ca, "alice", Role.USER))
    with connected("127.0.0.1", port, context) as sock:
        sock.recv(9)
        session = sock.session
    with connected("127.0.0.1", port, context, session) as sock:
        sock.recv(9)
        assert sock.session_reused
    assert server.stop(None).wait(DEADLINE)
