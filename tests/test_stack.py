"""The whole way at native speed: real collector, engine and frontend, TLS and the client library."""

from __future__ import annotations

import hashlib
import threading

from tasker.client import Chunk, Ended, Lost
from tasker.identity import Role
from tasker.job import JobSpec, Kind, Outcome
from tests.support.stack import Stack, stack
from tests.support.waiting import TEST_DEADLINE, join

GIB = 1 << 30
PRINT = (
    "import hashlib, os; h = hashlib.sha256(); out = open(1, 'wb')\n"
    f"for _ in range({GIB >> 20}): d = os.urandom(1 << 20); h.update(d); out.write(d)\n"
    "out.write(h.hexdigest().encode())"
)


class Reader(threading.Thread):
    """Somebody who attaches: what came of the last 64 bytes and of all before them."""

    def __init__(self, tasker: Stack, name: str, role: Role, job: str) -> None:
        super().__init__()
        self._arguments = tasker, name, role, job
        self.digest = ""
        self.tail = b""
        self.length = 0
        self.outcome: Outcome | None = None

    def run(self) -> None:
        tasker, name, role, job = self._arguments
        digest = hashlib.sha256()
        with tasker.client(name, role) as client:
            for event in client.attach(job):
                assert not isinstance(event, Lost)
                if isinstance(event, Chunk):
                    assert event.offset == self.length
                    self.length += len(event.data)
                    self.tail += event.data
                    digest.update(self.tail[:-64])
                    self.tail = self.tail[-64:]
                elif isinstance(event, Ended):
                    self.outcome = event.job.outcome
        self.digest = digest.hexdigest()


def test_a_gibibyte_of_random_bytes_through_two_attaches() -> None:
    with stack('[server]\n[output]\nring = "2G"\nmemory = "none"\n', frontend=True) as tasker:
        with tasker.client("alice") as client:
            job = client.start(JobSpec(("python3", "-c", PRINT)))
        readers = [Reader(tasker, "alice", Role.USER, job.id), Reader(tasker, "root", Role.ADMIN, job.id)]
        for reader in readers:
            reader.start()
        for reader in readers:
            join(reader, within=TEST_DEADLINE)
            assert reader.length == GIB + 64
            assert reader.digest.encode() == reader.tail
            assert reader.outcome == Outcome(Kind.EXITED, exit_code=0)
