"""What a leader finds out after exec has failed: as root and as somebody else, and whatever lies in its way."""

from __future__ import annotations

import errno
import json
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tasker import wire
from tasker.wire import ExecFailure, FailureKind, FileRole
from tests.collector.conftest import Engine
from tests.collector.test_child import STRANGER
from tests.stub.control import REPOSITORY
from tests.support.daemon import Daemon
from tests.support.programs import AARCH64, X86_64, elf, write
from tests.support.waiting import DEADLINE


@pytest.fixture
def place(collector: Daemon) -> Path:
    collector.directory.chmod(0o755)
    return collector.directory


def found(engine: Engine, command: str, uid: int = STRANGER, path: str = "/usr/bin:/bin") -> ExecFailure | None:
    released = engine.release(engine.launch(command, uid=uid, PATH=path))
    assert (released.errno != 0, released.step) == (True, "execute")
    return released.failure


@pytest.mark.parametrize("uid", [0, STRANGER])
def test_root_and_others_find_the_same(engine: Engine, place: Path, uid: int) -> None:
    program = str(write(place / "program", elf(AARCH64)))
    assert found(engine, program, uid=uid) == ExecFailure("other-machine", program, "", "183 64", "", "")
    script = str(write(place / "my-script", f"#!{place}/none\n".encode()))
    missing = ExecFailure("missing", f"{place}/none", f"{place}/none", "", "interpreter", script)
    assert found(engine, "my-script", uid=uid, path=f"/none::{place}:/bin") == missing
    assert found(engine, "none", uid=uid) == ExecFailure("not-in-path", "none", "", "", "", "")
    os.chmod(program, 0o644)
    assert found(engine, program, uid=uid) == ExecFailure("no-execute-bit", program, "", "", "", "")
    musl = str(write(place / "musl", elf(X86_64, loader=b"/lib/musl.so")))
    assert found(engine, musl, uid=uid) == ExecFailure("missing", "/lib/musl.so", "/lib/musl.so", "", "loader", musl)


def test_only_what_the_jobs_user_may_see_is_found_out(engine: Engine, place: Path) -> None:
    """Whether a file is in root's home is nobody's business."""
    closed = place / "closed"
    closed.mkdir(0o700)
    write(closed / "there", b"")
    for name in ("there", "not-there"):
        failure = found(engine, f"{closed}/{name}")
        assert failure == ExecFailure("closed", f"{closed}/{name}", str(closed), "", "", "")
        assert found(engine, name, path=f"/bin:{closed}") == ExecFailure("not-in-path", name, str(closed), "", "", "")


def test_nothing_is_opened_that_could_block_or_act(engine: Engine, place: Path) -> None:
    """As a command, and as an interpreter behind a link."""
    os.mkfifo(place / "p")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "s"))
    (place / "c").symlink_to("/dev/tty")
    for kind in "psc":
        special = place / kind
        if kind != "c":
            special.chmod(0o777)
        assert found(engine, str(special), uid=0) == ExecFailure("special", str(special), "", kind, "", "")
        (place / "link").unlink(missing_ok=True)
        (place / "link").symlink_to(special)
        script = str(write(place / "script", f"#!{place}/link\n".encode()))
        assert found(engine, script, uid=0) == ExecFailure("special", f"{place}/link", "", kind, "interpreter", script)


def test_texts_come_as_they_are_and_bounded(engine: Engine, place: Path) -> None:
    name = os.fsdecode(b"a b\n\xff\x1b[31m")
    script = str(write(place / name, b"#!/\xfe\n"))
    assert found(engine, script) == ExecFailure("missing", "/\udcfe", "/\udcfe", "", "interpreter", script)
    deep = "/" + "/".join(["é" * 100] * 18)
    failure = found(engine, deep)
    assert failure is not None
    assert (failure.kind, os.fsencode(failure.path)) == ("missing", os.fsencode(deep)[:512])


def test_where_the_look_fails_the_errno_is_reported(engine: Engine, place: Path) -> None:
    program = write(place / "program", b"", 0o711)  # may be executed, and not read
    assert engine.release(engine.launch(str(program), uid=STRANGER)) == wire.Released(8, "execute")
    assert found(engine, "x" * 5000) is None
    assert found(engine, "/" + "x" * 256) is None


def test_what_files_do_not_explain_is_reported_by_its_errno(engine: Engine, place: Path, collector: Daemon) -> None:
    program = write(place / "program", b"#!/bin/sh\n")
    with program.open("ab"):
        assert engine.release(engine.launch(str(program), uid=STRANGER)) == wire.Released(errno.ETXTBSY, "execute")
    resource.prlimit(collector.pid, resource.RLIMIT_STACK, (1 << 19, 1 << 19))
    job = engine.launch("true", *["x"] * 20_000)  # 128 KiB are allowed, eight bytes for each one's address included
    assert engine.release(job) == wire.Released(errno.E2BIG, "execute")


def test_a_directory_on_the_way_to_the_working_directory(engine: Engine, place: Path) -> None:
    (place / "closed").mkdir(0o700)
    (place / "link").symlink_to("closed/x")
    link = str(place / "link")
    engine.ask(wire.Launch("cwd", ("true",), {}, link, STRANGER, STRANGER, (), 1 << 16, ""))
    released = engine.release("cwd")
    failure = ExecFailure("closed", link, f"{place}/closed", link, "", "")
    assert released == wire.Released(13, "directory", failure)


LOOK = """
import errno, json, os, sys
from tasker.collector import whynot
names, place = sys.argv[2:], sys.argv[1]
events = []
def note(name, *arguments): events.append([name, str(arguments[0][0])])
sys.addaudithook(note)
for number in (errno.ENOENT, errno.EACCES, errno.ENOEXEC, errno.ENOTDIR, errno.ELOOP):
    for name in names:
        for command in (name, f"{place}/{name}", f"./{name}"):
            try:
                whynot.not_executed(command, {"PATH": f"/bin:{place}"}, place, OSError(number, "", f"{place}/{name}"))
                whynot.not_entered(f"{place}/{name}")
            except OSError:
                pass
seen = list(events)
print(json.dumps([event for event in seen if event[0] in ("import", "open", "os.fork", "subprocess.Popen")]))
"""


def test_a_look_imports_nothing_and_opens_regular_files_only(tmp_path: Path) -> None:
    """An import after a fork may wait for a lock that nobody will give back."""
    for name, data in {"empty": b"", "elf": elf(X86_64, loader=b"/lib/none"), "script": b"#!x", "text": b"x"}.items():
        write(tmp_path / name, data)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "tty").symlink_to("/dev/tty")
    (tmp_path / "x").mkdir()
    names = sorted([*os.listdir(tmp_path), "none", "y/z"])
    command = [sys.executable, "-c", LOOK, str(tmp_path), *names]
    environment = dict(os.environ, PYTHONPATH=str(REPOSITORY))
    done = subprocess.run(command, env=environment, capture_output=True, timeout=DEADLINE, check=True)
    events = json.loads(done.stdout)
    assert {name for name, _ in events} == {"open"}
    assert {path for _, path in events} == {str(tmp_path / name) for name in ("empty", "elf", "script", "text")}


def test_the_codes_are_closed_sets() -> None:
    """An engine goes by these values for as long as a run lasts: they may be added to, and not renamed."""
    assert {role.value for role in FileRole} == {"", "interpreter", "loader", "loader-32"}
    assert {kind.value for kind in FailureKind} == {
        *("not-in-path", "in-directory", "missing", "closed", "not-a-directory", "link-loop", "directory", "special"),
        *("no-execute-bit", "not-permitted", "noexec-mount", "empty", "other-machine", "other-system", "damaged"),
        *("no-first-line", "bad-first-line", "crlf", "byte-order-mark", "unknown-format"),
    }
