"""Conversion of Info to and from protobuf, for both ends of the network."""

from __future__ import annotations

from typing import Any

from tasker.api import values
from tasker.api.specs import limits_from, limits_to
from tasker.api.usages import usage_from, usage_to
from tasker.api.v1 import tasker_pb2 as pb
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity, Role
from tasker.info import Info

_SAME = (
    *("version", "hostname", "contact", "running", "most_running", "total_running", "most_total_running"),
    *("ring", "rings", "total_rings", "streams", "streams_per_user"),
)
_OPTIONAL = ("most_rings", "most_total_rings", "starts_burst", "starts_rate")


def info_to(info: Info) -> pb.GetInfoResponse:
    message = pb.GetInfoResponse(
        **{name: getattr(info, name) for name in (*_SAME, *_OPTIONAL)},
        owner=limits_to(info.owner),
        defaults=limits_to(info.defaults),
        maxima=limits_to(info.maxima),
        total=limits_to(info.total),
        time=values.timestamp(info.time),
        user=info.caller.name,
        role=info.caller.role,
        serial=info.caller.serial,
        not_after=values.timestamp(info.not_after),
    )
    if info.use is not None:
        message.use.CopyFrom(usage_to(info.use))
    return message


def info_from(message: pb.GetInfoResponse) -> Info:
    """Raises TaskerError(INTERNAL) for unknown values of a newer server."""
    if message.role not in list(Role):
        raise TaskerError(Reason.INTERNAL, "cannot understand the answer: the server is newer; upgrade this client")
    optional: dict[str, Any] = {name: getattr(message, name) for name in _OPTIONAL if message.HasField(name)}
    return Info(
        **{name: getattr(message, name) for name in _SAME},
        **optional,
        owner=limits_from(message.owner),
        defaults=limits_from(message.defaults),
        maxima=limits_from(message.maxima),
        total=limits_from(message.total),
        time=values.time(message.time),
        caller=Identity(message.user, Role(message.role), message.serial),
        not_after=values.time(message.not_after),
        use=usage_from(message.use) if message.HasField("use") else None,
    )
