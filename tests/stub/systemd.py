"""A systemd that Tasker's engine cannot tell from the real one, as far as scopes go, on a bus of the tests' own.

    python -m tests.stub.systemd --bus ADDRESS --cgroups DIR       prints READY; a pipe on stdin: JSON commands

It moves no process and needs no root: `stub_cgroup` has the directory and the processes, `stub_life` what becomes of a
unit, this what is answered over D-Bus (`stub_bus`), with systemd's signatures, errors and order of events (JobRemoved
comes before the reply of StartTransientUnit). Tests use it by `stub_control.stub_systemd()`; what can be made to go
wrong is `stub_unit.Plan` and the commands of `stub_commands`.
"""

from __future__ import annotations

import argparse
import asyncio
import fnmatch
import os
import re
import stat
import sys
from pathlib import Path
from typing import Any

from dbus_next.message import Message
from dbus_next.signature import Variant

from tests.stub.commands import Commands
from tests.stub.life import Life
from tests.stub.settings import (
    DEFAULT_TASKS,
    JOB,
    MANAGER,
    NAME,
    PROPERTIES,
    ROOT,
    SCOPE,
    SCOPE_SETTINGS,
    SETTINGS,
    SLICE,
    SLICE_NAME,
    SLICE_SETTINGS,
    UNIT,
    Refusal,
    apply,
    invalid,
)
from tests.stub.unit import Unit


class Stub(Life):
    """All of the fake manager."""

    def __init__(self, address: str, cgroups: Path) -> None:
        super().__init__(address, cgroups)
        self.sets: list[dict[str, Any]] = []
        self.service = Unit("tasker.service", {key: default for key, (_, default) in SETTINGS.items()})
        self.turns: list[list[str]] = []
        self.no_freezer = ""
        self.methods = {
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
        refused, self.set_refused = self.set_refused, None
        apply(unit.settings, properties[:refused])
        if unit.cgroup is not None:
            kept = {key: default for key, (_, default) in SETTINGS.items() if key in self.set_omits}
            unit.cgroup.limit(unit.settings, unit.settings | kept)
        self.changed(unit, **{key: value for key, value in properties[:refused] if key in SCOPE_SETTINGS})
        if refused is not None:
            raise Refusal("org.freedesktop.DBus.Error.InvalidArgs", "refused by the test")
        return []

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


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.stub.systemd", description="a fake systemd for tests")
    parser.add_argument("--bus", required=True, metavar="ADDRESS")
    parser.add_argument("--cgroups", required=True, metavar="DIR", type=Path)
    parser.add_argument("--until-eof", action="store_true", help="end with the end of stdin")
    arguments = parser.parse_args()
    stub = Stub(arguments.bus, arguments.cgroups)
    commands = Commands(stub)
    await stub.connect()
    print("READY", flush=True)
    reader = asyncio.StreamReader(limit=1 << 24)
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            print(await commands.obey(line), flush=True)
    if not arguments.until_eof:
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main())
