"""One address keeps nobody else out, however many connections it makes; and what it is left with."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker import wire
from tasker.certs import Pair
from tasker.errors import Reason, TaskerError
from tasker.frontend.connections import KEPT, surplus
from tasker.frontend.sockets import Peer, connections, peer_of, shut_down
from tasker.journal import MESSAGES
from tests.frontend.crowd import client_pair, crowd, held
from tests.frontend.peer import PeerJob
from tests.frontend.running import Frontend, running
from tests.frontend.test_logins import heard
from tests.support.port import Port
from tests.support.waiting import until, until_equal

MOST = 256
"""[server] connections of these tests: half of it is 128."""
ATTACKER, OTHER, THIRD = "127.0.0.2", "127.0.0.3", "127.0.0.4"


@pytest.fixture
def small(tmp_path: Path, ca: Pair) -> Iterator[Frontend]:
    with running(tmp_path, ca, connections=MOST) as frontend:
        frontend.peer.add(PeerJob("abc"))
        yield frontend


def test_idle_connections_of_one_certificate(small: Frontend) -> None:
    with crowd(small, {ATTACKER: MOST - 16}, client_pair(small)):
        until(lambda: held(small)[ATTACKER], lambda count: count <= MOST // 2, "half of the connections are ended")
        assert held(small)[ATTACKER] >= KEPT
        assert small.client().get("abc").id == "abc"
        with crowd(small, {OTHER: 5}, client_pair(small, "bob")):
            assert held(small)[OTHER] == 5
    fields = heard(small.journal)
    assert (fields["TASKER_ACTION"], fields["MESSAGE_ID"]) == ("disconnect", MESSAGES["disconnect"])
    assert fields["TASKER_ADDRESS"] == ATTACKER
    assert int(fields["TASKER_CONNECTIONS"]) > 0
    assert fields["MESSAGE"].startswith(f"{ATTACKER}: ended {fields['TASKER_CONNECTIONS']} of its ")


def test_connections_without_a_certificate(small: Frontend) -> None:
    with crowd(small, {ATTACKER: MOST - 16}):
        until(lambda: held(small)[ATTACKER], lambda count: count <= MOST // 2, "half of the connections are ended")
        assert heard(small.journal)["TASKER_ADDRESS"] == ATTACKER  # not the handshake timeout
        assert small.client().get("abc").id == "abc"
        with crowd(small, {OTHER: 5}, client_pair(small, "bob")):
            assert held(small)[OTHER] == 5


@pytest.mark.parametrize("name", ["GRPC_TRACE", "GRPC_VERBOSITY"])
def test_it_looks_without_the_log_of_grpc_too(tmp_path: Path, ca: Pair, name: str) -> None:
    frontend = Frontend(tmp_path, ca, connections=MOST)
    frontend.environment[name] = ""
    try:
        frontend.start()
        with crowd(frontend, {ATTACKER: MOST - 16}):
            assert heard(frontend.journal)["TASKER_ADDRESS"] == ATTACKER
    finally:
        frontend.close()


def test_nobody_is_left_with_fewer_than_64(small: Frontend) -> None:
    with crowd(small, {OTHER: KEPT, THIRD: KEPT, ATTACKER: 100}, client_pair(small)):
        until_equal(lambda: dict(held(small)), {OTHER: KEPT, THIRD: KEPT, ATTACKER: KEPT})
    assert heard(small.journal)["TASKER_ADDRESS"] == ATTACKER


@pytest.mark.parametrize("listen", ["127.0.0.1", "[::]"])
def test_of_one_address_those_without_an_open_call_are_ended_first(tmp_path: Path, ca: Pair, listen: str) -> None:
    if listen == "[::]" and not Path("/proc/net/if_inet6").exists():
        pytest.skip("this kernel has no IPv6")
    with Port() as port, running(tmp_path, ca, listen=f"{listen}:{port.number}", connections=MOST) as frontend:
        frontend.address = f"127.0.0.1:{port.number}"
        job = frontend.peer.add(PeerJob("abc"))
        streams = [frontend.client().attach("abc") for _ in range(10)]
        for stream in streams:
            next(stream)
        with crowd(frontend, {"127.0.0.1": MOST - 26}, client_pair(frontend)):
            until(lambda: held(frontend)["127.0.0.1"], lambda count: count <= MOST // 2, "half are ended")
            job.print(b"still here\n")
            for stream in streams:
                assert getattr(next(stream), "data", b"") == b"still here\n"
                stream.cancel()
            asked = [frontend.peer.asked.get() for _ in range(frontend.peer.asked.qsize())]
            assert sum(isinstance(message, wire.AttachJob) for message in asked) == len(streams)  # none came again


def test_what_is_ended_is_counted_at_the_end_of_the_minute(small: Frontend) -> None:
    with crowd(small, {ATTACKER: MOST - 16}):
        first = int(heard(small.journal)["TASKER_CONNECTIONS"])
        until(lambda: held(small)[ATTACKER], lambda count: count <= MOST // 2, "half of the connections are ended")
        ended = MOST - 16 - held(small)[ATTACKER]
        with crowd(small, {ATTACKER: MOST // 2}):
            until(lambda: held(small)[ATTACKER], lambda count: count <= MOST // 2, "half of the connections are ended")
            small.process.terminate()
            last = heard(small.journal)
    assert (last["TASKER_ACTION"], last["MESSAGE_ID"]) == ("disconnect", MESSAGES["omit"])
    assert first + int(last["TASKER_OMITTED"]) >= ended
    assert f"more ended connections from {ATTACKER} in the last minute" in last["MESSAGE"]


def test_a_client_is_told_that_the_server_is_full(small: Frontend) -> None:
    """By its own look: grpc says that the socket was closed, whatever the reason."""
    sources = {f"127.0.0.{number}": KEPT for number in (2, 3, 4, 5)}
    with crowd(small, sources, client_pair(small)):
        with pytest.raises(TaskerError, match="the server takes no more connections; try again later") as caught:
            small.client().get("abc")
        assert caught.value.reason is Reason.UNAVAILABLE
        assert dict(held(small)) == sources


def found(*groups: tuple[str, int]) -> dict[int, Peer]:
    """So many connections from each of these addresses, by descriptor."""
    peers = [Peer(host.format(n), 1000 + n) for host, count in groups for n in range(count)]
    return dict(enumerate(peers))


def lost(peers: dict[int, Peer], excess: int, calls: frozenset[Peer] = frozenset()) -> dict[str, int]:
    return {source: len(numbers) for source, (_, numbers) in surplus(peers, excess, calls.__contains__).items()}


def test_who_has_most_loses_until_others_have_as_many() -> None:
    peers = found(("192.0.2.1", 300), ("192.0.2.2", 200), ("192.0.2.3", 100))
    assert lost(peers, 100) == {"192.0.2.1": 100}
    assert lost(peers, 200) == {"192.0.2.1": 150, "192.0.2.2": 50}
    assert lost(peers, 10_000) == {"192.0.2.1": 300 - KEPT, "192.0.2.2": 200 - KEPT, "192.0.2.3": 100 - KEPT}
    assert lost(peers, 0) == lost(peers, -5) == lost(found(("192.0.2.1", KEPT)), 10) == {}


def test_addresses_of_one_network_are_one_source() -> None:
    """A /64 of IPv6."""
    peers = found(("2001:db8:0:1::{:x}", 100), ("2001:db8:0:2::{:x}", 70), ("198.51.100.{}", 200))
    assert lost(peers, 30) == {"2001:db8:0:1::/64": 30}
    assert lost(peers, 1000) == {"2001:db8:0:1::/64": 100 - KEPT, "2001:db8:0:2::/64": 70 - KEPT}


def test_an_open_call_goes_last() -> None:
    peers = found(("192.0.2.1", 200))
    calls = frozenset(list(peers.values())[:90])
    ((held, numbers),) = surplus(peers, 120, calls.__contains__).values()
    assert held == 200
    assert sum(peers[number] in calls for number in numbers) == 120 - 110


@pytest.mark.parametrize(
    ("named", "peer"),
    [
        ("ipv4:192.0.2.1:50000", Peer("192.0.2.1", 50000)),
        ("ipv6:%5B2001:db8::1%5D:50000", Peer("2001:db8::1", 50000)),
        ("ipv6:%5B::ffff:192.0.2.1%5D:50000", Peer("192.0.2.1", 50000)),
        ("ipv6:%5Bfe80::1%25eth0%5D:50000", Peer("fe80::1", 50000)),
        ("unix:/run/tasker-local/socket", None),
        ("unix:", None),
    ],
)
def test_the_peer_of_a_call(named: str, peer: Peer | None) -> None:
    assert peer_of(named) == peer


def pairs(listener: socket.socket, count: int) -> tuple[list[socket.socket], list[socket.socket]]:
    clients = [socket.create_connection(listener.getsockname()) for _ in range(count)]
    return clients, [listener.accept()[0] for _ in clients]


def test_a_descriptor_that_is_another_socket_by_now_is_left_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, contextlib.ExitStack() as stack:
        clients, servers = pairs(listener, 3)
        for sock in (*clients, *servers):
            stack.callback(sock.close)
        first, second, closed = servers
        seen = connections()
        wanted = {sock.fileno(): seen[sock.fileno()] for sock in servers}
        assert wanted[first.fileno()] == Peer(*clients[0].getsockname())
        number = closed.fileno()
        closed.close()
        assert number not in connections()
        assert shut_down({number: wanted[number], second.fileno(): wanted[first.fileno()]}) == 0
        clients[1].sendall(b"x")
        assert second.recv(1) == b"x"
        assert shut_down({first.fileno(): wanted[first.fileno()]}) == 1
        assert clients[0].recv(1) == b""


def test_what_is_no_tcp_connection_is_not_found() -> None:
    """In a process of its own, so that all descriptors are known."""
    script = """
import json, os, socket
from tasker.frontend.sockets import connections, descriptors
listener, udp = socket.create_server(("127.0.0.1", 0)), socket.socket(type=socket.SOCK_DGRAM)
kept = [socket.socketpair(), os.pipe(), os.memfd_create("x"), udp, socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)]
client = socket.create_connection(listener.getsockname())
peers = {number: list(peer) for number, peer in connections().items()}
print(json.dumps([peers, client.fileno(), listener.getsockname(), descriptors()]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    peers, number, address, count = json.loads(done.stdout)
    assert peers == {str(number): address}
    assert count >= 10
