"""What is printed is what arrives, also while the service around the job is restarted or killed."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker.client import Chunk, Detached, Ended, Lost
from tasker.errors import TaskerError
from tasker.job import Job, Kind, Outcome
from tests.support.waiting import DEADLINE, join, until
from tests.system.conftest import ETC, User, run, show, until_serving

MIB = 1 << 20


def test_32_mib_through_two_attaches(alice: User, admin: User) -> None:
    script = (
        "import hashlib, os; h = hashlib.sha256(); out = open(1, 'wb')\n"
        "for _ in range(32): d = os.urandom(1 << 20); h.update(d); out.write(d)\n"
        "out.write(h.hexdigest().encode())"
    )
    job = alice.start("python3", "-c", script)
    results: list[bytes] = []
    readers = [threading.Thread(target=lambda u=user: results.append(u.output(job))) for user in (alice, admin)]
    for reader in readers:
        reader.start()
    for reader in readers:
        join(reader)
    for data in results:
        assert len(data) == 32 * MIB + 64
        assert hashlib.sha256(data[:-64]).hexdigest().encode() == data[-64:]


GO = Path("/tmp/tasker-go")  # noqa: S108 - every job can look there
COUNT = f"i=0; while [ ! -e {GO} ]; do echo line $i; i=$((i+1)); sleep 0.02; done; echo end $i; exit 7"


def whole(data: bytes) -> bool:
    """Whether it is what COUNT prints, from its first line to its last."""
    last = int(data.split()[-1])
    return data == b"".join(b"line %d\n" % n for n in range(last)) + b"end %d\n" % last


@pytest.fixture(autouse=True)
def go() -> Iterator[Path]:
    """Tells COUNT to come to its end, once it is touched."""
    GO.unlink(missing_ok=True)
    yield GO
    GO.unlink(missing_ok=True)


def follow(user: User, job: Job, first: threading.Event) -> tuple[bytes, Outcome | None]:
    """A client that attaches again from its offset whenever the connection ends."""
    data = b""
    while True:
        client = user.connect()
        try:
            for event in client.attach(job.id, offset=len(data)):
                assert not isinstance(event, Lost)
                if isinstance(event, Chunk):
                    assert event.offset == len(data)
                    data += event.data
                    first.set()
                elif isinstance(event, Ended):
                    return data, event.job.outcome
                elif isinstance(event, Detached):
                    assert event.offset == len(data)
        except TaskerError:
            until_serving()
        finally:
            client.close()


@pytest.mark.parametrize(
    "disturbance",
    [
        ("systemctl", "restart", "tasker"),
        ("systemctl", "kill", "--signal=KILL", "tasker.service"),
        ("systemctl", "kill", "--signal=KILL", "tasker-frontend@1.service"),
        ("systemctl", "restart", "tasker-frontend@1.service"),
        ("systemctl", "reload", "tasker"),
        ("systemctl", "daemon-reload"),
        ("systemctl", "daemon-reexec"),
    ],
    ids=" ".join,
)
def test_a_printing_job_goes_on_through(alice: User, disturbance: tuple[str, ...], go: Path) -> None:
    collector = show("tasker-collector.service", "MainPID")
    job = alice.sh(COUNT)
    first = threading.Event()
    results: list[tuple[bytes, Outcome | None]] = []
    follower = threading.Thread(target=lambda: results.append(follow(alice, job, first)))
    follower.start()
    assert first.wait(DEADLINE)
    run(*disturbance)
    until_serving()
    assert alice.insist(lambda client: client.get(job.id)).state == "running"
    go.touch()
    join(follower)
    [(data, outcome)] = results
    assert whole(data)
    assert outcome == Outcome(Kind.EXITED, exit_code=7)
    assert alice.connect().get(job.id).outcome == outcome
    assert alice.output(job) == data
    assert show("tasker-collector.service", "MainPID") == collector


def test_a_stream_survives_a_restart_of_the_engine_unbroken(alice: User, go: Path) -> None:
    job = alice.sh(COUNT)
    attachment = alice.client.attach(job.id)
    events = iter(attachment)
    data = b""
    while not data:
        data += getattr(next(events), "data", b"")
    run("systemctl", "kill", "--signal=KILL", "tasker.service")
    go.touch()
    for event in events:
        data += getattr(event, "data", b"")
    assert whole(data)
    assert isinstance(event, Ended)
    assert event.job.outcome == Outcome(Kind.EXITED, exit_code=7)


def test_a_renewed_server_certificate_is_served_without_dropping_a_stream(alice: User, go: Path) -> None:
    job = alice.sh(COUNT)
    events = iter(alice.client.attach(job.id))
    data = b""
    while not data:
        data += getattr(next(events), "data", b"")
    before = served()
    run("tasker", "certs", "server", "--force")
    run("systemctl", "reload", "tasker")
    until(served, lambda certificate: certificate != before)
    go.touch()
    data += b"".join(getattr(event, "data", b"") for event in events)
    assert whole(data)


def served() -> bytes | None:
    """The certificate that a new connection is shown."""
    context = ssl.create_default_context(cafile=str(ETC / "ca.crt"))
    with (
        socket.create_connection(("localhost", 8275), timeout=DEADLINE) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as tls,
    ):
        return tls.getpeercert(binary_form=True)
