"""One unit of the stub systemd: its state, and what D-Bus shows of it; and how its start may go, as a test plans it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from dbus_next.signature import Variant

from tests.stub.cgroup import INFINITY, Cgroup
from tests.stub.settings import ROOT, SCOPE_SETTINGS, UNIT_SETTINGS


@dataclass
class Plan:
    """How one StartTransientUnit goes. Everything at its default is what a healthy systemd mostly does."""

    error: str = ""
    """The name of the error that it is answered with; nothing is made."""
    error_text: str = "refused by the test"
    omit: list[str] = field(default_factory=list)
    """Properties that are accepted and not applied: the cgroup's files show their defaults."""
    reply_first: bool = False
    """The reply comes before the pid is moved and before JobRemoved."""
    result: str = "done"
    """Of JobRemoved. With any other the unit is failed and holds nobody."""
    delay: float = 0.0
    """Seconds before anything happens."""
    hold: str = ""
    """Wait for the command "release": before anything ("call"), or between reply and pid/JobRemoved ("removed")."""
    drop_removed: bool = False
    """JobRemoved is never sent."""
    drop_reply: bool = False
    """The call is never answered."""
    gone: bool = False
    """The scope is over, and its cgroup's files are gone, when anybody looks."""
    marked_dead: bool = False
    """systemd issue 36781: all goes well, then the live scope is called dead."""


@dataclass
class Unit:
    """A loaded unit; all of them are scopes."""

    name: str
    settings: dict[str, Any]
    active: str = "inactive"
    sub: str = "dead"
    load: str = "loaded"
    result: str = "success"
    refs: set[str] = field(default_factory=set)
    cgroup: Cgroup | None = None
    control_group: str = ""
    usage_nsec: int = INFINITY
    job: tuple[int, str] = (0, "")
    timers: list[asyncio.TimerHandle] = field(default_factory=list)
    changed: dict[str, int] = field(default_factory=dict)

    @property
    def path(self) -> str:
        escaped = "".join(
            c if c.isascii() and c.isalnum() and not (i == 0 and c.isdigit()) else f"_{ord(c):02x}"
            for i, c in enumerate(self.name)
        )
        return f"{ROOT}/unit/{escaped}"

    @property
    def job_object(self) -> tuple[int, str]:
        return (self.job[0], f"{ROOT}/job/{self.job[0]}") if self.job[0] else (0, "/")

    def unit_properties(self) -> dict[str, Variant]:
        values = {name: Variant(kind, self.settings[name]) for name, (kind, _) in UNIT_SETTINGS.items()}
        return values | {
            "Id": Variant("s", self.name),
            "Names": Variant("as", [self.name]),
            "LoadState": Variant("s", self.load),
            "ActiveState": Variant("s", self.active),
            "SubState": Variant("s", self.sub),
            "Job": Variant("(uo)", list(self.job_object)),
            "Refs": Variant("as", sorted(self.refs)),
            "Transient": Variant("b", self.load == "loaded"),
            "ActiveEnterTimestamp": Variant("t", self.changed.get("active", 0)),
            "InactiveEnterTimestamp": Variant("t", self.changed.get("inactive", self.changed.get("failed", 0))),
        }

    def scope_properties(self) -> dict[str, Variant]:
        values = {name: Variant(kind, self.settings[name]) for name, (kind, _) in SCOPE_SETTINGS.items()}
        del values["PIDs"]
        return values | {
            "ControlGroup": Variant("s", self.control_group),
            "Result": Variant("s", self.result),
            "CPUUsageNSec": Variant("t", self.usage()),
            "MemoryCurrent": Variant("t", INFINITY),
            "TasksCurrent": Variant("t", INFINITY),
            "IOReadBytes": Variant("t", 0),
            "IOWriteBytes": Variant("t", 0),
        }

    def usage(self) -> int:
        if self.cgroup is not None:
            first = (self.cgroup.directory / "cpu.stat").read_text().split()
            self.usage_nsec = int(first[1]) * 1000
        return self.usage_nsec
