"""The disk under a path that a user named, looked for aside: a network file system that hangs holds nobody up.

The engine looks as root, so it says no more than yes or no: a path that is not there and one without a disk read alike.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from tasker.engine.aside import Aside
from tasker.errors import Reason, TaskerError
from tasker.limits import Limits

_FILE_SYSTEM = Aside("the file system")


async def check_paths(limits: Limits) -> None:
    """Raise TaskerError(REFUSED) for a path that has no disk under it: systemd would take it and do nothing."""
    found = await disks_under(io.path for io in limits.io)
    for io in limits.io:
        if found[io.path] is None:
            text = f"cannot limit the disk under {io.path}: there is no such path, or no disk under it"
            raise TaskerError(Reason.REFUSED, f"{text}; name a path that lies on one, or the device")


async def disks_under(paths: Iterable[str]) -> dict[str, str | None]:
    """ "MAJOR:MINOR" of the whole disk under each path, as io.max has it. Raises TaskerError(UNAVAILABLE)."""
    wanted = tuple(paths)
    if not wanted:
        return {}
    cannot = f"cannot look at {', '.join(wanted)[:200]}"
    return await _FILE_SYSTEM.ask(lambda: {path: _disk_under(path) for path in wanted}, cannot, "name another path")


def device(number: str) -> str:
    """The path of "MAJOR:MINOR", e.g. /dev/vda."""
    return os.path.realpath(f"/dev/block/{number}")


def _disk_under(path: str) -> str | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    number = status.st_rdev if stat.S_ISBLK(status.st_mode) else status.st_dev
    if os.major(number) == 0:
        return None
    name = f"{os.major(number)}:{os.minor(number)}"
    place = Path(os.path.realpath(f"/sys/dev/block/{name}"))
    with contextlib.suppress(OSError):
        if (place / "partition").exists():
            return (place.parent / "dev").read_text().strip()
    return name
