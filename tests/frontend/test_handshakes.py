"""Who fails in the handshake itself is in the journal, with why and from where; what grpc logs besides is nowhere."""

from __future__ import annotations

import contextlib
import signal
import socket
import ssl
from concurrent import futures
from datetime import UTC, datetime, timedelta

import pytest

from tasker import issuing
from tasker.certs import Pair
from tasker.errors import TaskerError
from tasker.frontend.handshakes import Handshakes
from tasker.identity import Role
from tasker.journal import MESSAGES
from tests.frontend.handshake import PREFACE, context_for
from tests.frontend.running import Frontend
from tests.frontend.test_logins import heard
from tests.support.forging import CLIENT, CN, GOOD, OU, O, forge
from tests.support.waiting import DEADLINE

ELSEWHERE = "127.0.0.2"
"""Another address than the frontend's, as of another machine."""
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def shake(frontend: Frontend, pair: Pair | None, version: ssl.TLSVersion = V13, *, source: str = ELSEWHERE) -> None:
    """A handshake from that address, until the server has ended it."""
    context = context_for(frontend.ca.certificate, pair, version)
    with (
        contextlib.suppress(OSError),
        socket.create_connection((frontend.host, frontend.port), DEADLINE, (source, 0)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as sock,
    ):
        sock.sendall(PREFACE)
        while sock.recv(4096):
            pass


def strangers(ca: Pair) -> dict[str, Pair | None]:
    other = issuing.make_ca()
    now = datetime.now(UTC)
    return {
        "it was not signed by the CA of this service": issuing.make_client(other, "alice", Role.USER),
        "it has expired": issuing.make_client(ca, "alice", Role.USER, now=now - timedelta(days=400)),
        "it is not valid yet": forge(ca, GOOD, [CLIENT], begin=now + timedelta(hours=1)),
        "it is not a client certificate": issuing.make_server(ca, []),
        "a client without a certificate": None,
    }


def test_who_is_refused_in_the_handshake_is_written_down(frontend: Frontend) -> None:
    for why, pair in strangers(frontend.ca).items():
        shake(frontend, pair)
        fields = heard(frontend.journal)
        assert (fields["TASKER_ACTION"], fields["MESSAGE_ID"]) == ("login", MESSAGES["login"])
        assert (fields["TASKER_ADDRESS"], fields["TASKER_REASON"]) == (ELSEWHERE, "denied")
        assert fields["MESSAGE"].startswith(f"{ELSEWHERE}: cannot ")
        assert why in fields["MESSAGE"]
        assert "TASKER_ACTOR" not in fields
    shake(frontend, issuing.make_client(frontend.ca, "alice", Role.USER), V12)
    assert "cannot serve a connection that is not TLS 1.3" in heard(frontend.journal)["MESSAGE"]


def test_what_tasker_tries_on_its_own_port_is_no_attack(frontend: Frontend) -> None:
    """A frontend that starts tries TLS 1.2; doctor comes without a certificate. The first to be heard of is another."""
    shake(frontend, None, source="127.0.0.1")
    shake(frontend, None, V12, source="127.0.0.1")
    shake(frontend, issuing.make_client(issuing.make_ca(), "alice", Role.USER), source="127.0.0.1")
    assert "not signed by the CA" in heard(frontend.journal)["MESSAGE"]


def test_a_flood_is_written_down_ten_times_and_then_counted(frontend: Frontend) -> None:
    stranger = issuing.make_client(issuing.make_ca(), "alice", Role.USER)
    with futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: shake(frontend, stranger), range(100)))
    shake(frontend, stranger, source="127.0.0.3")
    addresses = [heard(frontend.journal)["TASKER_ADDRESS"] for _ in range(11)]
    assert addresses == [ELSEWHERE] * 10 + ["127.0.0.3"]
    frontend.process.send_signal(signal.SIGTERM)
    fields = heard(frontend.journal)
    assert fields["TASKER_ACTION"] == "login"
    assert fields["MESSAGE"].startswith(f"… and 90 more failed TLS handshakes from {ELSEWHERE} in the last minute")


def test_strangers_do_not_use_up_the_ration_of_whom_the_service_knows(frontend: Frontend) -> None:
    stranger = issuing.make_client(issuing.make_ca(), "alice", Role.USER)
    for _ in range(20):
        shake(frontend, stranger, source=frontend.host)
    assert not any("TASKER_ACTOR" in heard(frontend.journal) for _ in range(10))
    pair = forge(frontend.ca, [(CN, "alice"), (O, "Tasker"), (OU, "root")], [CLIENT])
    with pytest.raises(TaskerError, match="its OU is 'root'"):
        frontend.client(pair=pair).get("abc")
    assert heard(frontend.journal)["TASKER_ACTOR"] == "alice"


def test_what_is_no_tls_reaches_no_log_as_it_came(frontend: Frontend) -> None:
    for data in (b"GET / HTTP/1.0\r\n\r\n\x1b[31mred\nTASKER_ACTOR=root", b"\x16\x03\x01\x00\x05\x1b[31m"):
        with socket.create_connection((frontend.host, frontend.port), DEADLINE, (ELSEWHERE, 0)) as sock:
            sock.sendall(data)
            with contextlib.suppress(ConnectionError):
                assert sock.recv(1) == b""
        fields = heard(frontend.journal)
        assert fields["MESSAGE"].startswith(f"{ELSEWHERE}: cannot negotiate TLS 1.3 (")
        assert "red" not in str(fields)
    frontend.process.send_signal(signal.SIGTERM)
    frontend.process.wait(DEADLINE)
    log = frontend.log.read_text()
    assert "listening on" in log
    assert "andshak" not in log
    assert "\x1b" not in log


def test_an_abort_still_says_where(frontend: Frontend) -> None:
    """grpc aborts where it finds itself broken, and descriptor 2 is a pipe then."""
    frontend.process.send_signal(signal.SIGABRT)
    frontend.process.wait(DEADLINE)
    assert "Fatal Python error: Aborted" in frontend.log.read_text()


def test_whoever_wants_grpcs_log_gets_it(frontend: Frontend) -> None:
    frontend.process.send_signal(signal.SIGTERM)
    frontend.environment["GRPC_TRACE"] = "handshaker,tsi"
    frontend.relaunch()
    assert "gRPC Tracers: handshaker, tsi" in frontend.log.read_text()


# ── what is in the log ───────────────────────────────────────────────────────────────────────────────────────────────

HEAD = "I1124 13:58:44.845292   27141 handshaker.cc:155] "
TAIL = "=== Source Location Trace: ===\nsrc/core/util/status_helper.cc:68\n"


def record(why: str, peer: str = "ipv4:192.0.2.1:5", local: str = "ipv4:192.0.2.9:8275") -> bytes:
    """As grpc 1.85 writes it."""
    text = f"{HEAD}CallNextHandshakerLocked: error=UNKNOWN: Ssl handshake failed (TSI_PROTOCOL_FAILURE): "
    text += f"SSL_ERROR_SSL: error:1000007d:SSL routines:OPENSSL_internal:{why}: OK\n{TAIL} shutdown=false, args={{"
    text += f"grpc.internal.endpoint_local_address={local}, grpc.internal.endpoint_peer_address={peer}, grpc.x=1}}\n"
    return text.encode()


def told(*log: bytes) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    handshakes = Handshakes(lambda error, _, peer: found.append((peer, error.message)))
    for data in log:
        handshakes.feed(data)
    return found


def test_however_the_log_is_cut_it_reads_the_same() -> None:
    log = record("CERTIFICATE_VERIFY_FAILED: certificate has expired") + record("NO_SHARED_CIPHER", "ipv4:192.0.2.2:5")
    whole = told(log)
    assert [peer for peer, _ in whole] == ["ipv4:192.0.2.1:5", "ipv4:192.0.2.2:5"]
    assert told(*(log[i : i + 1] for i in range(len(log)))) == whole


def test_an_ipv6_address() -> None:
    here, there = "ipv6:%5B::1%5D:8275", "ipv6:%5B::1%5D:50000"
    expired = "CERTIFICATE_VERIFY_FAILED: certificate has expired"
    assert [peer for peer, _ in told(record(expired, there, here))] == [there]
    assert told(record("NO_SHARED_CIPHER: x", there, here)) == []  # as of what Tasker tries itself
    other = "ipv6:%5B2001:db8::1%5D:50000"
    assert [peer for peer, _ in told(record("NO_SHARED_CIPHER: x", other, here))] == [other]


def test_without_an_address_it_is_told_all_the_same() -> None:
    log = record("CERTIFICATE_VERIFY_FAILED: certificate has expired").replace(b"peer_address", b"peer")
    assert told(log) == []
    ((peer, message),) = told(log, HEAD.encode() + b"the next record\n")
    assert peer == ""
    assert "it has expired" in message


@pytest.mark.parametrize(
    "log",
    [
        b"",
        b"\n" * 1000,
        b"\xff\x00" * 50_000,
        b"x" * 200_000,
        f"{HEAD}CallNextHandshakerLocked: error=OK shutdown=false index=0, args={{}}\n".encode(),
        b"I1124 13:58:44.8 27141 channel_trace.h:396] Failed with error: Ssl handshake failed (X): Y\n",
        b"E1124 13:58:44.8 27141 somewhere.cc:1] anything \x1b[31m else\n",
    ],
)
def test_anything_else_is_nothing(log: bytes) -> None:
    assert told(log) == []
    after = told(log, b"\n", record("CERTIFICATE_VERIFY_FAILED: certificate has expired"))
    assert [peer for peer, _ in after] == ["ipv4:192.0.2.1:5"]


def test_a_reason_of_any_length_is_short() -> None:
    ((_, verify), (_, other)) = told(
        record("CERTIFICATE_VERIFY_FAILED: " + "x" * 5000), record("Y" * 5000), b"I1124 13:58:44 next\n"
    )
    assert max(len(verify), len(other)) < 200
