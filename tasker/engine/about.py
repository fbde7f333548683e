"""What the service says of itself, and of what holds for whoever asks."""

from __future__ import annotations

import socket
import time

import tasker
from tasker.engine import names
from tasker.engine.ceilings import Ceilings, single, together
from tasker.engine.cgroup import Cgroup
from tasker.engine.jobs import Jobs
from tasker.engine.usage import read
from tasker.identity import Identity
from tasker.info import Info
from tasker.usage import Usage


class About:
    def __init__(self, jobs: Jobs, ceilings: Ceilings) -> None:
        self._jobs = jobs
        self._ceilings = ceilings

    def info(self, caller: Identity) -> Info:
        """`not_after` is 0.0: the engine sees no certificate."""
        config = self._jobs.config
        own = config.ceiling(caller.name)
        return Info(
            version=tasker.__version__,
            hostname=socket.gethostname(),
            time=time.time(),
            contact=config.server.contact,
            caller=caller,
            not_after=0.0,
            running=self._ceilings.running(caller.name),
            most_running=own.running,
            owner=together(own),
            use=self._use(caller.name),
            defaults=single(config.defaults),
            maxima=single(config.maxima),
            total=together(config.total),
            total_running=self._jobs.table.running,
            most_total_running=config.jobs.running,
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
