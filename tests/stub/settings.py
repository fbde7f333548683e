"""What the stub systemd knows of units: systemd's names, and its settings with their signatures and defaults.

A setting that no scope has, or of another type, is refused as systemd refuses it.
"""

from __future__ import annotations

import re
from typing import Any

from dbus_next.signature import Variant

from tests.stub.cgroup import INFINITY, IO_ENTRIES

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
    "AllowedCPUs": ("ay", b""),
    **dict.fromkeys(("CPUWeight", "IOWeight"), ("t", INFINITY)),
    "TasksMax": ("t", DEFAULT_TASKS),
    **dict.fromkeys(("MemoryMax", "MemoryHigh", "MemorySwapMax"), ("t", INFINITY)),
    **{f"IO{way}{what}Max": ("a(st)", []) for way in ("Read", "Write") for what in ("Bandwidth", "IOPS")},
}
SLICE_SETTINGS: dict[str, tuple[str, Any]] = {
    name: SCOPE_SETTINGS[name]
    for name in SCOPE_SETTINGS
    if name.startswith(("CPU", "AllowedCPUs", "Memory", "IO")) and not name.endswith("Accounting")
} | {"TasksMax": ("t", INFINITY)}
SETTINGS = UNIT_SETTINGS | SCOPE_SETTINGS


class Refusal(Exception):
    """An error reply."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name, self.text = name, text


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
        if value.signature == "a(st)":
            _limit_disks(settings, name, value.value)
        elif isinstance(value.value, list):
            settings[name] = [*settings[name], *value.value] if value.value else []
        else:
            settings[name] = value.value


def _limit_disks(settings: dict[str, Any], name: str, pairs: list[list[Any]]) -> None:
    """As systemd does: a value is added to the path's entry, and an entry that has lost its values stays."""
    entries: dict[str, dict[str, int]] = settings.get(IO_ENTRIES, {})
    for entry in entries.values() if not pairs else ():
        entry.pop(name, None)
    for path, value in pairs:
        if path not in entries:
            entries = {path: {}, **entries}  # LIST_PREPEND
        entries[path][name] = value
    settings[IO_ENTRIES] = entries
    settings[name] = [[path, entry[name]] for path, entry in entries.items() if entry.get(name, INFINITY) != INFINITY]


def slice_path(name: str) -> str:
    """/a.slice/a-b.slice for a-b.slice."""
    parts = name.removesuffix(".slice").split("-")
    return "".join(f"/{'-'.join(parts[: i + 1])}.slice" for i in range(len(parts)))


def invalid(text: str) -> Refusal:
    return Refusal("org.freedesktop.DBus.Error.InvalidArgs", text)
