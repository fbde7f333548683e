"""What a test can have the stub systemd do, by name: to go wrong, to act as an admin or the kernel would, to tell."""

from __future__ import annotations

import asyncio
import json
import signal
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dbus_next.message import Message
from dbus_next.signature import Variant

from tests.stub.logind import StubLogind
from tests.stub.settings import SETTINGS, apply
from tests.stub.unit import Plan, Unit

if TYPE_CHECKING:
    from tests.stub.systemd import Stub


class Commands:
    """Each `do_…` is a command. `obey` takes one as a line of JSON."""

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._logind = StubLogind(stub.address)

    async def do_plan(self, **plan: Any) -> None:
        """For the next StartTransientUnit that has no plan yet."""
        self._stub.plans.append(Plan(**plan))

    async def do_always(self, **plan: Any) -> None:
        """For every StartTransientUnit without a plan of its own."""
        self._stub.always = Plan(**plan)

    async def do_release(self) -> None:
        """Let go on what is held."""
        self._stub.held.set()
        self._stub.held = asyncio.Event()

    async def do_reload(self) -> None:
        """systemctl daemon-reload."""
        self._stub.manager_signal("Reloading", "b", True)
        self._all_removed()
        for unit in self._stub.units.values():
            self._stub.manager_signal("UnitNew", "so", unit.name, unit.path)
        self._stub.manager_signal("Reloading", "b", False)

    async def do_reexec(self) -> None:
        """systemctl daemon-reexec: calls in flight get no reply, then there is another bus name."""
        self._stub.manager_signal("Reloading", "b", True)
        self._all_removed()
        await self._stub.ask_bus("GetId")  # everything before is on its way
        await self.do_disappear()
        await self._stub.connect()
        for unit in list(self._stub.units.values()):
            if unit.job[1] == "start":  # systemd carries its queue over
                self._stub.populate(unit, Plan())
                self._stub.end_job(unit, "done")

    def _all_removed(self) -> None:
        for unit in self._stub.units.values():
            self._stub.manager_signal("UnitRemoved", "so", unit.name, unit.path)

    async def do_disappear(self) -> None:
        """Leave the bus, as while systemd restarts; `appear` comes back."""
        self._stub.up = False
        for task in self._stub.tasks:
            task.cancel()
        self._stub.bus.disconnect()

    async def do_appear(self) -> None:
        await self._stub.connect()

    async def do_end_as(self, unit: str, result: str) -> None:
        """The Result that the unit will have when it ends."""
        self._stub.units[unit].result = result

    async def do_oom(self, unit: str) -> None:
        """The kernel's out-of-memory killer takes the job, all at once."""
        self._stub.units[unit].result = "oom-kill"
        cgroup = self._stub.units[unit].cgroup
        assert cgroup is not None
        cgroup.write("memory.events", "low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\noom_group_kill 1\n")
        cgroup.signal(signal.SIGKILL)

    async def do_mark_dead(self, unit: str) -> None:
        """Say inactive of a unit whose processes live (systemd issue 36781)."""
        self._stub.set_state(self._stub.units[unit], "inactive", "dead")

    async def do_stop(self, unit: str) -> None:
        """An admin's `systemctl stop`, without waiting for its end."""
        found = self._stub.units[unit]
        if found.cgroup is not None:
            found.cgroup.freeze(False)
            self._stub.queue_job(found, "stop")
            self._stub.terminate(found)

    async def do_nothing(self, unit: str) -> None:
        """An admin's `systemctl start` of what runs already."""
        self._stub.queue_job(self._stub.units[unit], "start")
        self._stub.end_job(self._stub.units[unit], "done")

    async def do_path(self, unit: str) -> str:
        """The object of a unit."""
        return self._stub.units[unit].path

    async def do_hint(self, unit: str) -> None:
        """Say that something of a unit changed, where nothing did."""
        self._stub.changed(self._stub.units[unit])

    async def do_service_job(self, kind: str) -> None:
        """What systemd is about to do with tasker.service."""
        self._stub.service.job = (1 << 30, kind)

    async def do_turn(self, unit: str, frozen: bool) -> None:
        """An admin's `systemctl freeze` or `thaw`."""
        cgroup = self._stub.units[unit].cgroup
        assert cgroup is not None
        cgroup.freeze(frozen)

    async def do_turns(self) -> list[list[str]]:
        """Every FreezeUnit and ThawUnit so far."""
        return self._stub.turns

    async def do_no_freezer(self, why: str) -> None:
        """Refuse to freeze from now on."""
        self._stub.no_freezer = why

    async def do_write(self, unit: str, file: str, text: str) -> None:
        """Write a file of the unit's cgroup, as the kernel would."""
        cgroup = self._stub.units[unit].cgroup
        assert cgroup is not None
        cgroup.write(file, text)

    async def do_set_property(self, unit: str, properties: dict[str, list[Any]]) -> None:
        """`systemctl set-property`, down to the files of the cgroup."""
        found = self._stub.units[unit]
        apply(found.settings, [(name, Variant(signature, value)) for name, (signature, value) in properties.items()])
        assert found.cgroup is not None
        found.cgroup.limit(found.settings)

    async def do_set(self, unit: str, key: str, value: Any) -> None:
        """`systemctl set-property`, as it is told; no file of the cgroup changes."""
        self._stub.units[unit].settings[key] = value

    async def do_queue(self, unit: str, kind: str) -> None:
        """A unit job of an admin's, e.g. the "stop" of a service, which stays in the queue."""
        self._stub.units[unit] = Unit(unit, {key: default for key, (_, default) in SETTINGS.items()}, job=(9999, kind))

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
            for unit in self._stub.units.values()
        }

    async def do_calls(self) -> list[dict[str, Any]]:
        """Every StartTransientUnit so far: unit, mode, properties."""
        return self._stub.calls

    async def do_sets(self) -> list[dict[str, Any]]:
        """Every SetUnitProperties so far: unit, properties."""
        return self._stub.sets

    async def do_omit(self, names: list[str]) -> None:
        """Accept these properties in SetUnitProperties from now on; the kernel refuses them, so its files stay."""
        self._stub.set_omits = names

    async def do_refuse(self, after: int) -> None:
        """Refuse the next SetUnitProperties of a scope once so many of its properties are set."""
        self._stub.set_refused = after

    async def do_plans(self) -> list[dict[str, Any]]:
        """What is still planned."""
        return [asdict(plan) for plan in self._stub.plans]

    async def do_logind(self, up: bool) -> None:
        """logind comes to the bus, or leaves it, as while it restarts."""
        if up:
            await self._logind.appear()
        else:
            self._logind.bus.disconnect()

    async def do_session(self, id: str, leader: int, ended: bool = False) -> None:
        """`leader` opens a login session; `ended`: which is over when anybody asks about it."""
        self._logind.new_session(id, leader)
        if ended:
            self._logind.leaders[id] = 0

    async def do_killed(self) -> list[list[Any]]:
        """Every KillSession so far: session, whom, signal."""
        return self._logind.killed

    async def do_forged_session(self, id: str, leader: int, to: str) -> None:
        """Somebody who is not logind says so to the owner of the bus name `to`."""
        forger = StubLogind(self._stub.address)
        await forger.appear(name="")
        forger.new_session(id, leader, to)
        bus = "org.freedesktop.DBus"
        await forger.bus.call(Message(bus, "/org/freedesktop/DBus", bus, "GetId"))  # so the signal is on its way
        forger.bus.disconnect()

    async def do_name(self) -> str:
        """The unique bus name at this moment."""
        return str(self._stub.bus.unique_name)

    async def obey(self, line: bytes) -> str:
        try:
            command = json.loads(line)
            method = getattr(self, "do_" + command.pop("do"))
            return json.dumps({"ok": await method(**command)}, default=list)  # bytes, too
        except Exception as error:  # told to the test, which knows what it asked
            return json.dumps({"error": f"{type(error).__name__}: {error}"})
