"""A certificate that is refused keeps no connection: after a reload, and after a call that was refused for it."""

from __future__ import annotations

import concurrent.futures
import contextlib
import time

import pytest

from tasker import certs, issuing, wire
from tasker.client import Chunk, Detached, DetachReason
from tasker.errors import TaskerError
from tasker.frontend.callers import PAUSE
from tasker.frontend.streams import LAST_WORD
from tasker.identity import Role
from tests.frontend.crowd import held
from tests.frontend.peer import PeerJob
from tests.frontend.running import Frontend
from tests.support.forging import CLIENT, CN, OU, O, forge
from tests.support.waiting import DEADLINE, limit, until_equal

HERE = "127.0.0.1"


def test_a_revoked_certificate_loses_its_idle_connections(frontend: Frontend, job: PeerJob) -> None:
    pair = issuing.make_client(frontend.ca, "mallory", Role.USER)
    clients = [frontend.client(pair=pair) for _ in range(5)]
    alice = frontend.client()
    for client in (*clients, alice):
        client.get("abc")
    assert held(frontend)[HERE] == 6
    frontend.reload(revoked=(certs.describe(pair.certificate).serial,))
    until_equal(lambda: held(frontend)[HERE], 1)
    alice.get("abc")
    assert held(frontend)[HERE] == 1


def test_its_streams_are_told_why_first(frontend: Frontend) -> None:
    """A client that reads slowly still gets that after its idle connections are gone."""
    pair = issuing.make_client(frontend.ca, "mallory", Role.USER)
    client, idle = frontend.client(pair=pair), frontend.client(pair=pair)
    frontend.peer.add(PeerJob("abc", capacity=32 << 20)).print(bytes(32 << 20))
    idle.get("abc")
    stream = client.attach("abc")
    while not isinstance(next(stream), Chunk):
        pass
    begun = time.monotonic()
    frontend.reload(revoked=(certs.describe(pair.certificate).serial,))
    until_equal(lambda: held(frontend)[HERE], 1)
    with limit("the end of the stream"):
        *_, last = stream
    assert isinstance(last, Detached)
    assert last.reason is DetachReason.CERTIFICATE
    assert time.monotonic() - begun < LAST_WORD
    until_equal(lambda: held(frontend)[HERE], 0)


def test_a_call_that_waits_does_not_keep_the_connection(frontend: Frontend, job: PeerJob) -> None:
    """Only streams are told; a wait for the end of a job may take for ever."""
    pair = issuing.make_client(frontend.ca, "mallory", Role.USER)
    client = frontend.client(pair=pair)
    with concurrent.futures.ThreadPoolExecutor() as threads:
        waiting = threads.submit(client.wait, "abc")
        frontend.peer.next_asked(wire.WaitJob)
        frontend.reload(revoked=(certs.describe(pair.certificate).serial,))
        with pytest.raises(TaskerError, match="it was revoked"):
            waiting.result(DEADLINE)
    until_equal(lambda: held(frontend)[HERE], 0)


def test_a_connection_whose_calls_are_refused_is_ended(frontend: Frontend, job: PeerJob) -> None:
    nobody = frontend.client(pair=forge(frontend.ca, [(CN, "alice"), (O, "Tasker"), (OU, "root")], [CLIENT]))
    alice = frontend.client()
    begun = time.monotonic()
    for _ in range(3):
        with pytest.raises(TaskerError, match="its OU is 'root'"):  # each, and not that the connection broke off
            nobody.get("abc")
        with pytest.raises(TaskerError, match="cannot find job"):  # of the request, not of the certificate
            alice.get("xyz")
    until_equal(lambda: held(frontend)[HERE], 1)
    assert time.monotonic() - begun > PAUSE / 2
    alice.get("abc")
    assert held(frontend)[HERE] == 1


def test_a_revoked_certificate_that_comes_again_is_ended_again(frontend: Frontend, job: PeerJob) -> None:
    pair = issuing.make_client(frontend.ca, "mallory", Role.USER)
    frontend.reload(revoked=(certs.describe(pair.certificate).serial,))
    for _ in range(2):
        with contextlib.suppress(TaskerError):  # until the reload has come through
            while True:
                frontend.client(pair=pair).get("abc")
        until_equal(lambda: held(frontend)[HERE], 0)
