"""Rows about one job for `get`, and about its limits for `limit`. Pure: a job and the time in, rows out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from tasker import acting
from tasker.cli.show.hidden import visible
from tasker.cli.show.jobs import STATES, cells, left_behind, moment, outcome_style, state_of
from tasker.cli.show.table import Cell, Rows, header
from tasker.cli.show.usage import count, size, used
from tasker.job import Job
from tasker.journal import search
from tasker.limits import IO_ROWS, ROWS, IoLimit, Limits
from tasker.quantity import format_duration, format_linger, format_size

DIFFERS = "yellow"


def facts(job: Job, now: float) -> Rows:
    """Returns rows of a label and a value, without missing values. `now`: CLOCK_MONOTONIC."""
    row, ran = cells(job, now), job.elapsed(now)
    verdict = visible(job.outcome.verdict or job.outcome.summary) if job.outcome else ""
    known: list[tuple[str, str | Cell]] = [
        ("job", Cell(row["ID"], "bold")),
        ("name", row["NAME"]),
        ("state", Cell(state_of(job), STATES.get(job.state, ""))),
        ("waits for", left_behind(job, now) if job.left_behind else ""),
        ("how it ended", Cell(verdict, outcome_style(job.outcome))),
        ("command", row["COMMAND"]),
        ("directory", visible(job.spec.working_directory)),
        *(("environment", f"{visible(name)}={visible(value)}") for name, value in job.spec.environment.items()),
        ("owner", row["OWNER"]),
        ("runs as", f"{row['RUNS AS']} (uid {job.uid})" if job.user else f"uid {job.uid}"),
        ("created", moment(job.created)),
        ("started", moment(job.started)),
        ("exited", "" if job.ended else moment(job.exited)),
        ("ended", moment(job.ended)),
        ("elapsed", "" if ran is None else format_duration(ran)),
        *_usage(job),
        ("limits acting", _acting(job, ran)),
        *_limits(job),
        ("grace period", "" if job.spec.grace is None else format_duration(job.spec.grace)),
        ("nice", str(job.spec.nice or "")),
        ("linger", "" if job.spec.linger is None else format_linger(job.spec.linger)),
        ("output", _output(job)),
        ("output kept", smaller_ring(job)),
        ("followers", count(job.followers or None)),
        ("leader", f"pid {job.pid}" if job.pid else ""),
        ("unit", row["UNIT"]),
        ("slice", visible(job.slice)),
        ("see also", search("TASKER_JOB", row["ID"]) if job.ended else f"systemctl status {row['UNIT']}"),
    ]
    return [[Cell(label, "dim"), value if isinstance(value, Cell) else Cell(value)] for label, value in known if value]


def in_force(job: Job) -> Rows:
    """Returns a table of a job's limits, as requested and as in its cgroup; differences are coloured."""
    rows: Rows = [header("LIMIT", "REQUESTED", "IN FORCE")]
    wanted, holds = _named(job, job.limits), None if job.in_force is None else _named(job, job.in_force)
    for field, (label, words) in FIELDS.items():
        style = DIFFERS if field in job.differing else ""
        if field == "io":
            rows += _by_path(label, wanted.io, None if holds is None else holds.io, style)
            continue
        asked = words(getattr(wanted, field))
        now = None if holds is None else words(getattr(holds, field))
        if asked or now:
            rows.append(_row(label, asked, now, style))
    return rows


def _by_path(label: str, wanted: tuple[IoLimit, ...], holds: tuple[IoLimit, ...] | None, style: str) -> Rows:
    """Returns a row for each path, coloured if its values differ."""
    asked = {io.path: _amounts(io) for io in wanted}
    now = {io.path: _amounts(io) for io in holds or ()}
    rows = []
    for path in dict.fromkeys((*asked, *now)):
        mine, its = asked.get(path, ""), None if holds is None else now.get(path, "")
        rows.append(_row(f"{label} {visible(path)}", mine, its, style if mine != its else ""))
    return rows


def _row(label: str, asked: str, now: str | None, style: str) -> list[Cell]:
    """Returns a row. `now` is None if nothing was read back."""
    return [Cell(label), Cell(asked or "none"), Cell("" if now is None else now or "none", style)]


def _usage(job: Job) -> Iterable[tuple[str, str]]:
    if job.usage is None:
        return ()
    limits = job.in_force or job.limits
    return used(job.usage, limits.memory, job.ended)


def _acting(job: Job, ran: float | None) -> str:
    """Returns the limits that act on a running job. For an ended job, the verdict names them."""
    if job.usage is None or job.ended is not None:
        return ""
    limits = job.in_force or job.limits
    return "; ".join(acting.words(acting.acting(job.usage, ran), limits, job.usage, ran))


def _limits(job: Job) -> Iterable[tuple[str, str | Cell]]:
    """Yields every limit in readable units, with both values if another one is in force than requested."""
    wanted, holds = _named(job, job.limits), _named(job, job.in_force or job.limits)
    for field, (label, words) in FIELDS.items():
        asked, now = (words(getattr(limits, field)) for limits in (wanted, holds))
        what = label if field in UNSAID else f"{label} limit"
        if field in job.differing:
            yield what, Cell(f"{now or 'none'} in force, {asked or 'none'} requested", DIFFERS)
        elif asked or now:
            yield what, now or asked


def _named(job: Job, limits: Limits) -> Limits:
    """Adds the mount point and the disk to each path."""
    described = {disk.path: disk.described for disk in job.disks}
    return replace(limits, io=tuple(replace(io, path=described.get(io.path, io.path)) for io in limits.io))


def _output(job: Job) -> str:
    printed = size(job.printed)
    return f"{printed or 'its output'}, on disk (archived)" if job.archived else printed


def smaller_ring(job: Job) -> str:
    """Describes a ring that is smaller than configured; otherwise ""."""
    if not job.ring < job.ring_asked:
        return ""
    kept, asked = format_size(job.ring), format_size(job.ring_asked)
    return f"the last {kept} while it runs, not {asked}: memory for output was short when it started"


def _disks(limits: Iterable[IoLimit]) -> str:
    return "; ".join(f"{visible(io.path)}: {_amounts(io)}" for io in limits)


def _amounts(io: IoLimit) -> str:
    found = [(row, getattr(io, row.field)) for row in IO_ROWS]
    return ", ".join(row.label.format(row.measure.show(value)) for row, value in found if value is not None)


def _known(words: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda value: "" if value is None else words(value)


_SHOWN = {row.field: (row.label, _known(row.measure.show)) for row in ROWS} | {"io": ("disk", _disks)}
FIELDS = {field: _SHOWN[field] for field in Limits.__dataclass_fields__}
"""The label of each field of Limits, and the function that formats its value."""
UNSAID = tuple(row.field for row in ROWS if not row.measure.upper_bound)
"""Fields that are not upper bounds, so that their label does not end in "limit"."""
