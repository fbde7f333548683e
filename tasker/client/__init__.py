"""The Python library: typed methods, errors as TaskerError by reason, a job's output as an iterator.

    with Client("machine:8275", ca=…, certificate=…, key=…) as client:
        job = client.start(JobSpec(("sleep", "60")))
        for event in client.attach(job.id):
            …

grpc is imported only once a Client is asked for: it takes a while, and this package must settle its environment first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tasker.api.transport import settle_environment
from tasker.client.events import Attached, Chunk, Detached, DetachReason, Ended, Event, Interrupted, Lost, Resumed

if TYPE_CHECKING:
    from tasker.client.attachment import Attachment
    from tasker.client.connection import Client

__all__ = [
    "Attached",
    "Attachment",
    "Chunk",
    "Client",
    "DetachReason",
    "Detached",
    "Ended",
    "Event",
    "Interrupted",
    "Lost",
    "Resumed",
]

settle_environment()


def __getattr__(name: str) -> Any:
    if name == "Client":
        from tasker.client.connection import Client

        return Client
    if name == "Attachment":
        from tasker.client.attachment import Attachment

        return Attachment
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
