"""An attach stream as an iterator of events."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc

from tasker.api import values
from tasker.api.jobs import job_from
from tasker.api.v1 import tasker_pb2 as pb
from tasker.client.events import Attached, Chunk, Detached, DetachReason, Ended, Event, Lost
from tasker.errors import Reason, TaskerError

_REASONS = {
    pb.Detached.REASON_REQUESTED: DetachReason.REQUESTED,
    pb.Detached.REASON_UNAVAILABLE: DetachReason.UNAVAILABLE,
    pb.Detached.REASON_CERTIFICATE: DetachReason.CERTIFICATE,
    pb.Detached.REASON_END_OF_RECALL: DetachReason.END_OF_RECALL,
}


class Attachment(Iterator[Event]):
    """Iterate it. Raises TaskerError where the stream broke off; `offset` then says where to attach again."""

    def __init__(self, call: Any, translate: Callable[[grpc.RpcError], TaskerError]) -> None:
        self._call = call
        self._translate = translate
        self._cancelled = threading.Event()
        self.offset: int | None = None
        """The first byte that has not come yet; None before Attached."""

    def __next__(self) -> Event:
        try:
            event = _event(next(self._call))
        except StopIteration:
            raise
        except grpc.RpcError as error:
            if self._cancelled.is_set():
                raise StopIteration from None
            raise self._translate(error) from error
        self.offset = _offset_after(event)
        return event

    def cancel(self) -> None:
        """End the stream, from any thread; the job goes on. What was received is still iterated over, or not."""
        self._cancelled.set()
        self._call.cancel()


def _event(message: pb.AttachJobResponse) -> Event:
    match message.WhichOneof("message"):
        case "chunk":
            return _chunk(message.chunk)
        case "lost":
            return Lost(message.lost.begin, message.lost.end)
        case "attached":
            return Attached(job_from(message.attached.job), message.attached.offset)
        case "ended":
            return Ended(job_from(message.ended.job), message.ended.offset)
        case "detached":
            return Detached(_REASONS.get(message.detached.reason, DetachReason.UNKNOWN), message.detached.offset)
    raise TaskerError(Reason.INTERNAL, "cannot understand the server's answer: it is newer; upgrade this client")


def _chunk(chunk: pb.Chunk) -> Chunk:
    return Chunk(chunk.offset, chunk.data, values.time(chunk.time) if chunk.HasField("time") else None)


def _offset_after(event: Event) -> int:
    match event:
        case Chunk():
            return event.offset + len(event.data)
        case Lost():
            return event.end
    return event.offset
