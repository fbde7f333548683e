"""A machine that runs: booted from the image under a name, found again by that name, ended by its own pid.

    up ──▶ state.json (pid, its start time, ports) ──▶ ssh, copy, status, down of any later command

Nothing that happens inside reaches the image: qemu writes to a temporary overlay, and what went down is gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from . import recipe
from .image import Image, MachineError, cache, obtain, say

TASKER_PORT = 8275
BOOT_DEADLINE = 300.0  # seconds; 16 to 40 were measured under emulation, and a build machine may be busy


@dataclass(frozen=True)
class Machine:
    """What later commands need to know of a booted machine."""

    name: str
    pid: int
    started: str  # the start time of the pid in clock ticks, since a pid alone may be somebody else's by now
    image: str
    ssh_port: int
    tasker_port: int

    @property
    def directory(self) -> Path:
        return instance(self.name)

    def alive(self) -> bool:
        return start_time(self.pid) == self.started

    def ssh(self, *command: str) -> list[str]:
        """The argument vector that runs a shell command line in the machine as root, or a shell."""
        image = Image(Path(self.image))
        options = {
            "IdentityFile": image.key,
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": image.known_hosts,
            "HostKeyAlias": "machine",
            "StrictHostKeyChecking": "yes",
            "LogLevel": "ERROR",
            "ConnectTimeout": "5",
            "ServerAliveInterval": "30",
        }
        flags = [text for key, value in options.items() for text in ("-o", f"{key}={value}")]
        return ["ssh", "-F", "none", *flags, "-p", str(self.ssh_port), "root@127.0.0.1", *command]

    def console(self, lines: int) -> str:
        log = self.directory / "console.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        return "\n".join(line.rstrip() for line in text.splitlines()[-lines:])


def instance(name: str) -> Path:
    if not name.isidentifier():
        raise MachineError(f"cannot name a machine {name!r}: use letters, digits and underscores")
    return cache() / "running" / name


def start_time(pid: int) -> str | None:
    """The start time of a process that is no zombie, in clock ticks since the boot (proc(5), field 22)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[19]


def find(name: str) -> Machine | None:
    """The running machine of that name."""
    try:
        machine = Machine(**json.loads((instance(name) / "state.json").read_text()))
    except FileNotFoundError:
        return None
    return machine if machine.alive() else None


def must_find(name: str) -> Machine:
    machine = find(name)
    if not machine:
        raise MachineError(
            f"cannot find a running machine {name!r}: start it with python3 -m tests.machine up --name {name}"
        )
    return machine


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """One `up` or `down` of a name at a time."""
    instance(name).mkdir(parents=True, exist_ok=True)
    with (instance(name) / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def up(name: str, fresh: bool = False) -> Machine:
    """The machine of that name, booted if it is not running, or anew if it is to be `fresh`."""
    image = obtain()
    with lock(name):
        machine = find(name)
        if machine and not fresh:
            return machine
        if machine:
            end(machine)
        machine, process = boot(name, image)
        try:
            wait_until_up(machine, process)
        except BaseException:
            end(machine)
            raise
        return machine


def boot(name: str, image: Image) -> tuple[Machine, subprocess.Popen[bytes]]:
    directory = instance(name)
    for old in ("state.json", "console.log", "qemu.log"):
        (directory / old).unlink(missing_ok=True)
    ssh_port, tasker_port = free_ports(2)
    accelerator = "kvm" if kvm() else "tcg,thread=multi"
    say(f"booting {name!r} ({'KVM' if kvm() else 'emulated, so it takes about half a minute'})")
    forwards = f"hostfwd=tcp:127.0.0.1:{ssh_port}-:22,hostfwd=tcp:127.0.0.1:{tasker_port}-:{TASKER_PORT}"
    command = [
        *("qemu-system-x86_64", "-name", name, "-nodefaults", "-no-user-config", "-display", "none"),
        *("-machine", "q35", "-accel", accelerator, "-cpu", "max", "-smp", "2", "-m", "2G"),
        *("-kernel", str(image.kernel), "-initrd", str(image.initrd), "-append", recipe.KERNEL_ARGUMENTS),
        *("-drive", f"file={image.disk},if=none,id=disk,format=raw,snapshot=on,cache=unsafe"),
        *("-device", "virtio-blk-pci,drive=disk", "-device", "virtio-rng-pci"),
        *("-netdev", f"user,id=net,{forwards}", "-device", "virtio-net-pci,netdev=net,romfile="),
        *("-serial", f"file:{directory / 'console.log'}"),
    ]
    with (directory / "qemu.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
        )
    machine = Machine(name, process.pid, start_time(process.pid) or "", str(image.directory), ssh_port, tasker_port)
    (directory / "state.json").write_text(json.dumps(asdict(machine)))
    return machine, process


def wait_until_up(machine: Machine, process: subprocess.Popen[bytes]) -> None:
    """Until ssh answers, and then until systemd says that it is done.

    The guest's port accepts connections from the start, since qemu listens on it, so only an answer counts.
    """
    began = time.monotonic()
    while not answers(machine):
        if process.poll() is not None:
            raise MachineError(f"cannot boot: qemu ended with {process.returncode}:\n{qemu_log(machine)}")
        if time.monotonic() - began > BOOT_DEADLINE:
            raise MachineError(
                f"cannot reach the machine by ssh within {BOOT_DEADLINE:.0f} s; the end of its console:\n"
                + machine.console(30)
            )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
    command = "systemctl is-system-running --wait || systemctl --no-pager --plain --failed"
    state = subprocess.run(
        machine.ssh(command), capture_output=True, text=True, timeout=BOOT_DEADLINE, check=False
    ).stdout
    if state.strip() != "running":
        raise MachineError(f"cannot use the machine, systemd in it says:\n{state}{machine.console(10)}")
    say(f"{machine.name!r} is up after {time.monotonic() - began:.0f} s")


def answers(machine: Machine) -> bool:
    """Whether ssh gets through; a guest that stands still after it has taken the connection does not answer."""
    command = machine.ssh("true")
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False, timeout=60)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def qemu_log(machine: Machine) -> str:
    return (machine.directory / "qemu.log").read_text(errors="replace").strip()


def down(name: str) -> bool:
    """End the machine of that name; whether there was one."""
    with lock(name):
        machine = find(name)
        if machine:
            end(machine)
        return machine is not None


def end(machine: Machine) -> None:
    """SIGTERM to qemu, which loses nothing: nothing of this machine was to be kept."""
    with contextlib.suppress(ProcessLookupError):
        pidfd = os.pidfd_open(machine.pid)
        try:
            if machine.alive():
                signal.pidfd_send_signal(pidfd, signal.SIGTERM)
                if not select.select([pidfd], [], [], 20)[0]:
                    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                    select.select([pidfd], [], [], 20)
        finally:
            os.close(pidfd)
    (machine.directory / "state.json").unlink(missing_ok=True)


def copy(machine: Machine, sources: Sequence[str], target: str) -> None:
    """Files and directories of the host into a directory of the machine, which is made if need be."""
    pack = ["tar", "-c"]
    for source in map(Path, sources):
        if not source.exists():
            raise MachineError(f"cannot copy {source}: it does not exist")
        absolute = source.resolve()
        pack += ["-C", str(absolute.parent), absolute.name]
    unpack = machine.ssh(f"mkdir -p '{target}' && tar -x --no-same-owner -C '{target}'")
    with subprocess.Popen(pack, stdout=subprocess.PIPE) as packing:
        unpacked = subprocess.run(unpack, stdin=packing.stdout, check=False)
    if packing.returncode or unpacked.returncode:
        raise MachineError(f"cannot copy {' '.join(sources)} into the machine: see the message above")


def kvm() -> bool:
    """Whether KVM works: a /dev/kvm without its module was seen to hang the guest before its first line."""
    return any(Path(f"/sys/module/{name}").exists() for name in ("kvm_intel", "kvm_amd")) and os.access(
        "/dev/kvm", os.R_OK | os.W_OK
    )


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on; should another process be faster than qemu, qemu says so."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
