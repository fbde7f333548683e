"""The Python library: typed methods, errors as TaskerError by reason, a job's output as an iterator.

Client is for threads, AsyncClient for asyncio; both say and raise the same. They take an address and three files in
PEM: the CA of that machine, one's certificate, its key.

    >>> with Client.from_files(address, ca=ca, certificate=certificate, key=key) as client:
    ...     job = client.start(JobSpec(("sh", "-c", "echo hello; exit 3"), limits=Limits(memory=64 << 20)))
    ...     for event in client.attach(job.id):
    ...         match event:
    ...             case Chunk(data=data):
    ...                 print(data)
    ...             case Interrupted(error=error):
    ...                 print(f"{error}; trying again")
    ...             case Ended(job=ended):
    ...                 print(ended.outcome.summary)
    b'hello\\n'
    exited with code 3

Errors say what to do, to people by their text and to programs by their reason:

    >>> try:
    ...     client = Client.from_files("localhost:1", ca=ca, certificate=certificate, key=key)
    ...     client.get("k3v9")
    ... except TaskerError as error:
    ...     print(error.reason, error)
    unavailable cannot reach localhost:1: connection refused; is tasker running there? `systemctl status tasker` says

grpc is imported only once a client is asked for: it takes a while, and this package must settle its environment first.
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
"""In which module each is that needs grpc."""


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module(f"tasker.client.{_LATE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
