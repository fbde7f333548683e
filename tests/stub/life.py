"""A unit's life in the stub systemd: unit jobs, processes, states, and its end; each step is told on the bus."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dbus_next.message import Message
from dbus_next.signature import Variant

from tests.stub.bus import OnBus
from tests.stub.cgroup import INFINITY, SLICE_AT_REST, Cgroup, limit_files
from tests.stub.settings import NAME, SCOPE, SETTINGS, SLICE_SETTINGS, UNIT_NAME, Refusal, apply, invalid, slice_path
from tests.stub.unit import Plan, Unit


class Life(OnBus):
    def __init__(self, address: str, cgroups: Path) -> None:
        super().__init__(address)
        self.cgroups = cgroups
        self.slices: dict[str, dict[str, Any]] = {}
        """Settings of those that were changed; systemd keeps them, loaded or not."""
        self.set_omits: list[str] = []
        """Properties that are taken and not applied."""
        self.set_refused: int | None = None
        """After so many of its properties the next SetUnitProperties is refused."""
        self.jobs = 0
        self.plans: list[Plan] = []
        self.always = Plan()
        self.calls: list[dict[str, Any]] = []
        """Every StartTransientUnit."""
        self.held = asyncio.Event()

    def client_gone(self, name: str) -> None:
        self.subscribers.discard(name)
        for unit in list(self.units.values()):
            unit.refs.discard(name)
            self.collect(unit)

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
        if plan.gone and unit.cgroup is not None:
            (unit.cgroup.directory / "cgroup.procs").unlink()
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

    def limit_slice(self, name: str) -> None:
        """Write the files of a slice that has a cgroup."""
        directory = self.cgroups / slice_path(name).lstrip("/")
        settings = self.slices.get(name)
        if settings is not None and directory.is_dir():
            kept = {key: default for key, (_, default) in SLICE_SETTINGS.items() if key in self.set_omits}
            for file, text in limit_files(settings | kept).items():
                (directory / file).write_text(text)
            for file, text in SLICE_AT_REST.items():
                if not (directory / file).exists():
                    (directory / file).write_text(text)
