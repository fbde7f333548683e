"""The table of permissions. The engine reads it for every request, and the tests check every row.

Every identity sees every job and its changes: watching has no row, because a frontend receives the changes of all jobs.
Only a job's owner or an admin manages it.
"""

from __future__ import annotations

from enum import Enum

from tasker.errors import Reason, TaskerError
from tasker.identity import Identity


class Who(Enum):
    """A column of the table, widest first."""

    EVERYBODY = "everybody"
    OWNER = "its owner or an admin"
    ADMIN = "an admin"


ACCESS: dict[str, Who] = {
    # action           who may
    "list":           Who.EVERYBODY,
    "get":            Who.EVERYBODY,
    "start":          Who.EVERYBODY,  # the caller's own job
    "start as":       Who.ADMIN,      # as an account other than the caller's, if [jobs] as_others is true
    "start at":       Who.ADMIN,      # a nice value below 0
    "see environment": Who.OWNER,
    "attach":         Who.OWNER,
    "detach":         Who.EVERYBODY,  # only the caller's own streams, by construction
    "stop":           Who.OWNER,
    "limit":          Who.OWNER,
    "signal":         Who.OWNER,
    "pause":          Who.OWNER,
    "resume":         Who.OWNER,
    "archive":        Who.OWNER,
    "wait":           Who.EVERYBODY,  # for the end of a job
    "info":           Who.EVERYBODY,  # about oneself
}  # fmt: skip


_VERBS = {"attach": "attach to", "limit": "change the limits of"}
"""The verb for an action in a sentence, if it differs."""


def allowed(action: str, identity: Identity, owner: str | None = None) -> bool:
    """Whether `identity` may do `action`, on a job of `owner` if given. Raises KeyError for an unknown action."""
    who = ACCESS[action]
    if who is Who.EVERYBODY or identity.is_admin:
        return True
    return who is Who.OWNER and identity.name == owner


def demand(action: str, identity: Identity, *, what: str, owner: str | None = None) -> None:
    """Raises TaskerError(DENIED) unless `allowed`; `what` names the thing in the message, e.g. "job k3v9x2mq"."""
    if allowed(action, identity, owner):
        return
    whose = f" of {owner}" if owner is not None else ""
    verb = _VERBS.get(action, action)
    raise TaskerError(Reason.DENIED, f"cannot {verb} {what}{whose} as {identity.name}: only {ACCESS[action].value} may")
