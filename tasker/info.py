"""The reply to GetInfo: the service, and the quotas and usage of the caller. Plain values."""

from __future__ import annotations

from dataclasses import dataclass

from tasker.bounds import Count, Measure, Time
from tasker.identity import Identity
from tasker.limits import Limits
from tasker.usage import Usage


@dataclass(frozen=True)
class Info:
    """The reply for one caller. Quotas have only cpu, memory and tasks; None: no quota."""

    version: str
    hostname: str
    time: Time
    """The service's clock, seconds since the epoch."""
    contact: str
    """Whom to ask for more than the quotas allow."""
    caller: Identity
    not_after: Time
    """When the caller's certificate expires, seconds since the epoch."""
    running: Count
    """The caller's jobs that have not ended."""
    most_running: Count
    owner: Limits
    """Quotas on all of the caller's jobs together."""
    use: Usage | None
    """The usage of the caller's jobs together; None if none runs."""
    defaults: Limits
    """The limits of a job that asks for none."""
    maxima: Limits
    """The most that a job may ask for."""
    total: Limits
    """Quotas on all jobs of the machine together."""
    total_running: Count
    most_total_running: Count
    ring: Count = 0
    """Bytes of a job's latest output that are kept while it runs, unless memory for output is short."""
    rings: Count = 0
    """Bytes of the rings of all of the caller's running jobs."""
    most_rings: Count | None = None
    """The most that these may take; None: no limit."""
    total_rings: Count = 0
    """Bytes of the rings of all running jobs, and the most that they may take."""
    most_total_rings: Count | None = None
    streams: Count = 0
    """Attach streams that one frontend serves at once, for all callers and for one; 0: unknown."""
    streams_per_user: Count = 0
    starts_burst: Count | None = None
    """Jobs that the caller may start at once, and how many a second from then on; None: there is no limit."""
    starts_rate: Measure | None = None
