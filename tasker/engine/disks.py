"""Finds the disk under a path: from the mount table to the whole disk that io.max limits, the way systemd does.

    path ─▶ mount ─▶ block device ─▶ through device-mapper to the device below ─▶ the whole disk of a partition

Only nodes in /dev itself are accessed, never a path that a user has chosen: see mounts.py.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from tasker.engine.mounts import Mounts, normal
from tasker.errors import Reason, TaskerError
from tasker.limits import Disk

_DEV = "/dev"
_SYS = Path("/sys/dev/block")


def find_all(paths: Iterable[str]) -> tuple[Disk, ...]:
    """The disks of these paths, in their order. Raises TaskerError(REFUSED) for the first path without a disk."""
    wanted = tuple(paths)
    mounts = Mounts.read() if wanted else Mounts("")
    return tuple(find(path, mounts) for path in wanted)


def find(path: str, mounts: Mounts, sys: Path = _SYS) -> Disk:
    """The disk of a path. Raises TaskerError(REFUSED) if there is none: systemd would accept the path and limit
    nothing.

    `sys` has a directory per block device, named by its number.
    """
    mount = mounts.under(path)
    if _is_node(path, mounts):
        point, number, why = "", _of_node(normal(path)), "it is not a block device"
    elif mount is None:
        point, number, why = "", None, "nothing is mounted there"
    else:
        point, number, why = mount.point, mount.device, f"{mount.point} is a file system of type {mount.kind}"
        if number.startswith("0:"):  # btrfs uses device numbers of its own
            number = _of_node(normal(mount.source)) if _is_node(mount.source, mounts) else None
    try:
        if number is not None:
            name, number = whole(number, sys)
            return Disk(path, point, name, number)
    except OSError:
        why = f"the kernel has no block device {number}"
    text = f"cannot limit the disk under {path}: {why}, so there is no disk"
    raise TaskerError(Reason.REFUSED, f"{text}; name a path on a file system that has one, or the device")


def device(number: str) -> str:
    """The node of "MAJOR:MINOR", e.g. /dev/vda."""
    try:
        return f"{_DEV}/{_name(_SYS / number)}"
    except OSError:
        return f"{_DEV}/block/{number}"


def whole(number: str, sys: Path = _SYS) -> tuple[str, str]:
    """Name and "MAJOR:MINOR" of the disk that systemd limits for a block device: follows device-mapper layers with a
    single device below, then takes the whole disk of a partition (systemd's lookup_block_device). Raises OSError."""
    place = (sys / number).resolve(strict=True)
    while (below := _below(place)) is not None:
        place = below
    if (place / "partition").exists():
        place = place.parent
    return _name(place), (place / "dev").read_text().strip()


def _below(place: Path) -> Path | None:
    """The device below, if there is exactly one, or if all are partitions of one disk."""
    slaves = place / "slaves"
    found = sorted(slave.resolve() for slave in slaves.iterdir()) if slaves.is_dir() else []
    of_one_disk = all((one / "partition").exists() for one in found) and len({one.parent for one in found}) == 1
    return found[0] if len(found) == 1 or of_one_disk else None


def _name(place: Path) -> str:
    """The name as in /dev: sysfs has "!" in place of a slash."""
    words = dict(line.split("=", 1) for line in (place / "uevent").read_text().splitlines())
    return words["DEVNAME"]


def _is_node(path: str, mounts: Mounts) -> bool:
    """Whether a path is in /dev itself, where only root and udev create nodes and links, and not on a mount such as
    /dev/shm."""
    mount = mounts.under(path)
    return normal(path).startswith(f"{_DEV}/") and mount is not None and len(mount.point) <= len(_DEV)


def _of_node(path: str) -> str | None:
    """ "MAJOR:MINOR" of a block device node; None if it is not one."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}" if stat.S_ISBLK(status.st_mode) else None
