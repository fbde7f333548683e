"""The local frontend: the same service over a unix socket, with connections and streams of its own."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker import certs, issuing
from tasker.address import LOCAL, parse
from tasker.certs import Pair
from tasker.client import Client
from tasker.client.explain import Credentials, connection
from tasker.errors import Reason, TaskerError
from tasker.frontend import local
from tasker.frontend.server import options
from tasker.identity import Role
from tests.frontend.crowd import client_pair, crowd
from tests.frontend.handshake import context_for
from tests.frontend.peer import PeerJob
from tests.frontend.running import UNIT, Frontend, running
from tests.frontend.test_logins import heard

FULL = 128


@contextlib.contextmanager
def listening(directory: Path, ca: Pair) -> Iterator[Frontend]:
    frontend = Frontend(directory, ca)
    frontend.arguments = ["--local", str(directory / "socket")]
    frontend.peer.add(PeerJob("abc"))
    try:
        frontend.start()
        yield frontend
    finally:
        frontend.close()


def test_it_is_served_there_and_nowhere_else(tmp_path: Path, ca: Pair) -> None:
    with listening(tmp_path, ca) as frontend:
        assert frontend.address == f"unix:{tmp_path}/socket"
        assert frontend.client("root", Role.ADMIN).get("abc").id == "abc"
        inodes = {path.readlink().name for path in Path(f"/proc/{frontend.process.pid}/fd").iterdir()}
        listeners = [line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if " 0A " in line]
        assert not inodes & {f"socket:[{inode}]" for inode in listeners}


def test_a_file_that_was_left_there_is_replaced(tmp_path: Path, ca: Pair) -> None:
    """As by a frontend that was killed."""
    with socket.socket(socket.AF_UNIX) as before:
        before.bind(str(tmp_path / "socket"))
    with listening(tmp_path, ca) as frontend:
        assert frontend.client().get("abc").id == "abc"


def test_a_certificate_is_asked_for_there_too(tmp_path: Path, ca: Pair) -> None:
    """And what Tasker itself looks at there, as every frontend does at its start, is no failed login."""
    with listening(tmp_path, ca) as frontend:
        frontend.client().get("abc")
        context = context_for(ca.certificate, None)
        with socket.socket(socket.AF_UNIX) as plain:
            plain.connect(str(tmp_path / "socket"))
            with context.wrap_socket(plain, server_hostname="localhost") as sock, contextlib.suppress(ssl.SSLError):
                assert sock.recv(1) == b""
        own = issuing.make_client(ca, "root", Role.ADMIN)
        frontend.reload(revoked=(certs.describe(own.certificate).serial,))
        with pytest.raises(TaskerError, match="it was revoked"):
            frontend.client(pair=own).get("abc")
        fields = heard(frontend.journal)
        assert (fields["TASKER_ACTION"], fields["TASKER_ACTOR"], fields["TASKER_ADDRESS"]) == ("login", "root", "unix:")


def test_the_search_for_logins_is_its_own(tmp_path: Path, ca: Pair) -> None:
    with listening(tmp_path, ca) as frontend:
        error = connection(Credentials(parse(frontend.address), ca.certificate, b""), "Socket closed")
    assert "`journalctl _SYSTEMD_UNIT=tasker-frontend@local.service TASKER_ACTION=login`" in error.message


def test_the_server_has_to_be_the_machines_own(tmp_path: Path, ca: Pair) -> None:
    with listening(tmp_path, ca) as frontend:
        other = issuing.make_ca()
        pair = issuing.make_client(other, "root", Role.ADMIN)
        with pytest.raises(TaskerError, match=f"cannot trust {frontend.address}"):
            Client(frontend.address, ca=other.certificate, certificate=pair.certificate, key=pair.key).get("abc")


def test_it_answers_while_the_network_is_full(tmp_path: Path, ca: Pair) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    with (
        running(tmp_path / "1", ca, connections=FULL) as network,
        listening(tmp_path / "2", ca) as frontend,
        crowd(network, {"127.0.0.2": 64, "127.0.0.3": 64}, client_pair(network)),
    ):
        with pytest.raises(TaskerError, match="takes no more connections"):
            network.client().get("abc")
        assert frontend.client().get("abc").id == "abc"


def test_its_quota_is_its_own(shared: Frontend) -> None:
    setup = local.only(Path("/run/x"), shared.setup)
    told = dict(options(setup))
    assert told["grpc.max_allowed_incoming_connections"] == local.CONNECTIONS < shared.setup.connections
    assert (setup.listen, setup.frontends, setup.streams) == (("unix:/run/x",), 1, local.STREAMS)
    assert setup.streams_per_user <= setup.streams


def test_its_unit_makes_the_directory_for_root_and_names_the_socket_that_clients_know() -> None:
    lines = UNIT.with_name("tasker-frontend@local.service.d").joinpath("local.conf").read_text().splitlines()
    assert f"ExecStart=/usr/bin/python3 -s -P -m tasker.frontend --local {LOCAL}" in lines
    assert f"RuntimeDirectory={LOCAL.parent.name}" in lines
    assert "RuntimeDirectoryMode=0700" in lines


@pytest.mark.parametrize(("path", "why"), [("none", "No such file or directory"), ("dead", "connection refused")])
def test_a_client_is_told_why_it_cannot_connect(tmp_path: Path, ca: Pair, path: str, why: str) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead"))
    pair = issuing.make_client(ca, "root", Role.ADMIN)
    address = f"unix:{tmp_path / path}"
    with Client(address, ca=ca.certificate, certificate=pair.certificate, key=pair.key) as client:
        with pytest.raises(TaskerError, match=f"cannot reach {address}: {why}; is tasker running there") as caught:
            client.info()
        assert caught.value.reason is Reason.UNAVAILABLE
