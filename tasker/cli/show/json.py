"""Jobs and events as JSON: the API's messages (tasker.proto), field by field. Every key is always present.

Unlike protobuf's own JSON, sizes are numbers, durations are seconds, bytes are text, enums are the words that people
see, and missing values are null. Scripts depend on this format: keys may be added, never renamed.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, fields, is_dataclass
from datetime import UTC, datetime
from time import monotonic as now
from typing import Any

from tasker.client import Attached, Chunk, Detached, Ended, Event, Exited, Interrupted, Lost, Resumed
from tasker.errors import TaskerError
from tasker.job import TIMES, Job, Outcome
from tasker.usage import Usage


def dump(document: dict[str, Any]) -> str:
    """Returns one line of ASCII. Bytes that were not UTF-8 are lone surrogates, written \\udc80 to \\udcff."""
    return json.dumps(document, separators=(", ", ": "))


def job(job: Job) -> dict[str, Any]:
    """Returns a `Job`, with durations in place of `clock`, whose times are meaningless on another machine."""
    plain = {field.name: _plain(getattr(job, field.name)) for field in fields(job) if field.name != "clock"}
    clock = job.clock
    return plain | {
        **{name: time(getattr(job, name)) for name in TIMES},
        "elapsed": job.elapsed(now()),
        "since_end": None if clock.ended is None else now() - clock.ended,
        "lingers_for": None if clock.lingers_until is None else max(0.0, clock.lingers_until - now()),
    }


def _plain(value: Any) -> Any:
    """Converts a field of a job to its JSON value."""
    match value:
        case Outcome():
            return {**asdict(value), "kind": str(value.kind), "summary": value.summary}
        case Usage():
            return usage(value)
        case tuple():
            return [_plain(item) for item in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def usage(usage: Usage) -> dict[str, Any]:
    """Returns a `Usage`."""
    return {**asdict(usage), "time": time(usage.time)}


def jobs(jobs: list[Job]) -> dict[str, Any]:
    """Returns a `ListJobsResponse` with all pages."""
    return {"jobs": [job(one) for one in jobs]}


def error(error: TaskerError) -> dict[str, Any]:
    """Returns an error for stderr."""
    return {"error": {"reason": str(error.reason), "message": error.message}}


def event(event: Event) -> dict[str, Any]:
    """Returns an `AttachJobResponse` with one key, or an event of the connection."""
    match event:
        case Attached():
            return {"attached": {"job": job(event.job), "offset": event.offset}}
        case Chunk():
            data = base64.b64encode(event.data).decode()
            return {"chunk": {"offset": event.offset, "data": data, "time": time(event.time)}}
        case Lost():
            return {"lost": {"begin": event.begin, "end": event.end}}
        case Exited():
            return {"exited": {"job": job(event.job), "offset": event.offset}}
        case Ended():
            return {"ended": {"job": job(event.job), "offset": event.offset}}
        case Detached():
            return {"detached": {"reason": str(event.reason), "offset": event.offset}}
        case Interrupted():
            return {"interrupted": {"offset": event.offset, "error": event.error.message}}
        case Resumed():
            return {"resumed": {"job": job(event.job), "offset": event.offset, "after": event.after}}


def time(when: float | None) -> str | None:
    if when is None:
        return None
    return datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
