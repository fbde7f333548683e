"""Answers GetInfo: the service, and the quotas and usage of the caller."""

from __future__ import annotations

import socket
import time

import tasker
from tasker.engine import names
from tasker.engine.cgroup import Cgroup
from tasker.engine.jobs import Jobs
from tasker.engine.usage import read
from tasker.identity import Identity
from tasker.info import Info
from tasker.usage import Usage


class About:
    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def info(self, caller: Identity) -> Info:
        """`not_after` is 0.0, because the engine does not see the certificate; the frontend sets it."""
        config, quotas = self._jobs.config, self._jobs.quotas
        most_rings = quotas.most_rings
        starts = config.quota(caller.name).starts
        return Info(
            version=tasker.__version__,
            hostname=socket.gethostname(),
            time=time.time(),
            contact=config.server.contact,
            caller=caller,
            not_after=0.0,
            running=quotas.running(caller.name),
            most_running=config.quota(caller.name).running,
            starts_burst=starts.burst if starts is not None else None,
            starts_rate=starts.per_second if starts is not None else None,
            owner=quotas.of_owner(caller.name),
            use=self._use(caller.name),
            defaults=quotas.defaults,
            maxima=quotas.maxima,
            total=quotas.total,
            total_running=self._jobs.table.running,
            most_total_running=config.jobs.running,
            ring=config.output.ring,
            rings=quotas.rings.of_owner(caller.name),
            most_rings=None if most_rings is None else most_rings // 2,
            total_rings=quotas.rings.total,
            most_total_rings=most_rings,
            streams=config.server.streams,
            streams_per_user=config.server.streams_per_user,
        )

    def _use(self, owner: str) -> Usage | None:
        """The usage of the owner's slice, without rates; None if nothing runs."""
        try:
            cgroup = Cgroup(self._jobs.backends.cgroups / names.SLICE / names.slice_name(owner))
        except OSError:
            return None
        try:
            return read(cgroup)
        finally:
            cgroup.close()
