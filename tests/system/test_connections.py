"""One address cannot keep root and others out of a real machine, and nothing on the network keeps root out.

The processor of the disposable machine is emulated: it makes a handshake or two a second while it is busy, and accepts
some hundred connections. So the flood is small here, and so is [server] connections; tests/frontend/test_connections.py
has the same natively, and tests/support/flood.py makes 4,000 connections and 500 a second.
"""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tasker.address import LOCAL
from tasker.client import Client
from tasker.identity import Role
from tests.support import flood
from tests.support.waiting import until
from tests.system.conftest import ADDRESS, ETC, MOST, User, moment, run, since

ATTACKER, OTHER = "127.0.0.2", "127.0.0.3"
SOON = 5.0
"""Seconds within which everybody else has to be answered."""
FLOOD = Path(flood.__file__)
LOCAL_FRONTEND = "tasker-frontend@local.service"


@contextmanager
def flooded(user: User) -> Iterator[None]:
    """Connections from ATTACKER, with the certificate of `user` and without one, so many that some were ended.

    An attacker computes on a machine of its own: here, with what the others leave of the processor (nice).
    """
    begun = moment()
    files = [str(ETC / "ca.crt"), *(str(ETC / "clients" / f"{user.name}{end}") for end in (".crt", ".key"))]
    command = ["nice", "-n", "19", sys.executable, str(FLOOD), "127.0.0.1:8275", ATTACKER]
    command += ["--bare", "40", "--idle", str(MOST), *files]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        try:
            search = ("_SYSTEMD_UNIT=tasker-frontend@1.service", "TASKER_ACTION=disconnect")
            until(lambda: since(begun, *search), lambda found: f"{ATTACKER}: ended " in found)
            yield
        finally:
            process.terminate()


@contextmanager
def through(source: str) -> Iterator[str]:
    """An address of this machine that leads to the frontend; there, what comes that way comes from `source`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_forward_all, args=(listener, source), daemon=True).start()
        yield f"localhost:{listener.getsockname()[1]}"


def _forward_all(listener: socket.socket, source: str) -> None:
    while True:
        try:
            near, _ = listener.accept()
        except OSError:
            return
        far = socket.create_connection(("127.0.0.1", 8275), source_address=(source, 0))
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=_forward, args=(one, other), daemon=True).start()


def _forward(one: socket.socket, other: socket.socket) -> None:
    try:
        while data := one.recv(1 << 16):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def seconds(user: User, address: str) -> float:
    """How long a new connection and its first call take."""
    stem = ETC / "clients" / user.name
    certificate, key = (stem.with_suffix(end).read_bytes() for end in (".crt", ".key"))
    begun = time.monotonic()
    with Client(address, ca=(ETC / "ca.crt").read_bytes(), certificate=certificate, key=key) as client:
        assert client.info().caller.name == user.name
    return time.monotonic() - begun


def slowest(ask: Callable[[], float]) -> float:
    return max(ask() for _ in range(5))


def test_root_and_others_are_answered_while_one_address_floods(few: None, admin: User, alice: User) -> None:
    mallory = User("mallory", Role.USER)
    with flooded(mallory), through(OTHER) as address:
        assert slowest(lambda: seconds(admin, f"unix:{LOCAL}")) < SOON
        assert slowest(lambda: seconds(alice, address)) < SOON
        assert slowest(lambda: seconds(alice, ADDRESS)) < SOON


def test_root_is_answered_while_a_job_floods_loopback(few: None, admin: User, alice: User) -> None:
    """With more than the frontend of the network can accept here."""
    begun = moment()
    script = f'sleep 600 | nice -n 19 {sys.executable} -c "$0" 127.0.0.1:8275 127.0.0.1 --bare 1000'
    job = alice.start("sh", "-c", script, FLOOD.read_text())
    until(lambda: since(begun, "TASKER_ACTION=disconnect"), lambda found: "127.0.0.1: ended " in found)
    assert slowest(lambda: seconds(admin, f"unix:{LOCAL}")) < SOON
    assert json.loads(run("tasker", "--json", "info"))["info"]["caller"]["name"] == "root"
    run("tasker", "stop", "--grace", "0", job.id)


def test_the_local_socket_is_for_root_alone(admin: User, alice: User) -> None:
    seen = LOCAL.parent.stat()
    assert (stat.S_IMODE(seen.st_mode), LOCAL.parent.owner()) == (0o700, "tasker")
    connect = f"import socket; socket.socket(socket.AF_UNIX).connect({str(LOCAL)!r})"
    job = alice.start(sys.executable, "-c", connect)
    assert b"PermissionError" in alice.output(job)


def test_roots_client_takes_it_by_itself(admin: User) -> None:
    script = "from tasker.cli.service.settings import default_address; print(default_address())"
    python = ("env", "PYTHONPATH=/usr/lib/tasker", "python3", "-c", script)
    assert run(*python).strip() == f"unix:{LOCAL}"
    assert run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *python).strip() == ADDRESS
    assert f"unix:{LOCAL}" in run("tasker", "info")
    run("systemctl", "stop", LOCAL_FRONTEND)
    try:
        assert run("tasker", "list").startswith("ID ")  # by the port
    finally:
        run("systemctl", "start", LOCAL_FRONTEND)


def test_it_has_no_network(admin: User) -> None:
    pid = run("systemctl", "show", "--value", "-p", "MainPID", LOCAL_FRONTEND).strip()
    assert Path(f"/proc/{pid}/net/tcp").read_text().count("\n") == 1
    assert Path(f"/proc/{pid}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()
