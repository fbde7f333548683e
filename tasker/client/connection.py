"""A connection to a server. Thread-safe. Translates errors of grpc into TaskerError."""

from __future__ import annotations

import threading
import time
from os import PathLike
from types import TracebackType
from typing import Any, Self, TypeVar
from weakref import WeakSet

import grpc

from tasker.api.v1.tasker_pb2_grpc import TaskerStub
from tasker.client import calls
from tasker.client.endpoint import endpoint, pem
from tasker.client.resuming import Asking
from tasker.client.stream import Stream
from tasker.errors import Reason, TaskerError
from tasker.job import Job

T = TypeVar("T")
S = TypeVar("S", bound=Stream[Any])


class Connection:
    """The connection of a Client (sync.py)."""

    def __init__(self, address: str, *, ca: bytes, certificate: bytes, key: bytes) -> None:
        """`address` is host:port; the server's certificate must contain that host. The other arguments are PEM.

        The first call connects. Raises TaskerError(INVALID) for an argument that cannot be used.
        """
        end = endpoint(address, ca, certificate, key)
        self._translation = end.translation
        self._channel = grpc.secure_channel(end.target, end.credentials, end.options)
        self._stub: Any = TaskerStub(self._channel)  # type: ignore[no-untyped-call]
        self._streams: WeakSet[Stream[Any]] = WeakSet()
        self._closed = threading.Event()

    @classmethod
    def from_files(
        cls, address: str, *, ca: str | PathLike[str], certificate: str | PathLike[str], key: str | PathLike[str]
    ) -> Self:
        """Reads the PEM from files. Raises TaskerError(INVALID) for a file that cannot be read."""
        return cls(address, **pem(ca, certificate, key))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection. Open streams and calls raise UNAVAILABLE; jobs keep running."""
        self._closed.set()
        for stream in tuple(self._streams):
            stream.cancel()
        self._channel.close()

    def _opened(self, stream: S) -> S:
        self._streams.add(stream)
        return stream

    def _ask(self, call: calls.Call[T]) -> T:
        try:
            return self._exchange(call)
        except TaskerError as error:
            raise self._translation.explained(error) from error.__cause__

    def _insist(self, asking: Asking) -> Job:
        """Repeats a call, over new connections if necessary, until it is answered or `asking` gives up."""
        while True:
            try:
                job = self._exchange(asking.call(time.monotonic()))
                if asking.answered(job, time.monotonic()):
                    return job
            except TaskerError as error:
                try:
                    pause = asking.broke(error, time.monotonic(), self._translation.heard)
                except TaskerError as last:
                    raise self._translation.explained(last) from error.__cause__
                if self._closed.wait(pause):  # close() caused the break, or ended the connection
                    raise

    def _exchange(self, call: calls.Call[T]) -> T:
        try:
            answer = getattr(self._stub, call.method)(call.request, timeout=call.seconds)
        except grpc.RpcError as error:
            raise self._translation.light(error) from error
        except ValueError:  # raised by grpc if another thread has closed the channel
            if not self._closed.is_set():
                raise
            text = "cannot call the server: this client was closed; make another one"
            raise TaskerError(Reason.UNAVAILABLE, text) from None
        self._translation.heard = True
        return call.read(answer)
