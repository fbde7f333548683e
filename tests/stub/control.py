"""A test's hand on the stub systemd: start one with its bus, tell it what to do wrong, ask it what it was asked."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dbus_next.aio.message_bus import MessageBus
from dbus_next.message import Message
from dbus_next.signature import Variant

from tests.stub.settings import MANAGER, PROPERTIES, ROOT, UNIT
from tests.support.private_bus import private_bus
from tests.support.waiting import DEADLINE, next_line, until

REPOSITORY = Path(__file__).parents[2]


class StubSystemd:
    """A running stub. `do` is synchronous: when it returns, it has happened."""

    def __init__(self, address: str, cgroups: Path, process: subprocess.Popen[str]) -> None:
        self.address = address
        self.cgroups = cgroups
        self.process = process

    def do(self, command: str, /, **arguments: Any) -> Any:
        """One of the commands of commands.py, e.g. do("plan", error="org.freedesktop.systemd1.NoSuchUnit")."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(next_line(self.process))
        assert "error" not in answer, answer["error"]
        return answer["ok"]

    def plan(self, **plan: Any) -> None:
        """How the next StartTransientUnit goes: the fields of `stub_unit.Plan`."""
        self.do("plan", **plan)

    def set_property(self, unit: str, **properties: tuple[str, Any]) -> None:
        """An admin's `systemctl set-property`: signature and value by name."""
        self.do("set_property", unit=unit, properties=properties)

    @property
    def units(self) -> dict[str, Any]:
        """Of every loaded unit: active, result, refs, control_group, settings, pids (of the living)."""
        units: dict[str, Any] = self.do("units")
        return units

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every StartTransientUnit so far: unit, mode, properties."""
        calls: list[dict[str, Any]] = self.do("calls")
        return calls

    def until_called(self) -> None:
        """Wait until somebody has asked for a scope."""
        until(lambda: self.calls, what="a call of StartTransientUnit")

    def until_no_units(self) -> None:
        """Wait until no unit is loaded."""
        until(lambda: self.units, lambda units: not units, "no unit is loaded")

    @property
    def sets(self) -> list[dict[str, Any]]:
        """Every SetUnitProperties so far: unit, properties."""
        sets: list[dict[str, Any]] = self.do("sets")
        return sets

    def cgroup(self, unit: str) -> Path:
        """The directory of a live unit."""
        group: str = self.units[unit]["control_group"]
        return self.cgroups / group.lstrip("/")


@contextlib.contextmanager
def stub_systemd(directory: Path) -> Iterator[StubSystemd]:
    """A private bus with a stub systemd on it; both end with the block. `directory` must have a short path."""
    cgroups = directory / "cgroups"
    cgroups.mkdir(parents=True)
    with private_bus(directory) as address:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.stub.systemd", "--bus", address, "--cgroups", cgroups, "--until-eof"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                assert next_line(process) == "READY\n"
                yield StubSystemd(address, cgroups, process)
            finally:
                process.terminate()
                process.wait(DEADLINE)


async def forge_job_removed(bus: MessageBus, to: str, path: str, unit: str, result: str = "done") -> None:
    """Send what any local user can: a JobRemoved straight to the bus name `to`, from `bus`, which is not systemd."""
    number = int(path.rpartition("/")[2])
    await bus.send(_addressed(to, ROOT, MANAGER, "JobRemoved", "uoss", [number, path, unit, result]))


async def forge_unit_dead(bus: MessageBus, to: str, unit_path: str) -> None:
    """The same with a PropertiesChanged that calls a unit dead."""
    body = [UNIT, {"ActiveState": Variant("s", "inactive"), "SubState": Variant("s", "dead")}, []]
    await bus.send(_addressed(to, unit_path, PROPERTIES, "PropertiesChanged", "sa{sv}as", body))


def _addressed(to: str, path: str, interface: str, member: str, signature: str, body: list[Any]) -> Message:
    message = Message.new_signal(path, interface, member, signature, body)
    message.destination = to
    return message
