"""The interfaces that the engine's parts share: collector, systemd, journal, cgroups. Made once, by __main__."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tasker.engine.audit import AuditTrail
from tasker.engine.collector import Collector
from tasker.engine.systemd import Systemd
from tasker.engine.tasks import Tasks


@dataclass(frozen=True)
class Backends:
    collector: Collector
    systemd: Systemd
    audit: AuditTrail
    tasks: Tasks
    cgroups: Path
    """The root of the cgroup v2 hierarchy."""
