"""Restores a unit's earlier limits in systemd and in the kernel after a failed change, so that it changes nothing."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Any

from tasker.engine import disklimits
from tasker.engine.cgroup import Cgroup
from tasker.engine.properties import PROPERTIES, Property, line_of
from tasker.engine.systemd import Systemd
from tasker.errors import TaskerError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Before:
    """The limits before a change."""

    values: dict[str, Any]
    """By field of Limits, as systemd has them."""
    disks: dict[str, list[Any]]
    """Limits on disks, as systemd has them: pairs of path and value by property."""
    files: dict[str, str]
    """The text of each cgroup file; "" if there is no such file."""


@contextlib.asynccontextmanager
async def restoring(unit: str, fields: Collection[str], systemd: Systemd, cgroup: Cgroup) -> AsyncIterator[Before]:
    """Yields the present limits, and restores them if the block raises TaskerError: `fields` of Limits, of the scope
    `unit` with the cgroup `cgroup`. The message of the error then names what could not be restored."""
    before = await _read(unit, fields, systemd, cgroup)
    try:
        yield before
    except TaskerError as error:
        left = await _restore(before, unit, systemd, cgroup)
        if left and cgroup.text("cgroup.events"):  # else the job has ended, and its limits with it
            log.error("cannot undo a failed change of %s: %s", unit, left)
            raise TaskerError(error.reason, f"{error.message}; and the change could not be undone: {left}") from error
        raise


async def _read(unit: str, fields: Collection[str], systemd: Systemd, cgroup: Cgroup) -> Before:
    lines = [line for line in PROPERTIES if line.field in fields]
    files = [line.file for line in lines if line.file]
    disks = disklimits.PROPERTIES if "io" in fields else ()
    had = await systemd.properties(unit, [line.property for line in lines])
    return Before(
        values={line.field: had[line.property] for line in lines},
        disks=await systemd.properties(unit, disks),
        files={name: cgroup.text(name) for name in [*files, *(["io.max"] if disks else [])]},
    )


async def _restore(before: Before, unit: str, systemd: Systemd, cgroup: Cgroup) -> str:
    """Returns the names of the limits that could not be restored, as text; "" if all were restored."""
    lines = [(line_of(field), value) for field, value in before.values.items()]
    wanted: list[Property] = [(line.property, line.signature, value) for line, value in lines]
    if before.disks:
        wanted += disklimits.as_before(before.disks)
    try:
        await systemd.set_properties(unit, wanted)
    except TaskerError as error:
        return error.message
    files = {name: cgroup.text(name) for name in before.files}
    # A file that was missing may exist now: systemd does not remove a controller at once.
    changed = [name for name, text in before.files.items() if text and files[name] != text]
    return ", ".join(f"{name} was {before.files[name]!r} and is {files[name]!r}" for name in changed)
