"""Names and addresses of every form, reached and not reached: the certificate is looked at in each case."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from pathlib import Path

import pytest

from tasker import issuing, wire
from tasker.certs import Pair
from tasker.client import AsyncClient, Client
from tasker.client import explain as module
from tasker.errors import Reason, TaskerError
from tasker.identity import Role
from tests.frontend.running import Frontend, running

NAMELESS = "nosuch.invalid"
"""Never a host's (RFC 6761)."""


def failure(client: Client) -> TaskerError:
    with client, pytest.raises(TaskerError) as caught:
        client.info()
    return caught.value


def client_of(ca: Pair, address: str) -> Client:
    pair = issuing.make_client(ca, "alice", Role.USER)
    return Client(address, ca=ca.certificate, certificate=pair.certificate, key=pair.key)


def reached(frontend: Frontend, host: str) -> bool:
    """Whether a request comes as far as the engine."""
    with client_of(frontend.ca, f"{host}:{frontend.port}") as client:
        frontend.peer.jobs.clear()
        with pytest.raises(TaskerError) as caught:
            client.get("nothing")
        return caught.value.reason is Reason.NOT_FOUND


@pytest.mark.parametrize("host", ["localhost", "localhost.", "LOCALHOST.", "127.0.0.1"])
def test_a_final_dot(shared: Frontend, host: str) -> None:
    assert reached(shared, host)


@pytest.mark.parametrize("zone", ["%1", "%3"])  # whatever it is for ::1, which is in no zone
def test_a_zone_of_client_and_server(tmp_path: Path, ca: Pair, zone: str) -> None:
    with running(tmp_path, ca, listen="[::1%1]:0") as frontend:
        assert reached(frontend, f"[::1{zone}]")


def test_the_name_is_looked_at_without_dot_and_zone(tmp_path: Path, ca: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuing, "ALWAYS_SERVED", ())
    pair = issuing.make_server(ca, ["elsewhere.example", "fe80::1"])
    with running(tmp_path, ca, listen="[::]:0") as frontend:
        frontend.reload(certificate=pair.certificate.decode(), key=pair.key.decode())
        frontend.peer.end_streams("none", "nobody")  # answered after the reload before it
        for host, name in (("localhost.", "localhost"), ("[::1%1]", "::1"), ("127.0.0.1", "127.0.0.1")):
            error = failure(client_of(ca, f"{host}:{frontend.port}"))
            assert f"its certificate is not for {name};" in error.message
        assert frontend.peer.asked.queue[-1] == wire.Connect()  # nothing was asked


@pytest.mark.parametrize("host", [NAMELESS, f"{NAMELESS}."])
def test_a_name_that_does_not_resolve(ca: Pair, host: str) -> None:
    error = failure(client_of(ca, f"{host}:8275"))
    assert error.reason is Reason.UNAVAILABLE
    assert error.message.startswith(f"cannot resolve {host}: ")
    assert "8275" not in error.message


def test_the_asyncio_client_says_the_same(ca: Pair) -> None:
    pair = issuing.make_client(ca, "alice", Role.USER)

    async def ask() -> None:
        async with AsyncClient(
            f"{NAMELESS}:8275", ca=ca.certificate, certificate=pair.certificate, key=pair.key
        ) as client:
            await client.info()

    with pytest.raises(TaskerError, match=rf"^cannot resolve {re.escape(NAMELESS)}: "):
        asyncio.run(ask())


def test_an_attach_that_waits_says_it(ca: Pair) -> None:
    with client_of(ca, f"{NAMELESS}:8275") as client, pytest.raises(TaskerError, match=r"^cannot resolve"):
        list(client.attach("k3v9", reconnect_timeout=0.5))


def test_an_interface_that_is_not_there(ca: Pair) -> None:
    error = failure(client_of(ca, "[fe80::1%nope0]:8275"))
    assert error.message.startswith("cannot resolve fe80::1%nope0: this machine has no network interface nope0; ")


def test_a_name_service_that_is_silent_is_given_up(ca: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, over = threading.Event(), threading.Event()

    def silent(*_: object, **__: object) -> None:
        asked.set()
        over.wait(30.0)

    client = client_of(ca, f"{NAMELESS}:8275")
    monkeypatch.setattr(module, "CONNECT_TIMEOUT", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", silent)
    began = time.monotonic()
    try:
        error = failure(client)
    finally:
        over.set()
    assert asked.is_set()
    assert time.monotonic() - began < 10
    assert error.message.startswith(f"cannot resolve {NAMELESS}: the name service does not answer; ")
