"""From a path to its disk, by the text of the mount table and by what sysfs says of a block device."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasker.engine import disks
from tasker.engine.mounts import Mounts
from tasker.errors import Reason, TaskerError
from tasker.limits import Disk

TABLE = r"""
22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw
24 27 0:6 / /dev rw - devtmpfs devtmpfs rw
25 24 0:23 / /dev/pts rw shared:3 master:4 - devpts devpts rw
27 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
28 27 254:17 / /srv rw - xfs /dev/vdb1 rw
29 28 0:40 / /srv/own rw - tmpfs none rw
30 28 254:2 / /srv rw - ext4 /dev/vda2 rw
31 27 0:45 / /two\040words rw - btrfs /dev/null rw
32 27 0:50 / /net rw - nfs4 host:/export rw
33 27 0:51 / /odd rw - fuse.odd /dev/pts/link rw
34 1 0:52 / /other rw - tmpfs none rw
""".strip()


@pytest.mark.parametrize(
    ("path", "id"),
    [
        ("/", 27),
        ("/home/alice/none", 27),
        ("/srv", 30),
        ("/srv/", 30),
        ("/srv/own/file", 30),  # covered by a later mount of /srv
        ("/srvother", 27),
        ("//srv/./x/../y", 30),
        ("/srv/../home", 27),
        ("/two words/x", 31),
        ("/dev/pts/x", 25),
    ],
)
def test_the_mount_of_a_path_is_what_a_walk_along_it_comes_to(path: str, id: int) -> None:
    mount = Mounts(TABLE).under(path)
    assert mount is not None
    assert mount.id == id


def test_the_table_of_this_machine_is_read() -> None:
    mount = Mounts.read().under("/proc/self")
    assert mount is not None
    assert (mount.point, mount.kind) == ("/proc", "proc")


@pytest.fixture
def sys(tmp_path: Path) -> Path:
    """vda with two partitions, vdb with one; dm-0 on vda2, dm-1 on dm-0, dm-2 on all of vda, dm-3 on vda1 and vdb1."""
    devices = {"vda": "254:0", "vda/vda1": "254:1", "vda/vda2": "254:2", "vdb": "254:16", "vdb/vdb1": "254:17"}
    devices |= {f"dm-{number}": f"253:{number}" for number in range(4)} | {"cciss!c0d0": "104:0"}
    (tmp_path / "block").mkdir()
    for place, number in devices.items():
        made = tmp_path / "devices" / place
        made.mkdir(parents=True)
        (made / "dev").write_text(f"{number}\n")
        name = made.name.replace("!", "/")
        (made / "uevent").write_text(f"MAJOR=0\nDEVNAME={name}\nDEVTYPE=disk\n")
        (tmp_path / "block" / number).symlink_to(made)
        if "/" in place:
            (made / "partition").write_text("1\n")
    below = {"dm-0": ["vda/vda2"], "dm-1": ["dm-0"], "dm-2": ["vda/vda1", "vda/vda2"], "dm-3": ["vda/vda1", "vdb/vdb1"]}
    for name, slaves in below.items():
        (tmp_path / "devices" / name / "slaves").mkdir()
        for slave in slaves:
            (tmp_path / "devices" / name / "slaves" / Path(slave).name).symlink_to(tmp_path / "devices" / slave)
    return tmp_path / "block"


@pytest.mark.parametrize(
    ("number", "disk"),
    [
        ("254:0", ("vda", "254:0")),
        ("254:2", ("vda", "254:0")),
        ("253:0", ("vda", "254:0")),
        ("253:1", ("vda", "254:0")),
        ("253:2", ("vda", "254:0")),
        ("253:3", ("dm-3", "253:3")),
        ("104:0", ("cciss/c0d0", "104:0")),
    ],
)
def test_the_disk_of_a_device_is_the_whole_one_at_the_bottom(sys: Path, number: str, disk: tuple[str, str]) -> None:
    assert disks.whole(number, sys) == disk


def test_a_path_has_the_disk_of_its_mount_whether_it_exists_or_not(sys: Path) -> None:
    mounts = Mounts(TABLE)
    disk = disks.find("/srv/no/such/file", mounts, sys)
    assert disk == Disk("/srv/no/such/file", "/srv", "vda", "254:0")
    assert disk.described == "/srv/no/such/file (on /srv, disk vda)"
    assert disks.find("/", mounts, sys).described == "/ (disk vda)"


def test_a_device_and_a_file_system_without_a_number_of_its_own_are_found_by_their_node() -> None:
    node = next((path for path in _block_devices() if path.exists()), None)
    if node is None:
        pytest.skip("no block device on this machine")
    table = TABLE.replace("/dev/null", str(node))
    mounts = Mounts(table)
    device = disks.find(str(node), mounts)
    assert (device.mount_point, device.described) == ("", str(node))
    on_btrfs = disks.find("/two words/x", mounts)
    assert (on_btrfs.number, on_btrfs.mount_point) == (device.number, "/two words")


def _block_devices() -> list[Path]:
    return [Path("/dev", name) for name in sorted(os.listdir("/sys/block"))]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/net/x", "/net is a file system of type nfs4"),
        ("/dev/pts/x", "/dev/pts is a file system of type devpts"),
        ("/dev", "/dev is a file system of type devtmpfs"),
        ("/dev/null", "it is not a block device"),
        ("/dev/none", "it is not a block device"),
        ("/two words", "/two words is a file system of type btrfs"),
        ("/odd", "/odd is a file system of type fuse.odd"),
        ("/home", "the kernel has no block device 254:1"),
    ],
)
def test_a_path_without_a_disk_is_refused_and_says_why(tmp_path: Path, path: str, why: str) -> None:
    with pytest.raises(TaskerError, match=f"disk under {path}: {why}, so there is no disk; ") as caught:
        disks.find(path, Mounts(TABLE), tmp_path)
    assert caught.value.reason is Reason.REFUSED


def test_no_file_is_looked_at_but_in_dev(monkeypatch: pytest.MonkeyPatch) -> None:
    """A link in /dev/shm is anybody's, and may lead to a file system that hangs."""
    looked: list[str] = []
    monkeypatch.setattr(disks, "_of_node", lambda path: looked.append(path))
    for path in ("/home/x", "/dev/pts/link", "/odd", "/net/x", "/dev/../home/x", "/dev/sda"):
        with pytest.raises(TaskerError):
            disks.find(path, Mounts(TABLE), Path("/nonexistent"))
    assert looked == ["/dev/sda"]
