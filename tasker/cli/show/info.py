"""The service and the caller's identity and quotas, for `info`. Pure: an Info in, rows or JSON out."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from tasker.cli.show import json
from tasker.cli.show.details import FIELDS
from tasker.cli.show.hidden import visible
from tasker.cli.show.table import Cell, Rows
from tasker.cli.show.usage import used
from tasker.info import Info
from tasker.limits import Limits
from tasker.quantity import format_duration, format_size

SOON = 14 * 86400.0
"""Tasker warns when a certificate expires within this many seconds."""
CLOCKS = 2.0
"""Clocks that differ by more than this many seconds are highlighted."""


def facts(info: Info, address: str, difference: float, now: float) -> Rows:
    """Returns rows of a label and a value. `difference`: seconds by which the service's clock is ahead of this one."""
    caller = info.caller
    left = info.not_after - now
    until = f"{datetime.fromtimestamp(info.not_after):%Y-%m-%d %H:%M}, in {format_duration(left)}"
    known: list[tuple[str, str | Cell]] = [
        ("service", f"tasker {visible(info.version)} on {visible(info.hostname)}, {address}"),
        ("clock", Cell(_clock(difference), "yellow" if abs(difference) > CLOCKS else "")),
        ("you are", f"{visible(caller.name)}, {'an admin' if caller.is_admin else 'a user'}"),
        ("certificate", Cell(f"serial {visible(caller.serial)}, expires {until}", "yellow" if left < SOON else "")),
        ("your jobs", f"{info.running} of {info.most_running} at once"),
        ("your starts", _starts(info)),
        ("your quotas", _limits(info.owner)),
        *_use(info),
        ("your output", _rings(info.rings, info.most_rings)),
        ("job defaults", _limits(info.defaults)),
        ("job maxima", _limits(info.maxima)),
        ("the machine", f"{info.total_running} of {info.most_total_running} jobs at once"),
        ("all jobs", _limits(info.total)),
        ("all output", _rings(info.total_rings, info.most_total_rings)),
        ("output per job", f"the last {format_size(info.ring)} are kept, if memory allows" if info.ring else ""),
        ("attach streams", _streams(info)),
        ("contact", visible(info.contact)),
    ]
    return [[Cell(label, "dim"), value if isinstance(value, Cell) else Cell(value)] for label, value in known if value]


def as_json(info: Info, address: str, difference: float) -> dict[str, Any]:
    """Returns `GetInfoResponse`, and values that only the client knows."""
    return {
        **asdict(info),
        "time": json.time(info.time),
        "not_after": json.time(info.not_after),
        "use": None if info.use is None else json.usage(info.use),
        "address": address,
        "clock_difference": round(difference, 3),
    }


def _use(info: Info) -> list[tuple[str, str | Cell]]:
    if info.use is None:
        return []
    return [(f"your {label}", text) for label, text in used(info.use, info.owner.memory, ended=None)]


def _starts(info: Info) -> str:
    """Describes the rate limit for starts; "" if there is none, or if an older service does not report it."""
    if info.starts_burst is None or info.starts_rate is None:
        return ""
    return f"{info.starts_burst} at once, then {info.starts_rate:g} a second"


def _rings(taken: int, most: int | None) -> str:
    """Memory for the output of running jobs."""
    return f"{format_size(taken)} of memory" + ("" if most is None else f", of {format_size(most)}")


def _streams(info: Info) -> str:
    if not info.streams:
        return ""
    return f"at most {info.streams_per_user} of yours and {info.streams} in total in one frontend"


def _clock(difference: float) -> str:
    if abs(difference) < 0.1:
        return "same as here"
    return f"{format_duration(abs(difference))} {'ahead of' if difference > 0 else 'behind'} the clock here"


def _limits(limits: Limits) -> str:
    """Returns the limits that are set, in one line."""
    words = ((label, words(getattr(limits, field))) for field, (label, words) in FIELDS.items())
    return ", ".join(f"{label} {text}" for label, text in words if text) or "no limit"
