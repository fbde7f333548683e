"""What a service says of itself and of what holds for a caller. Plain values."""

from __future__ import annotations

from dataclasses import dataclass

from tasker.bounds import Count, Time
from tasker.identity import Identity
from tasker.limits import Limits
from tasker.usage import Usage


@dataclass(frozen=True)
class Info:
    """Of the service, for one caller. Quotas have cpu, memory and tasks only; None there is no quota."""

    version: str
    hostname: str
    time: Time
    """The service's clock, seconds since the epoch."""
    contact: str
    """Whom to ask for more than the quotas allow."""
    caller: Identity
    not_after: Time
    """When the caller's certificate ends, seconds since the epoch."""
    running: Count
    """Jobs of the caller's that have not ended."""
    most_running: Count
    owner: Limits
    """Quotas on all of the caller's jobs together."""
    use: Usage | None
    """What they use together; None where none runs."""
    defaults: Limits
    """What a job gets that asks for nothing."""
    maxima: Limits
    """The most that one job may ask for."""
    total: Limits
    """Quotas on all jobs of the machine together."""
    total_running: Count
    most_total_running: Count
    ring: Count = 0
    """Bytes of a job's latest output that are kept while it runs, unless memory for output is short."""
    rings: Count = 0
    """Bytes that this comes to for all of the caller's running jobs."""
    most_rings: Count | None = None
    """The most that it may come to; None: there is no limit."""
    total_rings: Count = 0
    """The same for all jobs of the machine."""
    most_total_rings: Count | None = None
    streams: Count = 0
    """Attach streams that one frontend has open at once, of all callers and of one; 0: not known."""
    streams_per_user: Count = 0
