"""The disk under a path that a user named, looked for in a thread: a network file system that hangs holds nobody up.

The engine looks as root, so it says no more than yes or no: a path that is not there and one without a disk read alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import threading
from collections.abc import Iterable
from pathlib import Path

from tasker.errors import Reason, TaskerError
from tasker.limits import Limits

_PATIENCE = 5.0
"""Seconds for all paths of one job."""
_MOST_LOOKING = 16
"""Threads; those that hang are among them until their file system answers."""
_looking = threading.BoundedSemaphore(_MOST_LOOKING)


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
    if not _looking.acquire(blocking=False):
        text = f"cannot look at {wanted[0]}: too many file systems do not answer"
        raise TaskerError(Reason.UNAVAILABLE, f"{text}; try again later, or without a limit on disks")
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[dict[str, str | None]] = loop.create_future()

    def look() -> None:
        try:
            found = {path: _disk_under(path) for path in wanted}
        finally:
            _looking.release()
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(lambda: None if answer.done() else answer.set_result(found))

    # A daemon: a thread that hangs must not hold up the engine's end, as one of the loop's own pool would.
    threading.Thread(target=look, name="disks", daemon=True).start()
    try:
        return await asyncio.wait_for(answer, _PATIENCE)
    except TimeoutError:
        text = f"cannot look at {', '.join(wanted)[:200]}: the file system does not answer within {_PATIENCE:g} s"
        raise TaskerError(Reason.UNAVAILABLE, f"{text}; name another path") from None


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
