"""The API as others meet it: by reflection over the real port, and by code generated from the proto alone.

Nothing of Tasker's own is between a test and the wire here: no generated module, no conversion, no client.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import MethodDescriptor

from tests.stub.control import REPOSITORY
from tests.support.stack import Stack, stack
from tests.support.waiting import DEADLINE

# After tests.support.stack: it says to grpc what it hears only before it is imported.
import grpc  # isort: skip
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc  # type: ignore[import-untyped] # isort: skip

SERVICE = "tasker.api.v1.Tasker"


class Api:
    """The service as it describes itself."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel
        self._reflect = reflection_pb2_grpc.ServerReflectionStub(channel)
        self._pool = descriptor_pool.DescriptorPool()
        [answer] = self.reflected(file_containing_symbol=SERVICE)
        self._learn(answer)
        self.methods: dict[str, MethodDescriptor] = dict(self._pool.FindServiceByName(SERVICE).methods_by_name)

    def reflected(self, **asked: str) -> list[Any]:
        request = reflection_pb2.ServerReflectionRequest(**asked)
        return list(self._reflect.ServerReflectionInfo(iter([request]), timeout=DEADLINE))

    def _learn(self, answer: Any) -> None:
        """Every file of an answer, and what those need."""
        for data in answer.file_descriptor_response.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(data)
            for name in file.dependency:
                if not self._knows(name):
                    self._learn(self.reflected(file_by_filename=name)[0])
            if not self._knows(file.name):
                self._pool.Add(file)

    def _knows(self, name: str) -> bool:
        try:
            self._pool.FindFileByName(name)
        except KeyError:
            return False
        return True

    def call(self, method: str, **fields: Any) -> Any:
        """One answer; of a stream, the iterator of them. Raises grpc.RpcError."""
        described = self.methods[method]
        request = message_factory.GetMessageClass(described.input_type)
        answer = message_factory.GetMessageClass(described.output_type)
        kind = self._channel.unary_stream if described.server_streaming else self._channel.unary_unary
        ask = kind(f"/{SERVICE}/{method}", request.SerializeToString, answer.FromString)
        return ask(request(**fields), timeout=DEADLINE)

    def state(self, name: str) -> int:
        states = self._pool.FindEnumTypeByName("tasker.api.v1.JobState")
        number: int = states.values_by_name[name].number
        return number

    def start(self, *argv: bytes) -> str:
        job: str = self.call("StartJob", spec={"argv": argv}).job.id
        return job

    def ended(self, *argv: bytes) -> str:
        job = self.start(*argv)
        self.call("WaitJob", job=job)
        return job


@pytest.fixture(scope="module")
def machine() -> Iterator[Stack]:
    with stack(frontend=True) as machine:
        yield machine


@pytest.fixture(scope="module")
def api(machine: Stack) -> Iterator[Api]:
    certificate, key = (file.read_bytes() for file in machine.certificate("alice"))
    credentials = grpc.ssl_channel_credentials((machine.directory / "ca.crt").read_bytes(), key, certificate)
    with grpc.secure_channel(machine.address, credentials) as channel:
        yield Api(channel)


# ── every method, once ───────────────────────────────────────────────────────────────────────────────────────────────


def start_job(api: Api) -> None:
    job = api.call("StartJob", spec={"argv": [b"sleep", b"60"], "name": "nap", "limits": {"tasks": 10}}).job
    assert (job.owner, job.spec.name, job.limits.tasks) == ("alice", "nap", 10)
    assert job.unit == f"tasker-{job.id}.scope"
    assert job.started.seconds > 0


def stop_job(api: Api) -> None:
    job = api.call("StopJob", job=api.start(b"sleep", b"60"), grace={"seconds": 5}).job
    assert (job.outcome.stopped_by, job.outcome.signal) == ("alice", 15)


def get_job(api: Api) -> None:
    id = api.start(b"sleep", b"60")
    assert api.call("GetJob", job=id[:7]).job.id == id


def list_jobs(api: Api) -> None:
    id = api.start(b"sleep", b"60")
    assert id in [job.id for job in api.call("ListJobs", owner="alice", running=True).jobs]


def attach_job(api: Api) -> None:
    first, *rest, last = api.call("AttachJob", job=api.start(b"echo", b"hello"), follow=True)
    assert first.attached.offset == 0
    assert b"".join(each.chunk.data for each in rest) == b"hello\n"
    assert (last.ended.offset, last.ended.job.outcome.exit_code) == (6, 0)


def detach_job(api: Api) -> None:
    id = api.start(b"sleep", b"60")
    stream = api.call("AttachJob", job=id, follow=True)
    next(stream)
    assert api.call("DetachJob", job=id).streams == 1
    [last] = stream
    assert last.WhichOneof("message") == "detached"


def wait_job(api: Api) -> None:
    job = api.call("WaitJob", job=api.start(b"sh", b"-c", b"exit 3")).job
    assert (job.outcome.exit_code, job.outcome.summary) == (3, "exited with code 3")


def limit_job(api: Api) -> None:
    id = api.start(b"sleep", b"60")
    assert api.call("LimitJob", job=id, limits={"memory": 64 << 20}).job.limits.memory == 64 << 20
    assert not api.call("LimitJob", job=id, lift=["memory"]).job.limits.HasField("memory")


def signal_job(api: Api) -> None:
    id = api.start(b"sleep", b"60")
    api.call("SignalJob", job=id, signal=10)
    assert api.call("WaitJob", job=id).job.outcome.signal == 10


def pause_job(api: Api) -> None:
    job = api.call("PauseJob", job=api.start(b"sleep", b"60")).job
    assert job.state == api.state("JOB_STATE_PAUSED")


def resume_job(api: Api) -> None:
    id = api.start(b"sleep", b"60")
    api.call("PauseJob", job=id)
    assert api.call("ResumeJob", job=id).job.state == api.state("JOB_STATE_RUNNING")


def archive_job(api: Api) -> None:
    id = api.ended(b"echo", b"hello")
    assert api.call("ArchiveJob", job=id).job.archived
    assert [job.id for job in api.call("ListJobs", archived=True).jobs] == [id]
    assert [each.chunk.data for each in api.call("AttachJob", job=id)][1:-1] == [b"hello\n"]


def watch_jobs(api: Api) -> None:
    news = api.call("WatchJobs", owner="alice")
    part = next(news).snapshot
    assert part.first
    while not part.last:
        part = next(news).snapshot
    id = api.start(b"sleep", b"60")
    assert next(news).changed.id == id
    news.cancel()


def get_info(api: Api) -> None:
    info = api.call("GetInfo")
    assert (info.user, info.role) == ("alice", "user")
    assert info.not_after.seconds > info.time.seconds > 0


METHODS: dict[str, Callable[[Api], None]] = {
    "StartJob": start_job,
    "StopJob": stop_job,
    "GetJob": get_job,
    "ListJobs": list_jobs,
    "AttachJob": attach_job,
    "DetachJob": detach_job,
    "WaitJob": wait_job,
    "LimitJob": limit_job,
    "SignalJob": signal_job,
    "PauseJob": pause_job,
    "ResumeJob": resume_job,
    "ArchiveJob": archive_job,
    "WatchJobs": watch_jobs,
    "GetInfo": get_info,
}


@pytest.mark.parametrize("method", METHODS)
def test_method(api: Api, method: str) -> None:
    METHODS[method](api)


def test_no_method_is_left_out(api: Api) -> None:
    assert set(api.methods) == set(METHODS), "METHODS in tests/api/test_contract.py has other rows than tasker.proto"


def test_the_services_are_listed(api: Api) -> None:
    [answer] = api.reflected(list_services="")
    listed = {service.name for service in answer.list_services_response.service}
    assert listed >= {SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def first_answer(api: Api, method: str, **fields: Any) -> Any:
    answer = api.call(method, **fields)
    return next(answer) if api.methods[method].server_streaming else answer


def refusal(api: Api, method: str, **fields: Any) -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as caught:
        first_answer(api, method, **fields)
    error: Any = caught.value
    assert error.details().startswith("cannot ")
    return error.code().name, dict(error.trailing_metadata())["tasker-reason"]


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"StartJob", "ListJobs", "GetInfo"}))
def test_a_job_that_is_not_there(api: Api, method: str) -> None:
    more = {"signal": 15} if method == "SignalJob" else {"limits": {"tasks": 5}} if method == "LimitJob" else {}
    assert refusal(api, method, job="nothing", **more) == ("NOT_FOUND", "not-found")


def test_reasons(api: Api, machine: Stack) -> None:
    assert refusal(api, "StartJob") == ("INVALID_ARGUMENT", "invalid")
    assert refusal(api, "StartJob", spec={"argv": [b"no-such"]}) == ("FAILED_PRECONDITION", "command-not-found")
    assert refusal(api, "StartJob", spec={"argv": [b"/etc/passwd"]}) == ("FAILED_PRECONDITION", "not-executable")
    others = machine.start_job("sleep", "60").id
    assert refusal(api, "StopJob", job=others) == ("PERMISSION_DENIED", "denied")
    assert refusal(api, "AttachJob", job=others) == ("PERMISSION_DENIED", "denied")


# ── from the proto alone ─────────────────────────────────────────────────────────────────────────────────────────────

PROGRAM = """
import sys
sys.path[:0] = sys.argv[1:3]
import importlib.util
assert importlib.util.find_spec("tasker") is None
import grpc, api_pb2, api_pb2_grpc

address, *files = sys.argv[3:]
ca, certificate, key = (open(file, "rb").read() for file in files)
with grpc.secure_channel(address, grpc.ssl_channel_credentials(ca, key, certificate)) as channel:
    tasker = api_pb2_grpc.TaskerStub(channel)
    spec = api_pb2.JobSpec(argv=[b"sh", b"-c", b"echo hello; exit 3"])
    job = tasker.StartJob(api_pb2.StartJobRequest(spec=spec)).job
    for message in tasker.AttachJob(api_pb2.AttachJobRequest(job=job.id, follow=True)):
        sys.stdout.buffer.write(message.chunk.data)
    print(message.ended.job.outcome.summary)
"""


def test_a_client_made_from_the_proto_alone(machine: Stack, tmp_path: Path) -> None:
    """In a process that finds grpc and nothing of Tasker: no site, so no path into this tree."""
    proto = REPOSITORY / "proto/tasker/api/v1/tasker.proto"
    (tmp_path / "api.proto").write_bytes(proto.read_bytes())
    made = ["--python_out=.", "--grpc_python_out=.", "-I.", "api.proto"]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *made], cwd=tmp_path, check=True, timeout=DEADLINE)
    files = [machine.directory / "ca.crt", *machine.certificate("alice")]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROGRAM, tmp_path, sysconfig.get_path("purelib"), machine.address, *files],
        capture_output=True,
        cwd=tmp_path,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "hello\nexited with code 3\n"), done.stderr
