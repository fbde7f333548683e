"""Client: one connection to one server, by whatever thread uses it. grpc's errors end here, as TaskerError."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import grpc

from tasker import certs
from tasker.api import convert
from tasker.api.transport import LARGEST_REQUEST, LARGEST_RESPONSE
from tasker.api.v1 import tasker_pb2 as pb
from tasker.api.v1.tasker_pb2_grpc import TaskerStub
from tasker.client.attachment import Attachment
from tasker.client.explain import Credentials, explain
from tasker.errors import Reason, TaskerError, invalid
from tasker.job import LONGEST_GRACE, Job, JobSpec

_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})")

SHORT = 90.0
"""Seconds that a question may take: a little longer than the server waits for an engine that restarts."""
LONG = 300.0
"""Seconds that a start may take, and a stop beyond its grace period."""

_OPTIONS = [
    ("grpc.max_send_message_length", LARGEST_REQUEST),
    ("grpc.max_receive_message_length", LARGEST_RESPONSE),
    # A server that is gone without a word is noticed after 40 s, on a silent stream too.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
]


def split_address(address: str) -> tuple[str, int]:
    """Host and port of host:port, an IPv6 address without its brackets. Raises TaskerError(INVALID)."""
    match = _ADDRESS.fullmatch(address)
    if match is None or not 1 <= int(match[2]) <= 65535:
        raise invalid(f"cannot use the address {address[:80]!r}; write it as host:port, e.g. localhost:8275")
    return match[1].strip("[]"), int(match[2])


class Client:
    """Every method raises TaskerError; its reason is what the server gave, or what this side found out."""

    def __init__(self, address: str, *, ca: bytes, certificate: bytes, key: bytes) -> None:
        """`address` is host:port, and the server's certificate must name that host; the rest is PEM.

        Connects with the first call. Raises TaskerError(INVALID) where an argument cannot be used.
        """
        host, port = split_address(address)
        certs.check_material(ca, certs.Pair(certificate, key))
        self._credentials = Credentials(host, port, ca, certificate)
        credentials = grpc.ssl_channel_credentials(ca, key, certificate)
        self._channel = grpc.secure_channel(f"dns:///{address}", credentials, _OPTIONS)
        self._stub: Any = TaskerStub(self._channel)  # type: ignore[no-untyped-call]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection and every open stream."""
        self._channel.close()

    def start(self, spec: JobSpec) -> Job:
        """Start a job; it runs when this returns. After UNAVAILABLE look with `list` before trying again."""
        response = self._ask(self._stub.StartJob, pb.StartJobRequest(spec=convert.spec_to(spec)), LONG)
        return convert.job_from(response.job)

    def stop(self, job: str, grace: float | None = None) -> Job:
        """End a job and return it as it ended. `grace`: seconds from SIGTERM to SIGKILL, 0 to 3600."""
        request = pb.StopJobRequest(job=job)
        if grace is not None:
            request.grace.CopyFrom(convert.duration_to(grace))
        response = self._ask(self._stub.StopJob, request, LONG + (LONGEST_GRACE if grace is None else grace))
        return convert.job_from(response.job)

    def get(self, job: str) -> Job:
        """A job by its id, or by a prefix of it that only one has."""
        return convert.job_from(self._ask(self._stub.GetJob, pb.GetJobRequest(job=job), SHORT).job)

    def list(self, *, owner: str = "", running: bool = False) -> Iterator[Job]:
        """All jobs of this run, oldest first; only `owner`'s, or only those that have not ended."""
        token = ""
        while True:
            request = pb.ListJobsRequest(owner=owner, running=running, page_token=token)
            response = self._ask(self._stub.ListJobs, request, SHORT)
            yield from map(convert.job_from, response.jobs)
            token = response.next_page_token
            if not token:
                return

    def attach(
        self,
        job: str,
        *,
        offset: int | None = None,
        last_bytes: int | None = None,
        last_lines: int | None = None,
        follow: bool = True,
    ) -> Attachment:
        """A job's output, from the start or from the one position that is given. Refusals are raised by iterating."""
        positions = {"offset": offset, "last_bytes": last_bytes, "last_lines": last_lines}
        given = {name: value for name, value in positions.items() if value is not None}
        if len(given) > 1:
            raise invalid("cannot attach at two positions; give one of offset, last_bytes and last_lines")
        if any(not 0 <= value < 1 << 64 for value in given.values()):
            raise invalid("cannot attach there; a position is 0 or more")
        request = pb.AttachJobRequest(job=job, follow=follow, **given)
        return Attachment(self._stub.AttachJob(request), self._translate)

    def detach(self, job: str) -> int:
        """Close one's own open streams on a job, from wherever they were opened; how many there were."""
        streams: int = self._ask(self._stub.DetachJob, pb.DetachJobRequest(job=job), SHORT).streams
        return streams

    def _ask(self, method: Any, request: Any, seconds: float) -> Any:
        try:
            return method(request, timeout=seconds)
        except grpc.RpcError as error:
            raise self._translate(error) from error

    def _translate(self, error: grpc.RpcError) -> TaskerError:
        """What the server said, or else what can be found out about why it did not."""
        assert isinstance(error, grpc.Call)
        details = error.details() or ""
        for key, value in error.trailing_metadata() or ():
            if key == "tasker-reason" and value in list(Reason):
                return TaskerError(Reason(value), details)
        match error.code():
            case grpc.StatusCode.UNAVAILABLE:
                return explain(self._credentials, details)
            case grpc.StatusCode.DEADLINE_EXCEEDED:
                where = f"{self._credentials.host}:{self._credentials.port}"
                return TaskerError(Reason.UNAVAILABLE, f"cannot wait longer for an answer of {where}; try again later")
            case grpc.StatusCode.RESOURCE_EXHAUSTED if "larger than max" in details:
                return invalid("cannot send so long a request; put what is long into a file")
            case grpc.StatusCode.RESOURCE_EXHAUSTED:
                return TaskerError(Reason.EXHAUSTED, f"cannot do that now: the server is full ({details})")
            case grpc.StatusCode.UNIMPLEMENTED:
                return TaskerError(Reason.REFUSED, "cannot do that: the server is older than this client; upgrade it")
        return TaskerError(Reason.INTERNAL, f"cannot make anything of the answer: {error.code().name}: {details}")
