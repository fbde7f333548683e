"""An attach stream: its messages as events, and how it resumes at the exact byte."""

from __future__ import annotations

from tasker.api import values
from tasker.api.jobs import job_from
from tasker.api.v1 import tasker_pb2 as pb
from tasker.client.events import (
    Attached,
    Chunk,
    Detached,
    DetachReason,
    Ended,
    Event,
    Exited,
    Interrupted,
    Lost,
    Resumed,
)
from tasker.client.resuming import Course
from tasker.client.stream import Stream
from tasker.errors import Reason, TaskerError

_REASONS = {
    pb.Detached.REASON_REQUESTED: DetachReason.REQUESTED,
    pb.Detached.REASON_UNAVAILABLE: DetachReason.UNAVAILABLE,
    pb.Detached.REASON_CERTIFICATE: DetachReason.CERTIFICATE,
    pb.Detached.REASON_END_OF_RECALL: DetachReason.END_OF_RECALL,
}

_Sent = Attached | Chunk | Lost | Exited | Ended | Detached


class AttachCourse(Course[Event]):
    """The course of an attach. `offset`: the first byte that was not received yet; None before Attached."""

    def __init__(self, request: pb.AttachJobRequest, reconnect_timeout: float) -> None:
        super().__init__(reconnect_timeout)
        self.offset: int | None = None
        self._request = request

    def request(self) -> pb.AttachJobRequest:
        return self._request

    def received(self, message: pb.AttachJobResponse, now: float) -> Event:
        event: _Sent | Resumed = _event(message)
        match event:
            case Attached():
                event = self._attached(event, now)
            case Chunk(offset=at) | Lost(begin=at) | Exited(offset=at) | Ended(offset=at) if (
                at != self.offset or _offset_after(event) < at
            ):
                text = f"cannot continue at byte {self.offset}: the server sent other bytes; attach again"
                raise TaskerError(Reason.INTERNAL, text)
            case Ended():
                self.over = True
            case Detached():
                if event.reason is DetachReason.UNAVAILABLE and self._outage.tolerated:
                    raise TaskerError(Reason.UNAVAILABLE, "cannot continue: the server is restarting; attach again")
                self.over = True
        self.offset = _offset_after(event)
        return event

    def _attached(self, event: Attached, now: float) -> Attached | Resumed:
        """Stores the complete id for later requests, because a prefix may match another job by then."""
        self._request = pb.AttachJobRequest(
            job=event.job.id, offset=event.offset, follow=self._request.follow, timestamps=self._request.timestamps
        )
        if self.offset is None:
            self._outage.mended(now)
            return event
        if event.offset != self.offset:
            message = f"cannot continue at byte {self.offset}: the server continues at {event.offset}; attach again"
            raise TaskerError(Reason.INTERNAL, message)
        return Resumed(event.job, event.offset, self._outage.mended(now))

    def closed(self) -> None:
        raise TaskerError(Reason.UNAVAILABLE, "cannot continue: the stream ended without a final message; attach again")

    def interrupted(self, error: TaskerError) -> Event:
        if self.offset is not None:
            self._request.offset = self.offset
        return Interrupted(self.offset, error)


class Attachment(Stream[Event]):
    """Iterate over it. Raises TaskerError when the connection is not restored; then attach again at `offset`."""

    _course: AttachCourse

    @property
    def offset(self) -> int | None:
        """The first byte that was not received yet; None before Attached."""
        return self._course.offset


def _event(message: pb.AttachJobResponse) -> _Sent:
    match message.WhichOneof("message"):
        case "chunk":
            return _chunk(message.chunk)
        case "lost":
            return Lost(message.lost.begin, message.lost.end)
        case "attached":
            return Attached(job_from(message.attached.job), message.attached.offset)
        case "exited":
            return Exited(job_from(message.exited.job), message.exited.offset)
        case "ended":
            return Ended(job_from(message.ended.job), message.ended.offset)
        case "detached":
            return Detached(_REASONS.get(message.detached.reason, DetachReason.UNKNOWN), message.detached.offset)
    raise TaskerError(Reason.INTERNAL, "cannot understand the answer: the server is newer; upgrade this client")


def _chunk(chunk: pb.Chunk) -> Chunk:
    return Chunk(chunk.offset, chunk.data, values.time(chunk.time) if chunk.HasField("time") else None)


def _offset_after(event: _Sent | Resumed) -> int:
    match event:
        case Chunk():
            return event.offset + len(event.data)
        case Lost():
            return event.end
    return event.offset
