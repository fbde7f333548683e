"""A relative path is relative to a directory. Where that was removed, the command line is wrong and names the path."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Machine
from tests.support.waiting import DEADLINE

GONE = "the current directory no longer exists; write the whole path, or change to another directory"
RELATIVE = [
    ("start -C sub -- true", "sub", "-C/--cwd"),
    ("start --cwd . -- true", ".", "-C/--cwd"),
    ("start --io-read sub=1M -- true", "sub", "--io-read"),
    ("start --io-write ./sub=1M -- true", "./sub", "--io-write"),
    ("limit k3v9 --io-read-iops ..=10", "..", "--io-read-iops"),
    ("limit k3v9 --io-write-iops sub=10", "sub", "--io-write-iops"),
    ("attach --output out.log k3v9", "out.log", "--output"),
    ("list --ca ca.crt", "ca.crt", "--ca"),
    ("--cert alice.crt list", "alice.crt", "--cert"),
    ("info --key sub/alice.key", "sub/alice.key", "--key"),
    ("context add prod --address localhost:1 --ca ca.crt", "ca.crt", "--ca"),
    ("certs init --dir new", "new", "--dir"),
    ("certs list --dir ./new", "./new", "--dir"),
    ("certs show alice.crt", "alice.crt", "NAME"),
]


def there(machine: Machine, directory: Path, line: str) -> subprocess.CompletedProcess[str]:
    """A command line in a directory that is gone."""
    directory.mkdir()
    script = f"cd {directory} && rmdir {directory} && exec {shlex.join(machine.command(*line.split()))}"
    return subprocess.run(
        ["sh", "-c", script], env=machine.environment(), capture_output=True, text=True, timeout=DEADLINE
    )


@pytest.mark.parametrize(("line", "path", "option"), RELATIVE, ids=[line for line, *_ in RELATIVE])
def test_a_relative_path_is_named(machine: Machine, tmp_path: Path, line: str, path: str, option: str) -> None:
    done = there(machine, tmp_path / "gone", line)
    assert done.stderr.startswith(f"tasker: cannot use the relative path {path!r}: {GONE} ({option})"), done.stderr
    assert done.stderr.count("\n") == 1
    assert (done.returncode, done.stdout) == (2, "")


def test_run_says_it_with_its_own_code(machine: Machine, tmp_path: Path) -> None:
    done = there(machine, tmp_path / "gone", "run -C sub -- true")
    assert done.returncode == 125
    assert done.stderr.startswith("tasker: cannot use the relative path 'sub'")


def test_whole_paths_are_used_there(machine: Machine, tmp_path: Path) -> None:
    for line in ("list", "start -C / -- true", f"certs list --dir {machine.directory}", f"certs show --dir {tmp_path}"):
        done = there(machine, tmp_path / "gone", line)
        assert done.returncode == 0, done.stderr
