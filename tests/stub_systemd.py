"""A systemd that Tasker's engine cannot tell from the real one, as far as scopes go, on a bus of the tests' own.

    python -m tests.stub_systemd --bus ADDRESS --cgroups DIR       prints READY; a pipe on stdin: JSON commands

It moves no process and needs no root: `stub_cgroup` has the directory and the processes, this has what goes over D-Bus,
with systemd's signatures, errors and order of events (JobRemoved comes before the reply of StartTransientUnit). Tests
use it by `stub_control.stub_systemd()`; what can be made to go wrong is `Plan` and the `do_…` methods.
"""

from __future__ import annotations

import argparse
import asyncio
import fnmatch
import json
import os
import re
import signal
import socket
import stat
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dbus_next.aio.message_bus import MessageBus
from dbus_next.constants import MessageType
from dbus_next.message import Message
from dbus_next.signature import Variant

from tests.stub_cgroup import INFINITY, Cgroup, limit_files

NAME = "org.freedesktop.systemd1"
ROOT = "/org/freedesktop/systemd1"
MANAGER, UNIT, SCOPE, SLICE, JOB = (f"{NAME}.{name}" for name in ("Manager", "Unit", "Scope", "Slice", "Job"))
PROPERTIES = "org.freedesktop.DBus.Properties"
UNIT_NAME = re.compile(r"[A-Za-z0-9:_.\\@-]{1,249}\.(scope|slice|service)")
SLICE_NAME = re.compile(r"[A-Za-z0-9:_.\\]+(-[A-Za-z0-9:_.\\]+)*\.slice")

DEFAULT_TASKS = 1000

# What StartTransientUnit takes for a scope: the signature and the default.
UNIT_SETTINGS: dict[str, tuple[str, Any]] = {
    "Description": ("s", ""),
    "CollectMode": ("s", "inactive"),
    "AddRef": ("b", False),
    "DefaultDependencies": ("b", True),
    **{name: ("as", []) for name in ("PartOf", "After", "Before", "Requires", "Wants", "BindsTo", "Conflicts")},
}
SCOPE_SETTINGS: dict[str, tuple[str, Any]] = {
    "PIDs": ("au", []),
    "Slice": ("s", "system.slice"),
    "OOMPolicy": ("s", "stop"),
    "KillMode": ("s", "control-group"),
    "KillSignal": ("i", 15),
    "SendSIGKILL": ("b", True),
    "SendSIGHUP": ("b", False),
    "Delegate": ("b", False),
    "Controller": ("s", ""),
    **{f"{name}Accounting": ("b", False) for name in ("CPU", "Memory", "IO", "Tasks")},
    "TimeoutStopUSec": ("t", 90_000_000),
    **dict.fromkeys(("RuntimeMaxUSec", "CPUQuotaPerSecUSec", "CPUQuotaPeriodUSec"), ("t", INFINITY)),
    **dict.fromkeys(("CPUWeight", "IOWeight"), ("t", INFINITY)),
    "TasksMax": ("t", DEFAULT_TASKS),
    **dict.fromkeys(("MemoryMax", "MemoryHigh", "MemorySwapMax"), ("t", INFINITY)),
    **{f"IO{way}{what}Max": ("a(st)", []) for way in ("Read", "Write") for what in ("Bandwidth", "IOPS")},
}
SLICE_SETTINGS: dict[str, tuple[str, Any]] = {
    name: SCOPE_SETTINGS[name]
    for name in SCOPE_SETTINGS
    if name.startswith(("CPU", "Memory", "IO")) and not name.endswith("Accounting")
} | {"TasksMax": ("t", INFINITY)}
SETTINGS = UNIT_SETTINGS | SCOPE_SETTINGS


class Refusal(Exception):
    """An error reply."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name, self.text = name, text


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


class PatientSocket:
    """What dbus-next writes to. Its writer takes a full socket for the end of the connection, but goes on after 0."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def send(self, data: memoryview) -> int:
        try:
            return self._sock.send(data)
        except BlockingIOError:
            return 0


class Stub:
    """All of the fake manager. One bus connection, replaced at a reexec."""

    def __init__(self, address: str, cgroups: Path) -> None:
        self.address, self.cgroups = address, cgroups
        self.units: dict[str, Unit] = {}
        self.slices: dict[str, dict[str, Any]] = {}
        """Settings of those that were changed; systemd keeps them, loaded or not."""
        self.sets: list[dict[str, Any]] = []
        self.set_omits: list[str] = []
        self.subscribers: set[str] = set()
        self.plans: list[Plan] = []
        self.always = Plan()
        self.calls: list[dict[str, Any]] = []
        self.service = Unit("tasker.service", {key: default for key, (_, default) in SETTINGS.items()})
        self.turns: list[list[str]] = []
        self.no_freezer = ""
        self.jobs = 0
        self.up = False
        self.held = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()
        self.methods: dict[tuple[str, str], tuple[str, str, Callable[[Message], Awaitable[list[Any] | None]]]] = {
            (MANAGER, "Subscribe"): ("", "", self.subscribe),
            (MANAGER, "Unsubscribe"): ("", "", self.unsubscribe),
            (MANAGER, "StartTransientUnit"): ("ssa(sv)a(sa(sv))", "o", self.start),
            (MANAGER, "StopUnit"): ("ss", "o", self.stop),
            (MANAGER, "KillUnit"): ("ssi", "", self.kill),
            (MANAGER, "FreezeUnit"): ("s", "", self.freeze),
            (MANAGER, "ThawUnit"): ("s", "", self.freeze),
            (MANAGER, "GetUnit"): ("s", "o", self.get_unit),
            (MANAGER, "LoadUnit"): ("s", "o", self.load_unit),
            (MANAGER, "ListUnits"): ("", "a(ssssssouso)", self.list_units),
            (MANAGER, "ListUnitsByPatterns"): ("asas", "a(ssssssouso)", self.list_units),
            (MANAGER, "RefUnit"): ("s", "", self.ref),
            (MANAGER, "UnrefUnit"): ("s", "", self.unref),
            (MANAGER, "ResetFailedUnit"): ("s", "", self.reset_failed),
            (MANAGER, "SetUnitProperties"): ("sba(sv)", "", self.set_properties),
            (PROPERTIES, "Get"): ("ss", "v", self.get),
            (PROPERTIES, "GetAll"): ("s", "a{sv}", self.get_all),
        }

    # ── the bus ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def connect(self) -> None:
        bus = MessageBus(bus_address=self.address)
        bus._writer.sock = PatientSocket(bus._sock)
        self.bus = await bus.connect()
        rule = "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg2=''"
        await self.ask_bus("AddMatch", "s", [rule])
        self.bus.add_message_handler(self.received)
        await self.bus.request_name(NAME)
        self.up = True

    async def ask_bus(self, member: str, signature: str = "", body: list[Any] | None = None) -> None:
        bus = "org.freedesktop.DBus"
        await self.bus.call(Message(bus, "/org/freedesktop/DBus", bus, member, signature=signature, body=body or []))

    def received(self, message: Message) -> bool:
        if message.message_type is MessageType.SIGNAL and message.member == "NameOwnerChanged":
            name, _, new = message.body
            if name.startswith(":") and not new:
                self.client_gone(name)
            for unit in self.units.values():
                if unit.settings["Controller"] == name:
                    unit.settings["Controller"] = ""
        elif message.message_type is MessageType.METHOD_CALL and message.interface in (MANAGER, PROPERTIES):
            task = asyncio.get_running_loop().create_task(self.answer(message))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
            return True
        return False

    async def answer(self, message: Message) -> None:
        key = (message.interface, message.member)
        try:
            if key not in self.methods:
                raise Refusal("org.freedesktop.DBus.Error.UnknownMethod", f"Unknown method {message.member}.")
            takes, _, method = self.methods[key]
            if message.signature != takes:
                raise Refusal(
                    "org.freedesktop.DBus.Error.InvalidArgs",
                    f"Invalid arguments '{message.signature}' to call {message.member}(), expecting '{takes}'.",
                )
            body = await method(message)
            if body is not None:
                self.reply(message, body)
        except Refusal as refusal:
            self.bus.send(Message.new_error(message, refusal.name, refusal.text))

    def reply(self, message: Message, body: list[Any]) -> None:
        gives = self.methods[message.interface, message.member][1]
        self.bus.send(Message.new_method_return(message, gives, body))

    def emit(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        if self.subscribers and self.up:
            self.bus.send(Message.new_signal(path, interface, member, signature, body))

    def manager_signal(self, member: str, signature: str, *body: Any) -> None:
        self.emit(ROOT, MANAGER, member, signature, list(body))

    def changed(self, unit: Unit, **scope: Variant) -> None:
        """PropertiesChanged on both interfaces, the scope's own first."""
        body = [SCOPE, {"Result": Variant("s", unit.result), **scope}, []]
        self.emit(unit.path, PROPERTIES, "PropertiesChanged", "sa{sv}as", body)
        names = ("ActiveState", "SubState", "Job", "ActiveEnterTimestamp", "InactiveEnterTimestamp")
        values = unit.unit_properties()
        body = [UNIT, {name: values[name] for name in names}, []]
        self.emit(unit.path, PROPERTIES, "PropertiesChanged", "sa{sv}as", body)

    def client_gone(self, name: str) -> None:
        self.subscribers.discard(name)
        for unit in list(self.units.values()):
            unit.refs.discard(name)
            self.collect(unit)

    # ── a unit's life ────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self, message: Message) -> list[Any] | None:
        name, mode, properties, _ = message.body
        self.calls.append({"unit": name, "mode": mode, "properties": {key: v.value for key, v in properties}})
        plan = self.plans.pop(0) if self.plans else self.always
        await asyncio.sleep(plan.delay)
        if plan.hold == "call":
            await self.held.wait()
        if plan.error:
            raise Refusal(plan.error, plan.error_text)
        if mode not in ("replace", "fail", "isolate", "ignore-dependencies", "ignore-requirements"):
            raise invalid(f"Job mode {mode} invalid")
        if not UNIT_NAME.fullmatch(name) or not name.endswith(".scope"):
            raise invalid(f"Unit name {name} is not valid.")
        if name in self.units:
            raise Refusal(f"{NAME}.UnitExists", f"Unit {name} was already loaded or has a fragment file.")
        settings = {key: default for key, (_, default) in SETTINGS.items()}
        apply(settings, properties)
        if not settings["PIDs"]:
            raise invalid(f"Scope has no PIDs. Refusing. {name}")
        unit = self.units[name] = Unit(name, settings)
        if settings["AddRef"]:
            unit.refs.add(message.sender)
        self.manager_signal("UnitNew", "so", name, unit.path)
        path = self.queue_job(unit, "start")
        if plan.reply_first or plan.hold == "removed":
            self.reply(message, [path])
            await asyncio.sleep(0)
        if plan.hold == "removed":
            await self.held.wait()
        self.populate(unit, plan)
        if not plan.drop_removed:
            self.end_job(unit, plan.result if plan.result != "done" or unit.active == "active" else "failed")
        if plan.marked_dead:
            self.set_state(unit, "inactive", "dead")
        if unit.active == "failed":
            self.collect(unit)
        return None if plan.reply_first or plan.drop_reply or plan.hold == "removed" else [path]

    def populate(self, unit: Unit, plan: Plan) -> None:
        """Move the pids; a reaped one, or a plan, makes the unit failed."""
        settings = unit.settings
        for other in list(self.units.values()):
            for pid in settings["PIDs"]:
                if other is not unit and other.cgroup is not None:
                    other.cgroup.abandon(pid)  # silently, as systemd does
        group = slice_path(settings["Slice"]) + "/" + unit.name
        job = unit.name.removeprefix("tasker-").removesuffix(".scope")
        directory = self.cgroups / group.lstrip("/")
        try:
            if plan.result != "done":
                raise ProcessLookupError
            unit.cgroup = Cgroup(directory, job, settings["PIDs"], lambda: self.emptied(unit))
        except (ProcessLookupError, FileNotFoundError):
            unit.result = "resources"
            self.set_state(unit, "failed", "failed")
            return
        unit.control_group = group
        for slice in slice_path(settings["Slice"]).strip("/").split("/"):
            self.limit_slice(slice)
        kept = {key: default for key, (_, default) in SETTINGS.items() if key in plan.omit}
        unit.cgroup.limit(settings | kept)
        if settings["RuntimeMaxUSec"] != INFINITY:
            self.after(unit, settings["RuntimeMaxUSec"], self.timed_out, unit)
        self.set_state(unit, "active", "running", ControlGroup=Variant("s", group))

    def emptied(self, unit: Unit) -> None:
        """Its last process is gone."""
        for timer in unit.timers:
            timer.cancel()
        unit.usage()
        dead = "inactive" if unit.result == "success" else "failed"
        unit.control_group = ""
        self.set_state(unit, dead, "dead" if dead == "inactive" else "failed", ControlGroup=Variant("s", ""))
        cgroup, unit.cgroup = unit.cgroup, None
        if cgroup is not None:
            cgroup.remove()
        if unit.job[0]:
            self.end_job(unit, "done")
        self.collect(unit)

    def terminate(self, unit: Unit) -> None:
        """SIGTERM, and SIGKILL once TimeoutStopUSec is over."""
        self.set_state(unit, "deactivating", "stop-sigterm")
        self.after(unit, unit.settings["TimeoutStopUSec"], self.kill_late, unit)
        assert unit.cgroup is not None
        if not unit.cgroup.processes():
            self.emptied(unit)
            return
        if unit.settings["Controller"]:
            asked = Message.new_signal(unit.path, SCOPE, "RequestStop")
            asked.destination = unit.settings["Controller"]
            self.bus.send(asked)
            return
        unit.cgroup.signal(signal.SIGTERM)
        unit.cgroup.signal(signal.SIGCONT)

    def timed_out(self, unit: Unit) -> None:
        unit.result = "timeout"
        self.terminate(unit)

    def kill_late(self, unit: Unit) -> None:
        if unit.cgroup is not None:
            unit.result = "timeout"
            self.set_state(unit, "deactivating", "stop-sigkill")
            unit.cgroup.signal(signal.SIGKILL)

    def after(self, unit: Unit, microseconds: int, call: Callable[[Unit], None], argument: Unit) -> None:
        if microseconds < 1 << 50:
            unit.timers.append(asyncio.get_running_loop().call_later(microseconds / 1e6, call, argument))

    def set_state(self, unit: Unit, active: str, sub: str, **scope: Variant) -> None:
        unit.active, unit.sub = active, sub
        unit.changed[active] = time.time_ns() // 1000
        self.changed(unit, **scope)

    def collect(self, unit: Unit) -> None:
        """Unload it where nothing keeps it."""
        kept = unit.active == "failed" and unit.settings["CollectMode"] != "inactive-or-failed"
        if unit.active not in ("inactive", "failed") or unit.refs or unit.job[0] or kept or unit.cgroup is not None:
            return
        if self.units.pop(unit.name, None) is not None:
            self.manager_signal("UnitRemoved", "so", unit.name, unit.path)

    def queue_job(self, unit: Unit, kind: str) -> str:
        self.jobs += 1
        unit.job = (self.jobs, kind)
        self.manager_signal("JobNew", "uos", unit.job[0], unit.job_object[1], unit.name)
        return unit.job_object[1]

    def end_job(self, unit: Unit, result: str) -> None:
        number, path = unit.job_object
        unit.job = (0, "")
        self.manager_signal("JobRemoved", "uoss", number, path, unit.name, result)

    # ── the other methods ────────────────────────────────────────────────────────────────────────────────────────────

    async def subscribe(self, message: Message) -> list[Any]:
        if message.sender in self.subscribers:
            raise Refusal(f"{NAME}.AlreadySubscribed", "Client is already subscribed.")
        self.subscribers.add(message.sender)
        return []

    async def unsubscribe(self, message: Message) -> list[Any]:
        if message.sender not in self.subscribers:
            raise Refusal(f"{NAME}.NotSubscribed", "Client is not subscribed.")
        self.subscribers.discard(message.sender)
        return []

    async def stop(self, message: Message) -> list[Any]:
        unit = self.loaded(message.body[0])
        if unit.job[1] == "stop":
            return [unit.job_object[1]]
        path = self.queue_job(unit, "stop")
        if unit.cgroup is None:
            self.set_state(unit, "inactive", "dead")
            self.end_job(unit, "done")
            self.collect(unit)
        else:
            self.terminate(unit)
        return [path]

    async def kill(self, message: Message) -> list[Any]:
        name, _, number = message.body
        unit = self.loaded(name)
        if unit.cgroup is None:
            raise Refusal(f"{NAME}.NoSuchProcess", f"No such process: {name}")
        unit.cgroup.signal(number)
        return []

    async def freeze(self, message: Message) -> list[Any]:
        name, frozen = message.body[0], message.member == "FreezeUnit"
        unit = self.loaded(name)
        if unit.cgroup is None or unit.active != "active" or unit.job[0]:
            raise Refusal(f"{NAME}.UnitInactive", f"Unit {name} is not active.")
        self.turns.append([message.member, name])
        if self.no_freezer and frozen:
            raise Refusal(f"{NAME}.UnitBusy", self.no_freezer)
        unit.cgroup.freeze(frozen)
        return []

    async def get_unit(self, message: Message) -> list[Any]:
        return [self.loaded(message.body[0]).path]

    async def load_unit(self, message: Message) -> list[Any]:
        return [self.unit_at(Unit(message.body[0], {}).path).path]

    async def list_units(self, message: Message) -> list[Any]:
        states, patterns = message.body or ([], [])
        rows = []
        for unit in self.units.values():
            wanted = not states or {unit.load, unit.active, unit.sub} & set(states)
            if wanted and (not patterns or any(fnmatch.fnmatchcase(unit.name, pattern) for pattern in patterns)):
                row = [unit.name, unit.settings["Description"], unit.load, unit.active, unit.sub, "", unit.path]
                rows.append([*row, *unit.job, unit.job_object[1]])
        return [rows]

    async def ref(self, message: Message) -> list[Any]:
        self.loaded(message.body[0]).refs.add(message.sender)
        return []

    async def unref(self, message: Message) -> list[Any]:
        unit = self.loaded(message.body[0])
        if message.sender not in unit.refs:
            raise Refusal(f"{NAME}.NotReferenced", f"Unit {unit.name} was not referenced by client.")
        unit.refs.discard(message.sender)
        self.collect(unit)
        return []

    async def reset_failed(self, message: Message) -> list[Any]:
        unit = self.loaded(message.body[0])
        if unit.active == "failed":
            unit.result = "success"
            self.set_state(unit, "inactive", "dead")
        self.collect(unit)
        return []

    async def set_properties(self, message: Message) -> list[Any]:
        name, _, properties = message.body
        self.sets.append({"unit": name, "properties": {key: value.value for key, value in properties}})
        if name.endswith(".slice"):
            if not SLICE_NAME.fullmatch(name):
                raise invalid(f"Invalid unit name '{name}'")
            settings = self.slices.setdefault(name, {key: default for key, (_, default) in SLICE_SETTINGS.items()})
            apply(settings, properties)
            self.limit_slice(name)
            return []
        unit = self.loaded(name)
        for key, _ in properties:
            if key not in SLICE_SETTINGS:  # as systemd 252 does once a scope runs
                text = f"Cannot set property {key}, or unknown property."
                raise Refusal("org.freedesktop.DBus.Error.PropertyReadOnly", text)
        apply(unit.settings, properties)
        if unit.cgroup is not None:
            kept = {key: default for key, (_, default) in SETTINGS.items() if key in self.set_omits}
            unit.cgroup.limit(unit.settings | kept)
        self.changed(unit, **{key: value for key, value in properties if key in SCOPE_SETTINGS})
        return []

    def limit_slice(self, name: str) -> None:
        """Write the files of a slice that has a cgroup."""
        directory = self.cgroups / slice_path(name).lstrip("/")
        settings = self.slices.get(name)
        if settings is not None and directory.is_dir():
            kept = {key: default for key, (_, default) in SLICE_SETTINGS.items() if key in self.set_omits}
            for file, text in limit_files(settings | kept).items():
                (directory / file).write_text(text)

    async def get(self, message: Message) -> list[Any]:
        interface, name = message.body
        values = self.all_properties(message.path, interface)
        if name not in values:
            raise Refusal("org.freedesktop.DBus.Error.UnknownProperty", f"Unknown property or interface. {name}")
        return [values[name]]

    async def get_all(self, message: Message) -> list[Any]:
        return [self.all_properties(message.path, message.body[0])]

    def all_properties(self, path: str, interface: str) -> dict[str, Variant]:
        if path == ROOT and interface == MANAGER:
            tasks = Variant("t", DEFAULT_TASKS)
            return {"Version": Variant("s", "252 (stub)"), "ControlGroup": Variant("s", ""), "DefaultTasksMax": tasks}
        if path.startswith(f"{ROOT}/job/") and interface == JOB:
            for unit in (*self.units.values(), self.service):
                if unit.job_object[1] == path:
                    kind, job_id = Variant("s", unit.job[1]), Variant("u", unit.job[0])
                    return {"Id": job_id, "JobType": kind, "State": Variant("s", "running")}
        elif path.startswith(f"{ROOT}/unit/") and interface in (UNIT, SCOPE):
            unit = self.unit_at(path)
            return unit.unit_properties() if interface == UNIT else unit.scope_properties()
        elif path.startswith(f"{ROOT}/unit/") and interface == SLICE:
            settings = self.slices.get(self.unit_at(path).name, {})
            return {key: Variant(kind, settings.get(key, default)) for key, (kind, default) in SLICE_SETTINGS.items()}
        raise Refusal("org.freedesktop.DBus.Error.UnknownObject", f"Unknown object '{path}'.")

    def unit_at(self, path: str) -> Unit:
        """The unit of an object path; like systemd, one that is not there reads as inactive and not-found."""
        for unit in (*self.units.values(), self.service):
            if unit.path == path:
                return unit
        escaped = path.rpartition("/")[2]
        name = re.sub("_([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), escaped)
        return Unit(name, {key: default for key, (_, default) in SETTINGS.items()}, load="not-found")

    def loaded(self, name: str) -> Unit:
        try:
            return self.units[name]
        except KeyError:
            raise Refusal(f"{NAME}.NoSuchUnit", f"Unit {name} not loaded.") from None

    # ── commands of a test ───────────────────────────────────────────────────────────────────────────────────────────

    async def do_plan(self, **plan: Any) -> None:
        """For the next StartTransientUnit that has no plan yet."""
        self.plans.append(Plan(**plan))

    async def do_always(self, **plan: Any) -> None:
        """For every StartTransientUnit without a plan of its own."""
        self.always = Plan(**plan)

    async def do_release(self) -> None:
        """Let go on what is held."""
        self.held.set()
        self.held = asyncio.Event()

    async def do_reload(self) -> None:
        """systemctl daemon-reload."""
        self.manager_signal("Reloading", "b", True)
        self.all_removed()
        for unit in self.units.values():
            self.manager_signal("UnitNew", "so", unit.name, unit.path)
        self.manager_signal("Reloading", "b", False)

    async def do_reexec(self) -> None:
        """systemctl daemon-reexec: calls in flight get no reply, then there is another bus name."""
        self.manager_signal("Reloading", "b", True)
        self.all_removed()
        await self.ask_bus("GetId")  # everything before is on its way
        await self.do_disappear()
        await self.connect()
        for unit in list(self.units.values()):
            if unit.job[1] == "start":  # systemd carries its queue over
                self.populate(unit, Plan())
                self.end_job(unit, "done")

    def all_removed(self) -> None:
        for unit in self.units.values():
            self.manager_signal("UnitRemoved", "so", unit.name, unit.path)

    async def do_disappear(self) -> None:
        """Leave the bus, as while systemd restarts; `appear` comes back."""
        self.up = False
        for task in self.tasks:
            task.cancel()
        self.bus.disconnect()

    async def do_appear(self) -> None:
        await self.connect()

    async def do_end_as(self, unit: str, result: str) -> None:
        """The Result that the unit will have when it ends."""
        self.units[unit].result = result

    async def do_oom(self, unit: str) -> None:
        """The kernel's out-of-memory killer takes the job, all at once."""
        self.units[unit].result = "oom-kill"
        cgroup = self.units[unit].cgroup
        assert cgroup is not None
        cgroup.write("memory.events", "low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\noom_group_kill 1\n")
        cgroup.signal(signal.SIGKILL)

    async def do_mark_dead(self, unit: str) -> None:
        """Say inactive of a unit whose processes live (systemd issue 36781)."""
        self.set_state(self.units[unit], "inactive", "dead")

    async def do_stop(self, unit: str) -> None:
        """An admin's `systemctl stop`, without waiting for its end."""
        found = self.units[unit]
        if found.cgroup is not None:
            found.cgroup.freeze(False)
            self.queue_job(found, "stop")
            self.terminate(found)

    async def do_nothing(self, unit: str) -> None:
        """An admin's `systemctl start` of what runs already."""
        self.queue_job(self.units[unit], "start")
        self.end_job(self.units[unit], "done")

    async def do_path(self, unit: str) -> str:
        """The object of a unit."""
        return self.units[unit].path

    async def do_hint(self, unit: str) -> None:
        """Say that something of a unit changed, where nothing did."""
        self.changed(self.units[unit])

    async def do_service_job(self, kind: str) -> None:
        """What systemd is about to do with tasker.service."""
        self.service.job = (1 << 30, kind)

    async def do_turn(self, unit: str, frozen: bool) -> None:
        """An admin's `systemctl freeze` or `thaw`."""
        cgroup = self.units[unit].cgroup
        assert cgroup is not None
        cgroup.freeze(frozen)

    async def do_turns(self) -> list[list[str]]:
        """Every FreezeUnit and ThawUnit so far."""
        return self.turns

    async def do_no_freezer(self, why: str) -> None:
        """Refuse to freeze from now on."""
        self.no_freezer = why

    async def do_write(self, unit: str, file: str, text: str) -> None:
        """Write a file of the unit's cgroup, as the kernel would."""
        cgroup = self.units[unit].cgroup
        assert cgroup is not None
        cgroup.write(file, text)

    async def do_set(self, unit: str, key: str, value: Any) -> None:
        """`systemctl set-property`, as it is told; no file of the cgroup changes."""
        self.units[unit].settings[key] = value

    async def do_queue(self, unit: str, kind: str) -> None:
        """A unit job of an admin's, e.g. the "stop" of a service, which stays in the queue."""
        self.units[unit] = Unit(unit, {key: default for key, (_, default) in SETTINGS.items()}, job=(9999, kind))

    async def do_units(self) -> dict[str, Any]:
        return {
            unit.name: {
                "active": unit.active,
                "result": unit.result,
                "refs": sorted(unit.refs),
                "control_group": unit.control_group,
                "settings": unit.settings,
                "pids": sorted(unit.cgroup.processes()) if unit.cgroup else [],
            }
            for unit in self.units.values()
        }

    async def do_calls(self) -> list[dict[str, Any]]:
        """Every StartTransientUnit so far: unit, mode, properties."""
        return self.calls

    async def do_sets(self) -> list[dict[str, Any]]:
        """Every SetUnitProperties so far: unit, properties."""
        return self.sets

    async def do_omit(self, names: list[str]) -> None:
        """Accept these properties in SetUnitProperties from now on, and do not apply them."""
        self.set_omits = names

    async def do_plans(self) -> list[dict[str, Any]]:
        """What is still planned."""
        return [asdict(plan) for plan in self.plans]

    async def do_name(self) -> str:
        """The unique bus name at this moment."""
        return str(self.bus.unique_name)

    async def obey(self, line: bytes) -> str:
        try:
            command = json.loads(line)
            method = getattr(self, "do_" + command.pop("do"))
            return json.dumps({"ok": await method(**command)})
        except Exception as error:  # told to the test, which knows what it asked
            return json.dumps({"error": f"{type(error).__name__}: {error}"})


def apply(settings: dict[str, Any], properties: list[tuple[str, Variant]]) -> None:
    """Set what a client asked for; refuse what no scope has, as systemd does."""
    for name, value in properties:
        if name not in SETTINGS:
            text = f"Cannot set property {name}, or unknown property."
            raise Refusal("org.freedesktop.DBus.Error.PropertyReadOnly", text)
        if value.signature != SETTINGS[name][0]:
            raise invalid(f"Invalid type '{value.signature}' for property {name}")
        if name == "Slice" and not SLICE_NAME.fullmatch(value.value):
            raise invalid(f"Invalid unit name '{value.value}'")
        if isinstance(value.value, list):
            settings[name] = [*settings[name], *value.value] if value.value else []
        else:
            settings[name] = value.value


def slice_path(name: str) -> str:
    """/a.slice/a-b.slice for a-b.slice."""
    parts = name.removesuffix(".slice").split("-")
    return "".join(f"/{'-'.join(parts[: i + 1])}.slice" for i in range(len(parts)))


def invalid(text: str) -> Refusal:
    return Refusal("org.freedesktop.DBus.Error.InvalidArgs", text)


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.stub_systemd", description="a fake systemd for tests")
    parser.add_argument("--bus", required=True, metavar="ADDRESS")
    parser.add_argument("--cgroups", required=True, metavar="DIR", type=Path)
    parser.add_argument("--until-eof", action="store_true", help="end with the end of stdin")
    arguments = parser.parse_args()
    stub = Stub(arguments.bus, arguments.cgroups)
    await stub.connect()
    print("READY", flush=True)
    reader = asyncio.StreamReader(limit=1 << 24)
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            print(await stub.obey(line), flush=True)
    if not arguments.until_eof:
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main())
