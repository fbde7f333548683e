"""The kernel's side of the stub systemd: a directory that looks like a scope's cgroup, and the processes in it.

    cgroup.procs  the pid that was moved here         cgroup.events  populated 1 → 0, written in place (IN_MODIFY)
    cgroup.kill   a FIFO: "1" kills the job           cgroup.freeze  a FIFO, too
    memory.max …   what the properties became, in the kernel's words

Nothing is moved: a job's processes are those in its leader's process group and those whose environment has its
TASKER_JOB. Only they are ever signalled.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tasker.measures import cpus_of, format_cpus
from tests.stub.process import job_of, status

INFINITY = (1 << 64) - 1
CPUSET = "cpuset.cpus.effective"
IO_ENTRIES = "io entries"
"""Beside a unit's settings: what systemd keeps of limits of disks, by path and property."""
_IO_KEYS = {
    "rbps": "IOReadBandwidthMax",
    "wbps": "IOWriteBandwidthMax",
    "riops": "IOReadIOPSMax",
    "wiops": "IOWriteIOPSMax",
}
AT_REST = {
    "cgroup.controllers": "cpuset cpu io memory pids\n",
    "cpu.stat": "usage_usec 0\nuser_usec 0\nsystem_usec 0\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
    "io.stat": "",
    "memory.current": "0\n",
    "memory.peak": "0\n",
    "memory.swap.current": "0\n",
    "memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n",
    "memory.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
    "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
    "pids.current": "1\n",
    "pids.events": "max 0\n",
}
SLICE_AT_REST = {
    "memory.events.local": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n",
    "pids.peak": "1\n",
}
"""What a slice counts by itself."""


class Cgroup:
    """One scope's directory. `emptied` is called once, when the last of its processes is gone."""

    def __init__(self, directory: Path, job: str, pids: list[int], emptied: Callable[[], None]) -> None:
        """Raises ProcessLookupError where a pid was already reaped. A zombie is taken, as systemd takes it."""
        self.directory = directory
        self._job = job
        self._emptied = emptied
        self._leaders = {pid: os.pidfd_open(pid) for pid in pids}
        self._groups = {pid for pid in pids if os.getpgid(pid) == pid}
        self._since = min(status(pid)[2] for pid in pids)
        self._watched: dict[int, int] = {}
        directory.mkdir(parents=True)
        os.mkfifo(directory / "cgroup.kill", 0o600)
        self._kill = os.open(directory / "cgroup.kill", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        os.mkfifo(directory / "cgroup.freeze", 0o600)
        self._freeze = os.open(directory / "cgroup.freeze", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        alive = [pid for pid in pids if status(pid)[0] not in "ZX"]
        for name, text in AT_REST.items():
            self.write(name, text)
        self.write("cgroup.procs", "".join(f"{pid}\n" for pid in alive))
        self.write("cgroup.events", f"populated {int(bool(alive))}\nfrozen 0\n")
        loop = asyncio.get_running_loop()
        loop.add_reader(self._kill, self._killed)
        loop.add_reader(self._freeze, lambda: self.freeze(b"1" in os.read(self._freeze, 4096)))
        if alive:  # a scope that was made around a zombie hears nothing, ever
            for pid, fd in self._leaders.items():
                loop.add_reader(fd, self._gone, pid, fd)
                self._watched[pid] = fd

    def write(self, name: str, text: str) -> None:
        """In place, in one step where the length stays."""
        fd = os.open(self.directory / name, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        os.pwrite(fd, text.encode(), 0)
        os.ftruncate(fd, len(text.encode()))
        os.close(fd)

    def limit(self, properties: Mapping[str, Any], written: Mapping[str, Any] | None = None) -> None:
        """Write the files that follow from a unit's properties (plain values); where those that can be `written` give
        another text, the file stays as it was, as where the kernel refuses the value."""
        possible = limit_files(properties if written is None else written)
        files = limit_files(properties)
        for name, text in files.items():
            if possible.get(name) == text:
                self.write(name, text)
        if CPUSET not in files:  # systemd takes the controller away where no unit needs it
            (self.directory / CPUSET).unlink(missing_ok=True)

    def processes(self) -> set[int]:
        """The pids of the job's live processes."""
        return {pid for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()) if self._holds(pid)}

    def _holds(self, pid: int) -> bool:
        with contextlib.suppress(OSError):
            state, group, since = status(pid)
            if pid not in (1, os.getpid(), os.getppid()) and state not in "ZX" and since >= self._since:
                return pid in self._watched or group in self._groups or job_of(pid) == self._job
        return False

    def signal(self, number: int) -> None:
        """Send to every process of the job, to those that are forked meanwhile too."""
        told: set[int] = set()
        while new := self.processes() - told:
            for pid in new:
                with contextlib.suppress(OSError):
                    fd = os.pidfd_open(pid)
                    try:
                        if self._holds(pid):
                            signal.pidfd_send_signal(fd, number)
                    finally:
                        os.close(fd)
            told |= new

    def freeze(self, frozen: bool) -> None:
        """Stop every process, or let them go on; and say so."""
        self.signal(signal.SIGSTOP if frozen else signal.SIGCONT)
        self.write("cgroup.events", f"populated 1\nfrozen {int(frozen)}\n")

    def abandon(self, pid: int) -> None:
        """Another scope took this process."""
        fd = self._watched.pop(pid, None)
        if fd is not None:
            asyncio.get_running_loop().remove_reader(fd)
            self._groups.discard(pid)
            self._since = INFINITY
            self._look()

    def remove(self) -> None:
        """rmdir, as systemd does once a scope is dead."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._kill)
        loop.remove_reader(self._freeze)
        for fd in self._watched.values():
            loop.remove_reader(fd)
        for fd in {self._kill, self._freeze, *self._leaders.values(), *self._watched.values()}:
            os.close(fd)
        for path in self.directory.iterdir():
            path.unlink()
        self.directory.rmdir()

    def _killed(self) -> None:
        if b"1" in os.read(self._kill, 4096):
            self.signal(signal.SIGKILL)

    def _gone(self, pid: int, fd: int) -> None:
        asyncio.get_running_loop().remove_reader(fd)
        del self._watched[pid]
        if pid not in self._leaders:
            os.close(fd)
        self._look()

    def _look(self) -> None:
        """Wait for the death of one more, or find that nobody is left (twice: a scan can miss a fork)."""
        if any(pid in self._leaders for pid in self._watched):
            return
        loop = asyncio.get_running_loop()
        for _ in range(2):
            found = self.processes()
            self.write("cgroup.procs", "".join(f"{pid}\n" for pid in sorted(found)))
            for pid in found - self._watched.keys():
                with contextlib.suppress(ProcessLookupError):
                    fd = self._watched[pid] = os.pidfd_open(pid)
                    loop.add_reader(fd, self._gone, pid, fd)
            if self._watched:
                return
        self.write("cgroup.events", "populated 0\nfrozen 0\n")
        self._emptied()


def limit_files(properties: Mapping[str, Any]) -> dict[str, str]:
    """The kernel's files for a unit's properties."""
    files = {
        "cpu.max": _cpu_max(properties["CPUQuotaPerSecUSec"], properties["CPUQuotaPeriodUSec"]),
        "cpu.weight": f"{_or(properties['CPUWeight'], '100')}\n",
        "io.weight": f"default {_or(properties['IOWeight'], '100')}\n",
        "pids.max": f"{_or(properties['TasksMax'], 'max')}\n",
        "io.max": _io_max(properties),
    }
    if properties["AllowedCPUs"]:
        files[CPUSET] = _cpus(properties["AllowedCPUs"])
    for file, name in (("max", "MemoryMax"), ("high", "MemoryHigh"), ("swap.max", "MemorySwapMax")):
        size = properties[name]
        files[f"memory.{file}"] = "max\n" if size == INFINITY else f"{size // 4096 * 4096}\n"
    return files


def _cpus(mask: bytes) -> str:
    """Those of the machine that are allowed."""
    online = cpus_of(Path("/sys/devices/system/cpu/online").read_text().strip())
    return f"{format_cpus({cpu for cpu in online if cpu < len(mask) * 8 and mask[cpu // 8] >> cpu % 8 & 1})}\n"


def _or(value: int, otherwise: str) -> str:
    return otherwise if value == INFINITY else str(value)


def _cpu_max(quota: int, period: int) -> str:
    if quota == INFINITY:
        return "max 100000\n"
    if quota >= 1 << 62:
        return "1000 100000\n"  # systemd's arithmetic overflows to 1 %
    base = 100_000 if period == INFINITY else period
    length = min(max(base, 1000, 1000 * 1_000_000 // quota), 1_000_000)  # cgroup_cpu_adjust_period()
    return f"{max(quota * length // 1_000_000, 1000)} {length}\n"


def _io_max(properties: Mapping[str, Any]) -> str:
    """Each entry writes all four keys, so that the last one of a disk is what holds (cgroup_apply_io_device_limit)."""
    limits: dict[str, dict[str, int]] = {}
    for path in properties.get(IO_ENTRIES, {}):
        device = disk_under(path)
        if device is not None:
            found = {key: [value for its, value in properties[name] if its == path] for key, name in _IO_KEYS.items()}
            limits[device] = {key: values[0] for key, values in found.items() if values}
    return "".join(
        f"{device} " + " ".join(f"{key}={keys.get(key, 'max')}" for key in _IO_KEYS) + "\n"
        for device, keys in limits.items()
        if keys
    )


def disk_under(path: str) -> str | None:
    """MAJOR:MINOR of the whole disk; None (and no error, as in systemd) where there is no path or no disk."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    number = found.st_rdev if stat.S_ISBLK(found.st_mode) else found.st_dev
    device = f"{os.major(number)}:{os.minor(number)}"
    with contextlib.suppress(OSError):
        if os.path.exists(f"/sys/dev/block/{device}/partition"):
            return Path(os.path.realpath(f"/sys/dev/block/{device}")).parent.joinpath("dev").read_text().strip()
    return None if os.major(number) == 0 else device
