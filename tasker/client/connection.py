"""Client: one connection to one server, by whatever thread uses it. grpc's errors end here, as TaskerError."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self, TypeVar
from weakref import WeakSet

import grpc

from tasker import certs
from tasker.api.transport import LARGEST_REQUEST, LARGEST_RESPONSE
from tasker.api.v1.tasker_pb2_grpc import TaskerStub
from tasker.client import calls
from tasker.client.attachment import AttachCourse, Attachment
from tasker.client.explain import Credentials
from tasker.client.resuming import PATIENCE, Wait
from tasker.client.stream import Stream
from tasker.client.translation import Translation
from tasker.client.watching import WatchCourse, Watching
from tasker.errors import TaskerError, invalid
from tasker.info import Info
from tasker.job import Job, JobSpec
from tasker.limits import Limits

T = TypeVar("T")
S = TypeVar("S", bound=Stream[Any])

_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})")

OPTIONS = [
    ("grpc.max_send_message_length", LARGEST_REQUEST),
    ("grpc.max_receive_message_length", LARGEST_RESPONSE),
    # A server that is gone without a word is noticed after 40 s, on a silent stream too.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    # A server that was away is found again soon after it is back: grpc's own pauses grow to two minutes, and a try may
    # take 20 s.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.min_reconnect_backoff_ms", 5000),
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
        self._translation = Translation(Credentials(host, port, ca, certificate))
        credentials = grpc.ssl_channel_credentials(ca, key, certificate)
        self._channel = grpc.secure_channel(f"dns:///{address}", credentials, OPTIONS)
        self._stub: Any = TaskerStub(self._channel)  # type: ignore[no-untyped-call]
        self._streams: WeakSet[Stream[Any]] = WeakSet()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection and every open stream."""
        for stream in tuple(self._streams):
            stream.cancel()
        self._channel.close()

    def start(self, spec: JobSpec) -> Job:
        """Start a job; it runs when this returns. After UNAVAILABLE look with `list` before trying again."""
        return self._ask(calls.start(spec))

    def stop(self, job: str, grace: float | None = None) -> Job:
        """End a job and return it as it ended. `grace`: seconds from SIGTERM to SIGKILL, 0 to 3600."""
        return self._ask(calls.stop(job, grace))

    def get(self, job: str) -> Job:
        """A job by its id, or by a prefix of it that only one has; with what is in force and used, while it runs."""
        return self._ask(calls.get(job))

    def list(self, *, owner: str = "", running: bool = False, archived: bool = False) -> Iterator[Job]:
        """All jobs of this run, oldest first; only `owner`'s, only those that have not ended, only archived ones."""
        token = ""
        while True:
            page = self._ask(calls.page(owner, running, archived, token))
            yield from page.jobs
            token = page.next
            if not token:
                return

    def wait(self, job: str, *, patience: float = PATIENCE) -> Job:
        """The job, once it has ended, however long that takes.

        A connection that breaks meanwhile is tried again for `patience` seconds.
        """
        wait = Wait(job, patience)
        while True:
            try:
                found = self._exchange(wait.call(time.monotonic()))
                if wait.answered(found, time.monotonic()):
                    return found
            except TaskerError as error:
                try:
                    pause = wait.broke(error, time.monotonic())
                except TaskerError as last:
                    raise self._translation.explained(last) from error.__cause__
                time.sleep(pause)

    def limit(self, job: str, limits: Limits, lift: tuple[str, ...] = ()) -> Job:
        """Change what is set in `limits`, take away the fields of Limits named in `lift`; the rest stays."""
        return self._ask(calls.limit(job, limits, lift))

    def signal(self, job: str, number: int) -> Job:
        """Send a signal, 1 to 64, to the process group of a job's command."""
        return self._ask(calls.signal(job, number))

    def pause(self, job: str) -> Job:
        """Freeze every process of a job where it stands."""
        return self._ask(calls.pause(job))

    def resume(self, job: str) -> Job:
        """Let a paused job go on."""
        return self._ask(calls.resume(job))

    def archive(self, job: str) -> Job:
        """Move an ended job's output from memory to disk."""
        return self._ask(calls.archive(job))

    def detach(self, job: str) -> int:
        """Close one's own open streams on a job, from wherever they were opened; how many there were."""
        return self._ask(calls.detach(job))

    def info(self) -> Info:
        """The service, and what holds for the caller."""
        return self._ask(calls.info())

    def attach(
        self,
        job: str,
        *,
        offset: int | None = None,
        last_bytes: int | None = None,
        last_lines: int | None = None,
        last_time: float | None = None,
        follow: bool = True,
        timestamps: bool = False,
        patience: float = PATIENCE,
    ) -> Attachment:
        """A job's output, from the start or from the one position that is given (`last_time` in seconds before now).

        A connection that breaks is taken up again at the exact byte, with the events Interrupted and Resumed; it is
        tried for `patience` seconds (0: not at all). Refusals are raised by iterating, and so is UNAVAILABLE where it
        gave up; `Attachment.offset` then says where to go on.
        """
        request = calls.attach(
            job,
            offset=offset,
            last_bytes=last_bytes,
            last_lines=last_lines,
            last_time=last_time,
            follow=follow,
            timestamps=timestamps,
        )
        return self._opened(Attachment(AttachCourse(request, patience), self._stub.AttachJob, self._translation))

    def watch(
        self, *, job: str = "", owner: str = "", usage: bool = False, patience: float = PATIENCE
    ) -> Watching:
        """Every job, or those named, as they are now, and every change from then on; with `usage`, what they use.

        A connection that breaks is tried again for `patience` seconds (0: not at all): Away, then a new snapshot.
        """
        course = WatchCourse(calls.watch(job, owner, usage), patience)
        return self._opened(Watching(course, self._stub.WatchJobs, self._translation))

    def _opened(self, stream: S) -> S:
        self._streams.add(stream)
        return stream

    def _ask(self, call: calls.Call[T]) -> T:
        try:
            return self._exchange(call)
        except TaskerError as error:
            raise self._translation.explained(error) from error.__cause__

    def _exchange(self, call: calls.Call[T]) -> T:
        try:
            answer = getattr(self._stub, call.method)(call.request, timeout=call.seconds)
        except grpc.RpcError as error:
            raise self._translation.light(error) from error
        return call.read(answer)
