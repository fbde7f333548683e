"""Limits on disks: per disk the strictest limit of all paths on it, as systemd properties, read back from io.max.

    paths ─▶ disks (disks.py) ─▶ the strictest value of each kind per disk ─▶ systemd: /dev/NAME ─▶ io.max: MAJOR:MINOR

systemd keeps an entry for each path it was ever given and writes all four values of each entry to io.max, "max" for
those that are not set. Two entries for one disk therefore overwrite each other. So Tasker uses one entry per disk; if
another entry exists (from `systemctl set-property` or an earlier Tasker), all entries of the disk get the same values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tasker.engine import disks
from tasker.engine.cgroup import Cgroup
from tasker.engine.mounts import Mounts
from tasker.engine.properties import INFINITY, INSPECT, Property, text_of
from tasker.errors import Reason, TaskerError
from tasker.job import Job
from tasker.limits import Disk, IoLimit

KINDS = {
    "read_bandwidth": ("IOReadBandwidthMax", "rbps"),
    "write_bandwidth": ("IOWriteBandwidthMax", "wbps"),
    "read_iops": ("IOReadIOPSMax", "riops"),
    "write_iops": ("IOWriteIOPSMax", "wiops"),
}
"""Field of IoLimit: systemd's property, the key in io.max."""
PROPERTIES = tuple(name for name, _ in KINDS.values())
_SIGNATURE = "a(st)"

Values = dict[str, int]
"""By field of IoLimit."""
ByDisk = dict[str, Values]
"""By "MAJOR:MINOR"."""


def disks_of(job: Job) -> tuple[Disk, ...]:
    """The disks of all paths in a job's limits. Records of earlier versions lack them, so they are looked up."""
    known = {disk.path: disk for disk in job.disks}
    found: list[Disk] = []
    mounts = Mounts.read() if any(io.path not in known for io in job.limits.io) else Mounts("")
    for io in job.limits.io:
        if io.path in known:
            found.append(known[io.path])
        elif (disk := _found(io.path, mounts)) is not None:
            found.append(disk)
    return tuple(found)


def by_disk(limits: Iterable[IoLimit], on: Iterable[Disk]) -> ByDisk:
    """The strictest value of each kind per disk; paths without a disk are skipped."""
    numbers = {disk.path: disk.number for disk in on}
    strictest: ByDisk = {}
    for io in limits:
        if io.path in numbers:
            values = strictest.setdefault(numbers[io.path], {})
            for field, value in _values(io).items():
                values[field] = min(value, values.get(field, value))
    return strictest


def properties(limits: Iterable[IoLimit], on: Iterable[Disk]) -> list[Property]:
    """The properties for StartTransientUnit."""
    nodes = {disk.number: [f"/dev/{disk.name}"] for disk in on}
    return _properties(by_disk(limits, on), nodes)


def changes(
    before: ByDisk, wanted: ByDisk, on: Iterable[Disk], text: str, has: Mapping[str, Iterable[tuple[str, int]]]
) -> list[Property]:
    """The properties for SetUnitProperties that replace `before` by `wanted` and keep limits on other disks.

    `text` is io.max; `has` are systemd's values of each of PROPERTIES.
    """
    nodes: dict[str, list[str]] = {disk.number: [f"/dev/{disk.name}"] for disk in on}
    mounts = Mounts.read() if any(has.values()) else Mounts("")
    for path in dict.fromkeys(path for pairs in has.values() for path, _ in pairs):
        disk = _found(path, mounts)
        if disk is not None and path not in nodes.setdefault(disk.number, []):
            nodes[disk.number].append(path)
    now = read(text)
    target = {
        number: now.get(number, {}) | dict.fromkeys(before.get(number, {}), INFINITY) | wanted.get(number, {})
        for number in {**before, **wanted}
    }
    return _properties(target, nodes)


def lifted() -> list[Property]:
    """The properties for SetUnitProperties that remove all limits on all disks."""
    return [(name, _SIGNATURE, []) for name in PROPERTIES]


def as_before(has: Mapping[str, list[list[object]]]) -> list[Property]:
    """The properties for SetUnitProperties that restore these values: systemd adds values to existing ones, so those
    are removed first."""
    return [*lifted(), *((name, _SIGNATURE, pairs) for name, pairs in has.items() if pairs)]


def read(text: str) -> ByDisk:
    """io.max: a line is "254:0 rbps=max wbps=1048576 riops=max wiops=max"."""
    found: ByDisk = {}
    for line in text.splitlines():
        number, *words = line.split()
        values = dict(word.split("=") for word in words)
        limited = {field: values.get(key, "max") for field, (_, key) in KINDS.items()}
        found[number] = {field: int(value) for field, value in limited.items() if value != "max"}
    return found


def verify(limits: Iterable[IoLimit], on: Iterable[Disk], cgroup: Cgroup) -> None:
    """Raises TaskerError(REFUSED) for the first path whose limits are not in force."""
    disks_by_path, text = {disk.path: disk for disk in on}, text_of(cgroup, "io.max") if limits else ""
    wanted, now = by_disk(limits, on), read(text) if text[:1].isdigit() else {}
    for io in limits:
        if (disk := disks_by_path.get(io.path)) is None:  # recorded by an earlier version, and unmounted since
            continue
        values = _only(wanted[disk.number], _values(io))
        if not values.items() <= now.get(disk.number, {}).items():
            words = f"asked for {_words(values)} on {disk.number}, io.max is {text!r}; {INSPECT}"
            raise TaskerError(Reason.REFUSED, f"cannot limit the disk under {disk.described}: {words}")


def verify_lifted(cgroup: Cgroup) -> None:
    """Raises TaskerError(REFUSED) if any disk is still limited."""
    if text := cgroup.text("io.max"):
        raise TaskerError(Reason.REFUSED, f"cannot lift the limit on disks: io.max is still {text!r}; {INSPECT}")


def in_force(limits: Iterable[IoLimit], on: Iterable[Disk], text: str) -> tuple[tuple[IoLimit, ...], bool]:
    """Returns the limits in io.max per path, and whether they differ from `limits`. A limit that no path requests is
    listed under the device."""
    now, wanted = read(text), by_disk(limits, on)
    numbers = {disk.path: disk.number for disk in on}
    shown = [IoLimit(io.path, **_only(now.get(numbers.get(io.path, ""), {}), _values(io))) for io in limits]
    for number, values in now.items():
        unasked = values.keys() - wanted.get(number, {}).keys()
        shown.append(IoLimit(disks.device(number), **_only(values, unasked)))
    return tuple(io for io in shown if _values(io)), now != wanted


def words_of(io: IoLimit) -> str:
    """ "rbps=1048576 wiops=5", for the journal."""
    return _words(_values(io))


def _properties(limits: ByDisk, nodes: Mapping[str, list[str]]) -> list[Property]:
    """All entries of each kind that has values. The kernel never sees only some of the entries of a disk."""
    properties_set: list[Property] = []
    for field, (name, _) in KINDS.items():
        limited = {number: values[field] for number, values in limits.items() if field in values}
        pairs = [[node, value] for number, value in limited.items() for node in nodes.get(number, [])]
        if pairs:
            properties_set.append((name, _SIGNATURE, pairs))
    return properties_set


def _values(io: IoLimit) -> Values:
    return {field: value for field in KINDS if (value := getattr(io, field)) is not None}


def _only(values: Values, fields: Iterable[str]) -> Values:
    return {field: values[field] for field in fields if field in values}


def _words(values: Values) -> str:
    return " ".join(f"{KINDS[field][1]}={value}" for field, value in sorted(values.items()))


def _found(path: str, mounts: Mounts) -> Disk | None:
    try:
        return disks.find(path, mounts)
    except TaskerError:
        return None
