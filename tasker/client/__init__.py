"""The Python library: typed methods, errors as TaskerError with a reason, a job's output as an iterator.

Client is for threads, AsyncClient for asyncio; their methods and errors are the same. Both take an address and three
PEM files: the CA of the machine, the caller's certificate and its key.

    >>> with Client.from_files(address, ca=ca, certificate=certificate, key=key) as client:
    ...     job = client.start(JobSpec(("sh", "-c", "echo hello; exit 3"), limits=Limits(memory=64 << 20)))
    ...     for event in client.attach(job.id):
    ...         match event:
    ...             case Chunk(data=data):
    ...                 print(data)
    ...             case Interrupted(error=error):
    ...                 print(f"{error}; reconnecting")
    ...             case Ended(job=ended):
    ...                 print(ended.outcome.summary)
    b'hello\\n'
    exited with code 3

Errors have a message for people and a reason for programs:

    >>> try:
    ...     client = Client.from_files("localhost:1", ca=ca, certificate=certificate, key=key)
    ...     client.get("k3v9")
    ... except TaskerError as error:
    ...     print(error.reason, error)
    unavailable cannot reach localhost:1: connection refused; is tasker running there? see `systemctl status tasker`

grpc is slow to import and must be imported after `settle_environment`, so it is imported only when a client is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tasker.api.transport import settle_environment
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
from tasker.errors import Reason, TaskerError
from tasker.job import Job, JobSpec, Kind, Outcome
from tasker.limits import IoLimit, Limits

if TYPE_CHECKING:
    from tasker.client.aio import AsyncClient
    from tasker.client.aiostream import AsyncAttachment, AsyncWatching
    from tasker.client.attachment import Attachment
    from tasker.client.sync import Client
    from tasker.client.watching import Away, Changed, Forgotten, News, Snapshot, Used, Watching

__all__ = [
    "AsyncAttachment",
    "AsyncClient",
    "AsyncWatching",
    "Attached",
    "Attachment",
    "Away",
    "Changed",
    "Chunk",
    "Client",
    "DetachReason",
    "Detached",
    "Ended",
    "Event",
    "Exited",
    "Forgotten",
    "Interrupted",
    "IoLimit",
    "Job",
    "JobSpec",
    "Kind",
    "Limits",
    "Lost",
    "News",
    "Outcome",
    "Reason",
    "Resumed",
    "Snapshot",
    "TaskerError",
    "Used",
    "Watching",
]

settle_environment()

_LATE = {
    "AsyncAttachment": "aiostream",
    "AsyncClient": "aio",
    "AsyncWatching": "aiostream",
    "Attachment": "attachment",
    "Client": "sync",
    **dict.fromkeys(("Away", "Changed", "Forgotten", "News", "Snapshot", "Used", "Watching"), "watching"),
}
"""The module of each name that needs grpc."""


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module(f"tasker.client.{_LATE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
