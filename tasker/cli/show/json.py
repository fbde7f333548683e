"""Jobs and events as JSON: the API's messages (tasker.proto), field by field. Every key is always present.

Unlike protobuf's own JSON, sizes are numbers, durations are seconds, bytes are text, enums are the words that people
see, and missing values are null. Scripts depend on this format: keys may be added, never renamed.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from datetime import UTC, datetime
from time import monotonic as now
from typing import Any

from tasker.client import Attached, Chunk, Detached, Ended, Event, Exited, Interrupted, Lost, Resumed
from tasker.errors import TaskerError
from tasker.job import Job, Outcome
from tasker.usage import Usage


def dump(document: dict[str, Any]) -> str:
    """Returns one line of ASCII. Bytes that were not UTF-8 are lone surrogates, written \\udc80 to \\udcff."""
    return json.dumps(document, separators=(", ", ": "))


def job(job: Job) -> dict[str, Any]:
    """Returns a `Job`."""
    return {
        "id": job.id,
        "owner": job.owner,
        "spec": asdict(job.spec),
        "unit": job.unit,
        "slice": job.slice,
        "user": job.user,
        "uid": job.uid,
        "state": str(job.state),
        "created": time(job.created),
        "started": time(job.started),
        "ended": time(job.ended),
        "outcome": None if job.outcome is None else _outcome(job.outcome),
        "pid": job.pid,
        "limits": asdict(job.limits),
        "in_force": None if job.in_force is None else asdict(job.in_force),
        "differing": list(job.differing),
        "usage": None if job.usage is None else usage(job.usage),
        "printed": job.printed,
        "followers": job.followers,
        "archived": job.archived,
        "revision": job.revision,
        "stopping_by": job.stopping_by,
        "elapsed": job.elapsed(now()),
        "since_end": None if job.clock.ended is None else now() - job.clock.ended,
        "exited": time(job.exited),
        "lingering": job.lingering,
        "lingers_until": time(job.lingers_until),
        "lingers_for": _lingers_for(job),
        "left_behind": job.left_behind,
        "paused": job.paused,
        "disks": [asdict(disk) for disk in job.disks],
        "ring": job.ring,
        "ring_asked": job.ring_asked,
    }


def _lingers_for(job: Job) -> float | None:
    return None if job.clock.lingers_until is None else max(0.0, job.clock.lingers_until - now())


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


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {**asdict(outcome), "kind": str(outcome.kind), "summary": outcome.summary}


def time(when: float | None) -> str | None:
    if when is None:
        return None
    return datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
