"""Formats usage for people. Pure; every function returns "" for unknown values."""

from __future__ import annotations

from tasker.quantity import format_duration, format_share, format_size
from tasker.usage import Pressure, Usage

MATTERS = 0.005
"""The smallest pressure shown, as a share of time; less would be shown as 0 %."""


def percent(share: float | None) -> str:
    return "" if share is None else format_share(share)


def size(count: int | None) -> str:
    return "" if count is None else format_size(count)


def rate(speed: float | None) -> str:
    """Formats bytes per second."""
    return "" if speed is None else f"{format_size(round(speed))}/s"


def count(number: int | None) -> str:
    return "" if number is None else str(number)


def times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def waits(usage: Usage, least: float = MATTERS) -> str:
    """Returns the resource that the job waits for most, if at least a share `least` of its time: "disk 34 %"."""
    named = pressures(usage)
    if not named:
        return ""
    what, pressure = max(named, key=lambda one: one[1].some)
    return f"{what} {percent(pressure.some)}" if pressure.some >= least else ""


def pressures(usage: Usage) -> list[tuple[str, Pressure]]:
    """Returns the pressure values of the kernel with their labels."""
    named = (("CPU", usage.cpu_pressure), ("memory", usage.memory_pressure), ("disk", usage.io_pressure))
    return [(what, pressure) for what, pressure in named if pressure is not None]


def used(usage: Usage, limit: int | None, ended: float | None) -> list[tuple[str, str]]:
    """Returns labels and texts for everything that was used.

    `limit` is the memory limit in bytes; `ended` is the time at which the job ended, None while it runs.
    """
    over = ended is not None
    return [(label, text) for label, text in (
        ("CPU time", _and(format_duration(usage.cpu_time), "" if over else _now(percent(usage.cpu_rate)))),
        ("throttled", _throttled(usage)),
        ("memory", _memory(usage, limit, ended)),
        ("limit reached", _hits(usage)),
        ("swap", "" if over or not usage.swap else _now(size(usage.swap))),
        ("read", _moved(usage.io_read, usage.io_read_rate, over)),
        ("written", _moved(usage.io_write, usage.io_write_rate, over)),
        ("tasks", "" if over else _now(count(usage.tasks))),
        *((f"waits for {what}", _pressure(pressure, over)) for what, pressure in pressures(usage)),
    ) if text]  # fmt: skip


def _and(*words: str) -> str:
    return ", ".join(word for word in words if word)


def _now(word: str) -> str:
    return f"{word} now" if word else ""


def _throttled(usage: Usage) -> str:
    if not usage.throttled_periods:
        return ""
    return f"{percent(usage.throttled)} of the time in which it needed the CPU, {format_duration(usage.throttled_time)}"


def _memory(usage: Usage, limit: int | None, ended: float | None) -> str:
    """Describes memory and its peak; the peak may be higher if the last reading was before the end."""
    peak = size(usage.memory_peak)
    if peak:
        peak = f"at least {peak}" if ended is not None and usage.time < ended else f"{peak} at most"
    words = _and("" if ended is not None else _now(size(usage.memory)), peak)
    return f"{words}, of {format_size(limit)}" if words and limit is not None else words


def _hits(usage: Usage) -> str:
    killed = f"{usage.oom_kills} process{'' if usage.oom_kills == 1 else 'es'} killed" if usage.oom_kills else ""
    return _and(times(usage.memory_limit_hits) if usage.memory_limit_hits else "", killed)


def _moved(total: int | None, speed: float | None, over: bool) -> str:
    return _and(format_size(total), "" if over or not speed else _now(rate(speed))) if total else ""


def _pressure(pressure: Pressure, over: bool) -> str:
    """Describes a pressure. Its share is of the last 10 seconds, so it is omitted after the end of the job."""
    now = _now(percent(pressure.some)) if not over and pressure.some >= MATTERS else ""
    return _and(now, f"{format_duration(pressure.total)} in total" if pressure.total >= 0.05 else "")
