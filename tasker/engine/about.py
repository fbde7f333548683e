"""What the service says of itself, and of what holds for whoever asks."""

from __future__ import annotations

import socket
import time

import tasker
from tasker.engine import names
from tasker.engine.quotas import Quotas
from tasker.engine.cgroup import Cgroup
from tasker.engine.jobs import Jobs
from tasker.engine.usage import read
from tasker.identity import Identity
from tasker.info import Info
from tasker.usage import Usage


class About:
    def __init__(self, jobs: Jobs, quotas: Quotas) -> None:
        self._jobs = jobs
        self._quotas = quotas

    def info(self, caller: Identity) -> Info:
        """`not_after` is 0.0: the engine sees no certificate."""
        config, quotas = self._jobs.config, self._quotas
        most_rings = quotas.most_rings
        return Info(
            version=tasker.__version__,
            hostname=socket.gethostname(),
            time=time.time(),
            contact=config.server.contact,
            caller=caller,
            not_after=0.0,
            running=quotas.running(caller.name),
            most_running=config.quota(caller.name).running,
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
        """Of the owner's slice, without rates; None where there is none: nothing runs."""
        try:
            cgroup = Cgroup(self._jobs.cgroups / names.SLICE / names.slice_name(owner))
        except OSError:
            return None
        try:
            return read(cgroup)
        finally:
            cgroup.close()
