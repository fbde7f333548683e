"""Recipe to image: disk, kernel, initrd and ssh keys, cached under the hash of what they are made from.

Needs no root where /etc/subuid has a range for the user, and neither loop devices nor mounts: mmdebstrap
makes a tar, and mke2fs copies its files into the disk. The packages come from wherever apt of this machine
takes them. An image is renamed into its place when all of it is there, so one that was interrupted is never used.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import recipe

TOOLS = {  # what is called here and in machine.py -> the Debian package that has it
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "qemu-system-x86_64": "qemu-system-x86",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
}


class MachineError(Exception):
    """One sentence for the person who asked, beginning with "cannot"."""


@dataclass(frozen=True)
class Image:
    directory: Path

    @property
    def disk(self) -> Path:
        return self.directory / "disk"

    @property
    def kernel(self) -> Path:
        return self.directory / "vmlinuz"

    @property
    def initrd(self) -> Path:
        return self.directory / "initrd.img"

    @property
    def key(self) -> Path:
        return self.directory / "key"

    @property
    def known_hosts(self) -> Path:
        return self.directory / "known_hosts"


def cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tasker" / "machine"


def say(text: str) -> None:
    print(f"machine: {text}", flush=True)


def path_with_sbin() -> str:
    """mke2fs lives where only root's PATH looks."""
    return os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"


def obtain() -> Image:
    """The image of the recipe, made now if it is not in the cache yet (a minute or two)."""
    made_from = [Path(__file__).read_bytes(), Path(recipe.__file__).read_bytes()]
    place = cache() / hashlib.sha256(b"\0".join(made_from)).hexdigest()[:16]
    if place.is_dir():
        return Image(place)
    missing = {package for tool, package in TOOLS.items() if not shutil.which(tool, path=path_with_sbin())}
    if missing:
        packages = " ".join(sorted(missing))
        raise MachineError(f"cannot make the machine without some tools: run apt-get install {packages}")
    place.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    say(f"making a Debian {recipe.SUITE} image, which takes a minute or two and is done once")
    building = Path(tempfile.mkdtemp(prefix="building-", dir=place.parent))
    try:
        build(building)
        try:
            building.rename(place)
        except OSError:
            if not place.is_dir():  # else another command made the same image meanwhile, and theirs serves
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    say(f"made the image in {time.monotonic() - began:.0f} s: {place}")
    return Image(place)


def build(place: Path) -> None:
    for name in ("key", "host_key"):
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "machine", "-f", str(place / name)])
    public = (place / "host_key.pub").read_text().rsplit(" ", 1)[0]
    (place / "known_hosts").write_text(f"machine {public}\n")

    tar = place / "root.tar"
    say("installing packages (mmdebstrap)")
    run([*debootstrap(place), recipe.SUITE, str(tar), *sources()], log=place / "mmdebstrap.log")
    say("writing the disk (mke2fs)")
    script = 'mkdir "$1/root"; tar -C "$1/root" --exclude "./dev/*" -xf "$1/root.tar"'
    script += '; cp "$1"/root/boot/vmlinuz-* "$1/vmlinuz"; cp "$1"/root/boot/initrd.img-* "$1/initrd.img"'
    script += f'; mke2fs -q -t ext4 -E root_owner=0:0 -d "$1/root" "$1/disk" {recipe.DISK}'
    script += '; chmod 644 "$1/vmlinuz" "$1/initrd.img" "$1/disk"; rm -rf "$1/root" "$1/root.tar"'
    # Where this is not root already: a namespace in which files of any owner can be made.
    become = [] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--map-auto"]
    run([*become, "sh", "-euc", script, "sh", str(place)])


def debootstrap(place: Path) -> list[str]:
    early = [f"--essential-hook={write(path, text)}" for path, text in recipe.EARLY_FILES.items()]
    late = [write(path, text) for path, text in recipe.FILES.items()]
    late += [
        'rm -f "$1"/etc/ssh/ssh_host_*; install -d -m 700 "$1/root/.ssh"',
        f"upload {shlex.quote(str(place / 'key.pub'))} /root/.ssh/authorized_keys",
        f"upload {shlex.quote(str(place / 'host_key'))} /etc/ssh/ssh_host_ed25519_key",
        'chmod 600 "$1/root/.ssh/authorized_keys" "$1/etc/ssh/ssh_host_ed25519_key"',
        f'chroot "$1" systemctl -q enable {" ".join(recipe.ENABLED)}',
        f'chroot "$1" systemctl -q mask {" ".join(recipe.MASKED)}',
        *(f'chroot "$1" useradd --create-home --shell /bin/bash {name}' for name in recipe.ACCOUNTS),
        # What `loginctl enable-linger` does, which needs a logind that runs.
        'mkdir -p "$1/var/lib/systemd/linger"',
        *(f'touch "$1/var/lib/systemd/linger/{name}"' for name in recipe.LINGERING),
        'rm -f "$1/var/lib/man-db/auto-update"',  # else every package that is installed has mandb read all pages
    ]
    return [
        "mmdebstrap",
        "--variant=minbase",
        "--format=tar",
        f"--include={','.join(recipe.PACKAGES)}",
        *(f"--aptopt={line}" for line in apt_settings()),
        *early,
        *(f"--customize-hook={line}" for line in late),
    ]


def write(path: str, text: str) -> str:
    """The hook that writes a file of the machine."""
    target = f'"$1"{shlex.quote(path)}'
    return f'mkdir -p "$(dirname {target})" && rm -f {target} && printf %s {shlex.quote(text)} > {target}'


def sources() -> list[str]:
    """Where this machine's apt gets the suite from, as sources.list lines; none: mmdebstrap's default."""
    keys = ("REPO_URI", "RELEASE", "COMPONENT", "SIGNED_BY")
    form = json.dumps({key: f"$({key})" for key in keys})
    out = run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"])
    lines: list[str] = []
    for target in map(json.loads, out.splitlines()):
        if target["RELEASE"].startswith(recipe.SUITE) and target["COMPONENT"] == "main":
            signed = target["SIGNED_BY"] if target["SIGNED_BY"].startswith("/") else ""
            options = f"[signed-by={signed}] " if signed else ""
            line = f"deb {options}{target['REPO_URI']} {target['RELEASE']} main"
            if line not in lines:
                lines.append(line)
    return lines


def apt_settings() -> list[str]:
    """This machine's proxies and leniencies, without which its mirrors may not be reachable."""
    wanted = ("Acquire::http::", "Acquire::https::", "Acquire::Check-", "Acquire::Retries")
    lines = run(["apt-config", "dump", "Acquire"]).splitlines()
    return [line for line in lines if line.startswith(wanted) and not line.endswith('"";')]


def run(command: Sequence[str], log: Path | None = None) -> str:
    """Run to the end and give its output; say how it failed with the last lines of what it printed."""
    environment = {**os.environ, "PATH": path_with_sbin(), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment, check=False)
    if log:
        log.write_text(done.stdout + done.stderr)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-25:])
        raise MachineError(f"cannot make the machine: {command[0]} failed with {done.returncode}:\n{tail}")
    return done.stdout
