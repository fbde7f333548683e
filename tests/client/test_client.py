"""The library: typed answers, errors that say what to do, streams that can be left from any thread."""

from __future__ import annotations

import dataclasses
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tasker import issuing, wire
from tasker.certs import Pair
from tasker.client import Attached, Client
from tasker.errors import Reason, TaskerError
from tasker.identity import Role
from tasker.job import JobSpec
from tasker.limits import IoLimit, Limits
from tests.frontend.peer import PeerJob
from tests.frontend.running import Frontend, running
from tests.support.waiting import DEADLINE, join, limit

SPEC = JobSpec(
    ("sh", "-c", "\udcff"), "/srv", {"A": "\udcfe"}, "n", "root", Limits(cpu=0.5, io=(IoLimit("/", 4096),), run_time=9)
)


# ── what is asked and answered ───────────────────────────────────────────────────────────────────────────────────────


def test_start(shared: Frontend) -> None:
    job = dataclasses.replace(PeerJob("abc").job, spec=SPEC)
    shared.peer.answers[wire.StartJob] = lambda _: wire.JobReply(job)
    assert shared.client().start(SPEC) == job
    asked = shared.peer.next_asked(wire.StartJob)
    assert (asked.caller.name, asked.spec) == ("alice", SPEC)


@pytest.mark.parametrize("grace", [None, 0.0, 2.5])
def test_stop(shared: Frontend, grace: float | None) -> None:
    job = PeerJob("abc").job
    shared.peer.answers[wire.StopJob] = lambda _: wire.JobReply(job)
    assert shared.client().stop("ab", grace) == job
    asked = shared.peer.next_asked(wire.StopJob)
    assert (asked.job, asked.grace) == ("ab", grace)


def test_list_turns_the_pages(shared: Frontend) -> None:
    jobs = [dataclasses.replace(PeerJob("abc").job, id=f"job{number}") for number in range(5)]

    def page(asked: wire.ListJobs) -> wire.JobsReply:
        at = int(asked.page or 0)
        return wire.JobsReply(tuple(jobs[at : at + 2]), str(at + 2) if at + 2 < len(jobs) else "")

    shared.peer.answers[wire.ListJobs] = page
    assert list(shared.client().list(owner="bob", running=True)) == jobs
    asked = [shared.peer.next_asked(wire.ListJobs) for _ in range(3)]
    assert [(each.owner, each.running, each.page) for each in asked] == [
        ("bob", True, ""),
        ("bob", True, "2"),
        ("bob", True, "4"),
    ]


def test_a_stream_is_left_from_another_thread(frontend: Frontend) -> None:
    frontend.peer.add(PeerJob("abc"))
    stream = frontend.client().attach("abc")
    assert isinstance(next(stream), Attached)
    thread = threading.Thread(target=stream.cancel)
    rest = []
    thread.start()
    rest = list(stream)
    join(thread)
    assert rest == []


def test_a_stream_that_breaks_off_is_an_error_and_says_where(frontend: Frontend) -> None:
    job = frontend.peer.add(PeerJob("abc"))
    job.print(b"12345")
    stream = frontend.client().attach("abc", reconnect_timeout=0)
    next(stream), next(stream)
    frontend.process.kill()
    with pytest.raises(TaskerError, match="is tasker running there") as caught:
        list(stream)
    assert caught.value.reason is Reason.UNAVAILABLE
    assert stream.offset == 5


def test_positions_exclude_each_other(shared: Frontend) -> None:
    positions: tuple[dict[str, Any], ...] = ({"offset": 1, "last_bytes": 1}, {"offset": -1}, {"last_lines": 1 << 64})
    for where in positions:
        with pytest.raises(TaskerError, match="cannot attach") as caught:
            shared.client().attach("abc", **where)
        assert caught.value.reason is Reason.INVALID


# ── why it does not work ─────────────────────────────────────────────────────────────────────────────────────────────


def failure(client: Client) -> TaskerError:
    with client, pytest.raises(TaskerError) as caught:
        client.get("abc")
    return caught.value


def test_what_is_no_text_is_no_id_and_no_owner(shared: Frontend) -> None:
    """As a command line has it where somebody typed bytes that are no UTF-8."""
    client = shared.client()
    asked: tuple[Callable[[], object], ...] = (
        lambda: client.get("\udcff"),
        lambda: client.wait("\udcff"),
        lambda: client.attach("\udcff"),
        lambda: client.watch(job="\udcff"),
        lambda: list(client.list(owner="\udcff")),
    )
    for ask in asked:
        with pytest.raises(TaskerError, match=r"cannot use the .* must be Unicode text") as caught:
            ask()
        assert caught.value.reason is Reason.INVALID


def test_nobody_listens(ca: Pair) -> None:
    with socket.socket() as sock:  # bound and not listening: nobody else gets the port meanwhile
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        pair = issuing.make_client(ca, "alice", Role.USER)
        error = failure(Client(f"127.0.0.1:{port}", ca=ca.certificate, certificate=pair.certificate, key=pair.key))
    assert error.reason is Reason.UNAVAILABLE
    assert error.message == (
        f"cannot reach 127.0.0.1:{port}: connection refused; is tasker running there? see `systemctl status tasker`"
    )


LONG_AGO = datetime.now(UTC) - timedelta(days=400)


def test_ones_own_certificate(shared: Frontend) -> None:
    """The server says nothing but "Socket closed"; the client looks at what it showed."""
    expired = failure(shared.client(pair=issuing.make_client(shared.ca, "alice", Role.USER, now=LONG_AGO)))
    assert expired.message.startswith("cannot use this certificate: it expired on ")
    early = issuing.make_client(shared.ca, "alice", Role.USER, now=datetime.now(UTC) + timedelta(days=1))
    assert "it is not valid before" in failure(shared.client(pair=early)).message
    server = failure(shared.client(pair=issuing.make_server(shared.ca, [])))
    assert server.message.startswith("cannot use this certificate: ")
    other = failure(shared.client(pair=issuing.make_client(issuing.make_ca(), "alice", Role.USER)))
    assert "not signed by your CA" in other.message
    assert {error.reason for error in (expired, server, other)} == {Reason.DENIED}


def test_the_servers_certificate(shared: Frontend) -> None:
    other = issuing.make_ca()
    pair = issuing.make_client(other, "alice", Role.USER)
    error = failure(Client(shared.address, ca=other.certificate, certificate=pair.certificate, key=pair.key))
    assert error.reason is Reason.UNAVAILABLE
    assert error.message.startswith(f"cannot trust {shared.address}: its certificate was not signed by your CA")


def test_the_servers_certificate_must_name_the_host(tmp_path: Path, ca: Pair) -> None:
    """127.0.0.2 is the same machine, by a name that its certificate does not have."""
    with running(tmp_path, ca, listen="127.0.0.2:0") as frontend:
        error = failure(frontend.client())
        assert error.reason is Reason.UNAVAILABLE
        assert "its certificate is not for 127.0.0.2" in error.message
        assert frontend.peer.asked.queue[-1] == wire.Connect()  # nothing was asked


def test_the_server_renews_its_certificate_too_late(frontend: Frontend) -> None:
    expired = issuing.make_server(frontend.ca, [], now=datetime.now(UTC) - timedelta(days=900))
    frontend.reload(certificate=expired.certificate.decode(), key=expired.key.decode())
    frontend.peer.end_streams("none", "nobody")  # answered after the reload before it
    error = failure(frontend.client())
    assert error.message.startswith(f"cannot trust {frontend.address}: its certificate has expired; there, run")
    assert "`systemctl reload tasker`" in error.message
    early = issuing.make_server(frontend.ca, [], now=datetime.now(UTC) + timedelta(days=2))
    frontend.reload(certificate=early.certificate.decode(), key=early.key.decode())
    frontend.peer.end_streams("none", "nobody")
    assert "its certificate is not valid yet; check the clocks of both machines" in failure(frontend.client()).message


def test_what_only_the_servers_journal_can_say(frontend: Frontend) -> None:
    """All looks well from here: own certificate, CA and server's certificate agree. The server trusts another CA."""
    frontend.reload(ca=issuing.make_ca().certificate.decode())
    frontend.peer.end_streams("none", "nobody")
    error = failure(frontend.client())
    assert error.reason is Reason.UNAVAILABLE
    assert "there, see `journalctl _SYSTEMD_UNIT=tasker-frontend@1.service TASKER_ACTION=login`" in error.message
    assert b"it was not signed by the CA of this service" in frontend.journal.recv(1 << 16)


def test_arguments_that_cannot_be_used(ca: Pair) -> None:
    pair = issuing.make_client(ca, "alice", Role.USER)
    good = {"ca": ca.certificate, "certificate": pair.certificate, "key": pair.key}
    for address in ("", "host", "host:", "host:0", "host:99999", ":1", "a b:1", "::1:1"):
        with pytest.raises(TaskerError, match="cannot use the address") as caught:
            Client(address, **good)
        assert caught.value.reason is Reason.INVALID
    for name in good:
        with pytest.raises(TaskerError, match=r"^cannot "):
            Client("host:1", **{**good, name: b"nonsense"})
    with pytest.raises(TaskerError, match="does not belong to the certificate"):
        Client("host:1", **{**good, "key": ca.key})


def test_waiting_for_an_event_can_be_interrupted(frontend: Frontend) -> None:
    """By a signal whose handler raises, as Ctrl-C's; so a test that waits for an event has a limit."""
    frontend.peer.add(PeerJob("abc"))
    with frontend.client() as client:
        stream = client.attach("abc")
        assert isinstance(next(stream), Attached)
        with pytest.raises(pytest.fail.Exception, match="an event"), limit("an event", 0.2):
            next(stream)


# ── how it is imported ───────────────────────────────────────────────────────────────────────────────────────────────


def test_grpc_is_imported_late_and_hears_of_tls_first() -> None:
    script = """
import os, sys
import tasker.client
assert "grpc" not in sys.modules, "slow"
assert os.environ["GRPC_SSL_CIPHER_SUITES"] and os.environ["GRPC_ENABLE_FORK_SUPPORT"] == "0"
from tasker.client import Client, Attachment
assert "grpc" in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, env={"PATH": "/usr/bin:/bin"}, timeout=DEADLINE)
