"""A server that means ill: whatever it says, no terminal obeys it, and a command line ends with a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent import futures
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from tasker import issuing
from tasker.api.v1 import tasker_pb2 as pb
from tasker.api.v1 import tasker_pb2_grpc
from tasker.identity import Role
from tests.cli.terminal import Terminal
from tests.stub.control import REPOSITORY
from tests.support.port import Port
from tests.support.waiting import DEADLINE

EVIL = "\x1b]0;title\x07\x9b2J\u202e\r\n\x1b[2Jx"
SIGNS = ("\x1b]", "\x07", "\x9b", "\u202e", "\x1b[2J")
FAR = 1 << 61
"""Seconds for which there is no date."""


def evil(id: str, ended: bool) -> pb.Job:
    """A job, and every text in it is meant for the terminal."""
    job = pb.Job(id=id, owner=EVIL, unit=EVIL, slice=EVIL, user=EVIL, uid=7, differing=[EVIL, "memory"], revision=1)
    job.spec.argv[:] = [EVIL.encode(), b"\xff\x9b"]
    job.spec.environment[EVIL] = EVIL.encode()
    job.spec.name = job.spec.user = job.spec.working_directory = job.stopping_by = EVIL
    job.limits.io.add(path=EVIL, read_bandwidth=4096)
    job.in_force.io.add(path=EVIL, read_bandwidth=8192)
    job.created.seconds, job.started.seconds = 1_700_000_000, 1_700_000_001
    job.usage.memory, job.usage.cpu_rate, job.usage.io_read_rate = (1 << 64) - 1, 1e300, 1e300
    job.usage.io_pressure.some = 1e300
    job.state = pb.JOB_STATE_ENDED if ended else pb.JOB_STATE_RUNNING
    if ended:
        job.ended.seconds = 1_700_000_002
        job.outcome.kind, job.outcome.verdict, job.outcome.stopped_by = pb.Outcome.KIND_STOPPED, EVIL, EVIL
        job.outcome.summary = EVIL
    return job


class Hostile(tasker_pb2_grpc.TaskerServicer):
    """Answers everything."""

    def __init__(self) -> None:
        self.id = "k3v9x2mq"
        self.error = ""
        self.when = 1_700_000_000
        self.rate = 1e300

    def _job(self, context: Any, *, ended: bool = True) -> pb.Job:
        if self.error:
            context.set_trailing_metadata((("tasker-reason", "refused"),))
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, self.error)
        job = evil(self.id, ended)
        job.created.seconds, job.usage.cpu_rate = self.when, self.rate
        return job

    def StartJob(self, request: Any, context: Any) -> pb.StartJobResponse:
        return pb.StartJobResponse(job=self._job(context, ended=False))

    def StopJob(self, request: Any, context: Any) -> pb.StopJobResponse:
        return pb.StopJobResponse(job=self._job(context))

    def GetJob(self, request: Any, context: Any) -> pb.GetJobResponse:
        return pb.GetJobResponse(job=self._job(context))

    def ListJobs(self, request: Any, context: Any) -> pb.ListJobsResponse:
        return pb.ListJobsResponse(jobs=[self._job(context, ended=False), self._job(context)])

    def WaitJob(self, request: Any, context: Any) -> pb.WaitJobResponse:
        return pb.WaitJobResponse(job=self._job(context))

    def LimitJob(self, request: Any, context: Any) -> pb.LimitJobResponse:
        return pb.LimitJobResponse(job=self._job(context, ended=False))

    def SignalJob(self, request: Any, context: Any) -> pb.SignalJobResponse:
        return pb.SignalJobResponse(job=self._job(context, ended=False))

    def PauseJob(self, request: Any, context: Any) -> pb.PauseJobResponse:
        return pb.PauseJobResponse(job=self._job(context, ended=False))

    def ArchiveJob(self, request: Any, context: Any) -> pb.ArchiveJobResponse:
        return pb.ArchiveJobResponse(job=self._job(context))

    def DetachJob(self, request: Any, context: Any) -> pb.DetachJobResponse:
        self._job(context)
        return pb.DetachJobResponse(streams=4_000_000_000)

    def AttachJob(self, request: Any, context: Any) -> Iterator[pb.AttachJobResponse]:
        yield pb.AttachJobResponse(attached=pb.Attached(job=self._job(context, ended=False), offset=0))
        chunk = pb.Chunk(offset=0, data=EVIL.encode())
        chunk.time.seconds = self.when
        yield pb.AttachJobResponse(chunk=chunk)
        yield pb.AttachJobResponse(lost=pb.Lost(begin=len(EVIL.encode()), end=1 << 40))
        if request.follow:
            yield pb.AttachJobResponse(ended=pb.Ended(job=self._job(context), offset=1 << 40))
        else:
            detached = pb.Detached(reason=pb.Detached.REASON_END_OF_RECALL, offset=1 << 40)
            yield pb.AttachJobResponse(detached=detached)

    def WatchJobs(self, request: Any, context: Any) -> Iterator[pb.WatchJobsResponse]:
        jobs = [self._job(context, ended=False)]
        yield pb.WatchJobsResponse(snapshot=pb.Snapshot(jobs=jobs, first=True, last=True))
        used = pb.JobUsage(job=self.id, usage=jobs[0].usage)
        yield pb.WatchJobsResponse(usage=pb.UsageSample(usages=[used]))
        yield pb.WatchJobsResponse(changed=self._job(context))
        yield pb.WatchJobsResponse(forgotten=EVIL)

    def GetInfo(self, request: Any, context: Any) -> pb.GetInfoResponse:
        self._job(context)
        info = pb.GetInfoResponse(version=EVIL, hostname=EVIL, contact=EVIL, user=EVIL, role="user", serial=EVIL)
        info.time.seconds = info.not_after.seconds = self.when
        info.owner.io.add(path=EVIL, read_bandwidth=4096)
        return info


@dataclass(frozen=True)
class Machine:
    servicer: Hostile
    environment: dict[str, str]

    def run(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-P", "-m", "tasker.cli", *words]
        return subprocess.run(command, env=self.environment, capture_output=True, timeout=DEADLINE)

    def on_terminal(self, *words: str) -> str:
        with Terminal(columns=200, rows=60) as terminal:
            command = ["setsid", "--ctty", "--wait", sys.executable, "-P", "-m", "tasker.cli", *words]
            fd = terminal.fd
            subprocess.run(command, env=self.environment, stdin=fd, stdout=fd, stderr=fd, timeout=DEADLINE)
        return terminal.raw.decode()


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    directory = tmp_path_factory.mktemp("hostile")
    ca = issuing.make_ca()
    pair, client = issuing.make_server(ca, []), issuing.make_client(ca, "alice", Role.USER)
    servicer, server = Hostile(), grpc.server(futures.ThreadPoolExecutor(8))
    tasker_pb2_grpc.add_TaskerServicer_to_server(servicer, server)  # type: ignore[no-untyped-call]
    port = Port()
    address = f"localhost:{port.number}"
    credentials = grpc.ssl_server_credentials([(pair.key, pair.certificate)], ca.certificate, True)
    server.add_secure_port(address, credentials)
    server.start()
    own = {"TASKER_ADDRESS": address, "PYTHONPATH": str(REPOSITORY), "HOME": str(directory), "TERM": "xterm-256color"}
    for name, data in (("CA", ca.certificate), ("CERT", client.certificate), ("KEY", client.key)):
        path = Path(directory, name)
        path.write_bytes(data)
        path.chmod(0o600)
        own[f"TASKER_{name}"] = str(path)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("TASKER_")}
    yield Machine(servicer, inherited | own)
    assert server.stop(None).wait(DEADLINE)
    port.close()


VERBS = {
    "start": ("start", "--", "true"),
    "get": ("get", "k3v9x2mq"),
    "list": ("list",),
    "wide": ("list", "--wide"),
    "stop": ("stop", "k3v9x2mq"),
    "wait": ("wait", "k3v9x2mq"),
    "limit": ("limit", "k3v9x2mq", "--memory", "1G"),
    "signal": ("signal", "k3v9x2mq", "TERM"),
    "pause": ("pause", "k3v9x2mq"),
    "archive": ("archive", "k3v9x2mq"),
    "detach": ("detach", "k3v9x2mq"),
    "attach": ("attach", "k3v9x2mq"),
    "stamps": ("attach", "--timestamps", "k3v9x2mq"),
    "logs": ("logs", "k3v9x2mq"),
    "run": ("run", "--", "true"),
    "top": ("top", "--once"),
    "watch": ("watch",),
    "info": ("info",),
    "candidates": ("candidates", "job"),
}
OUTPUT = ("attach", "stamps", "logs", "run")
"""Those that write a job's output to a pipe as it is; and to a terminal the text in it, in whatever direction."""
LIES = {
    "id": "$(id)\x1b]0;t\x07",
    "error": f"cannot {EVIL}".replace("\x9b", ""),  # which grpc itself does not pass on
    "when": FAR,
    "rate": float("nan"),
}


def harmless(text: str, *, allowed: str = "") -> bool:
    return not [sign for sign in SIGNS if sign in text and sign != allowed]


@pytest.mark.parametrize("verb", VERBS)
def test_what_it_says_is_only_shown(up: Machine, verb: str) -> None:
    done = up.run(*VERBS[verb])
    said = done.stderr.decode() + ("" if verb in OUTPUT else done.stdout.decode())
    assert harmless(said), said
    assert "defect" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize("verb", ["get", "list", "wide", "wait", "limit", "attach", "stamps", "run", "watch", "info"])
def test_what_it_says_is_only_shown_on_a_terminal(up: Machine, verb: str) -> None:
    shown = up.on_terminal(*VERBS[verb])
    assert harmless(shown, allowed="\u202e" if verb in OUTPUT else ""), shown
    assert "defect" not in shown


@pytest.mark.parametrize(
    ("what", "verb"),
    [
        ("error", "get"),
        ("when", "info"),
        *((what, verb) for what in ("id", "when", "rate") for verb in ("start", "list", "attach", "watch")),
    ],
)
def test_a_lie_is_an_error_in_a_sentence(up: Machine, verb: str, what: str) -> None:
    before = getattr(up.servicer, what)
    setattr(up.servicer, what, LIES[what])
    try:
        done = up.run(*VERBS[verb])
    finally:
        setattr(up.servicer, what, before)
    assert done.stderr.startswith(b"tasker: cannot "), (done.stdout, done.stderr)
    assert done.returncode != 0
    assert harmless(done.stderr.decode())
    assert b"defect" not in done.stderr
    assert b"$(id)" not in done.stdout
