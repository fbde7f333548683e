"""Why a command does not run, from the request to the sentence: real files, a real exec, looked at as another user."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import resource
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker import wire
from tasker.engine.advice import exec_error
from tasker.errors import Reason, TaskerError
from tests.engine.jobs import a_job
from tests.programs import AARCH64, ARM, S390X, X86, X86_64, elf, write
from tests.stack import ALICE, Stack, stack

WHOM = r"as uid 18790481\d\d, alice's own"
MISSING, REFUSED = Reason.COMMAND_NOT_FOUND, Reason.NOT_EXECUTABLE


@pytest.fixture(scope="module")
def shared() -> Iterator[Stack]:
    with stack() as tasker:
        yield tasker
        assert "Traceback" not in tasker.engine.log + tasker.collector.log, tasker.engine.log + tasker.collector.log


@pytest.fixture
def tasker(shared: Stack) -> Iterator[Stack]:
    """One stack for all of these tests, and a directory for the files of each."""
    yield shared
    assert not any(unit["pids"] for unit in shared.systemd.units.values())


@pytest.fixture
def place(shared: Stack) -> Iterator[Path]:
    path = shared.directory / "place"
    path.mkdir()
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def refused(
    tasker: Stack, reason: Reason, sentence: str, *argv: str, cwd: Path | str = "/", path: str = "/usr/bin:/bin"
) -> None:
    """Start it as alice and compare the whole message. In `sentence`, "…" is any text and WHOM is whom it runs as."""
    with pytest.raises(TaskerError) as caught:
        tasker.start_job(*argv, caller=ALICE, working_directory=str(cwd), environment={"PATH": path})
    compared(caught.value, reason, sentence)


def compared(error: TaskerError, reason: Reason, sentence: str) -> None:
    pattern = re.escape(sentence).replace("WHOM", WHOM).replace("…", ".*")
    assert re.fullmatch(pattern, error.message), f"{error.message}\n{sentence}"
    assert error.reason is reason
    assert error.message.isprintable()


DAMAGED = "it is damaged, incomplete or an object file; build or copy it again"
FOREIGN = "it is a program for {}, this machine is x86-64; use a build for x86-64"
FIRST_LINE = "it has a #! line that names no interpreter in its first 255 bytes; write e.g. #!/bin/sh"
CONTENTS = {
    "empty": (b"", "it is empty; build or copy it again"),
    "aarch64": (elf(AARCH64), FOREIGN.format("aarch64")),
    "aarch64, dynamic": (elf(AARCH64, loader=b"/lib/ld-linux-aarch64.so.1"), FOREIGN.format("aarch64")),
    "s390x, big endian": (elf(S390X, big_endian=True), FOREIGN.format("s390x")),
    "32-bit ARM": (elf(ARM, 32), FOREIGN.format("32-bit ARM")),
    "x32": (elf(X86_64, 32), FOREIGN.format("x86-64 with the x32 ABI")),
    "unknown": (elf(4711), FOREIGN.format("another machine (ELF type 4711 64)")),
    "object file": (elf(X86_64, kind=1), DAMAGED),
    "cut off": (elf(X86_64)[:40], DAMAGED),
    "neither 32 nor 64 bits": (b"\x7fELF\x07\x09" + bytes(90), DAMAGED),
    "headers beyond every number": (elf(X86_64)[:32] + b"\xff" * 8 + elf(X86_64)[40:], DAMAGED),
    "Windows": (b"MZ\x90\0" + bytes(60), "it is a program for Windows; use a build for Linux"),
    "macOS": (b"\xcf\xfa\xed\xfe" + bytes(60), "it is a program for macOS; use a build for Linux"),
    "a picture": (
        b"\x89PNG\r\n\x1a\n\0\0\0\r",
        "it is not a program for Linux; give it as an argument to the program that reads it",
    ),
    "no first line": (b"echo hello\n", "it has no #! line; if it is a shell script, make #!/bin/sh its first line"),
    "byte order mark": (
        b"\xef\xbb\xbf#!/bin/sh\n",
        "it has a byte order mark before #!; save it as UTF-8 without a byte order mark",
    ),
    "no interpreter": (b"#!\necho\n", FIRST_LINE),
    "only blanks": (b"#! \t \necho\n", FIRST_LINE),
    "too long": (b"#!/" + b"x" * 300 + b"\n", FIRST_LINE),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_what_is_in_the_file(tasker: Stack, place: Path, name: str) -> None:
    data, sentence = CONTENTS[name]
    program = write(place / "program", data)
    refused(tasker, REFUSED, f"cannot execute {program}: {sentence}", str(program))
    refused(tasker, REFUSED, f"cannot execute program: {program}{sentence[2:]}", "program", path=f"/nowhere:{place}")
    refused(tasker, REFUSED, f"cannot execute ./program: {program}{sentence[2:]}", "./program", cwd=place)
    script = write(place / "script", f"#! {program} -x\n".encode())
    refused(tasker, REFUSED, f"cannot execute {script}: its interpreter {program}{sentence[2:]}", str(script))


def test_a_missing_interpreter_is_named(tasker: Stack, place: Path) -> None:
    script = write(place / "my-script", b"#!/opt/none/python3 -u\nprint()\n")
    advice = "install it or correct the first line of the script"
    known = f"cannot execute {script}: its interpreter /opt/none/python3 cannot be reached: there is no /opt/none"
    refused(tasker, MISSING, f"{known}; {advice}", str(script))
    write(script, b"#!/usr/bin/none\n")
    known = f"cannot execute {script}: its interpreter /usr/bin/none does not exist"
    refused(tasker, MISSING, f"{known}; {advice}", str(script))
    known = f"cannot execute my-script: the interpreter /usr/bin/none of {script} does not exist"
    refused(tasker, MISSING, f"{known}; {advice}", "my-script", path=f"/bin:{place}")
    other = write(place / "other", f"#!{script}\n".encode())
    known = f"cannot execute {other}: the interpreter /usr/bin/none of {script} does not exist"
    refused(tasker, MISSING, f"{known}; {advice}", str(other))
    write(script, b"#!python3\n")
    known = f"cannot execute ./my-script: the interpreter {place}/python3 of {script} does not exist"
    refused(tasker, MISSING, f"{known}; {advice}", "./my-script", cwd=place)


@pytest.mark.parametrize("line", [b"#!/bin/sh\r\n", b"#! /usr/bin/python3\r\n", b"#!/bin/sh\r"])
def test_a_first_line_with_crlf(tasker: Stack, place: Path, line: bytes) -> None:
    script = write(place / "my script", line)
    advice = f"the first line of '{script}' ends with CRLF; convert the file with dos2unix '{script}'"
    refused(tasker, MISSING, f"cannot execute '{script}': {advice}", str(script))


def test_a_missing_loader_is_named(tasker: Stack, place: Path) -> None:
    program = write(place / "program", elf(X86_64, loader=b"/lib/ld-musl-x86_64.so.1"))
    refused(
        tasker,
        MISSING,
        f"cannot execute {program}: its loader /lib/ld-musl-x86_64.so.1 does not exist; for a program built with musl"
        " (Alpine) install musl, or use a build for glibc or a static one",
        str(program),
    )
    write(program, elf(X86, 32, loader=b"/lib/ld-none.so.2"))
    refused(
        tasker,
        MISSING,
        f"cannot execute program: the loader /lib/ld-none.so.2 of {program} does not exist; for a 32-bit program"
        " install the 32-bit C library (on Debian libc6:i386), or use a 64-bit build",
        "program",
        path=str(place),
    )
    write(program, elf(X86_64, loader=b"/gnu/store/ld.so"))
    refused(
        tasker,
        MISSING,
        f"cannot execute {program}: its loader /gnu/store/ld.so cannot be reached: there is no /gnu; install the"
        " C library that the program was built for, or use a build for this system",
        str(program),
    )


def test_what_is_no_regular_file(tasker: Stack, place: Path) -> None:
    fifo, sock = place / "fifo", place / "sock"
    made(place / "x")
    os.mkfifo(fifo)
    fifo.chmod(0o777)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(sock))
    refused(tasker, REFUSED, f"cannot execute {place}: it is a directory; give a program", str(place))
    refused(tasker, REFUSED, f"cannot execute ./x: {place}/x is a directory; give a program", "./x", cwd=place)
    refused(tasker, REFUSED, f"cannot execute {fifo}: it is a named pipe; give a program", str(fifo))
    refused(tasker, REFUSED, f"cannot execute {sock}: it is a socket; give a program", str(sock))
    refused(tasker, REFUSED, "cannot execute /dev/null: it is a character device; give a program", "/dev/null")
    script = write(place / "script", f"#!{fifo}\n".encode())
    refused(tasker, REFUSED, f"cannot execute {script}: its interpreter {fifo} is a named pipe; …", str(script))


def test_permissions(tasker: Stack, place: Path) -> None:
    program = write(place / "program", b"#!/bin/sh\n", 0o644)
    advice = f"is not executable; use chmod +x {program}"
    refused(tasker, REFUSED, f"cannot execute {program}: it {advice}", str(program))
    refused(tasker, REFUSED, f"cannot execute program: {program} {advice}", "program", path=str(place))
    program.chmod(0o700)
    known = "it has the permissions -rwx------ of uid 0, gid 0, and the job runs WHOM"
    refused(tasker, REFUSED, f"cannot execute {program}: {known}; change them with chmod or chown", str(program))
    program.chmod(0o755)
    place.chmod(0o700)
    known = f"the job runs WHOM, which may not search the directory {place}"
    advice = "change its permissions or use another place"
    refused(tasker, REFUSED, f"cannot execute {program}: {known}; {advice}", str(program))
    with reached_by_link(program) as link:
        known += f", where the symbolic link {link} leads"
        refused(tasker, REFUSED, f"cannot execute {link}: {known}; {advice}", str(link))


@contextlib.contextmanager
def reached_by_link(target: Path) -> Iterator[Path]:
    link = target.parent.parent / "link"
    link.symlink_to(target)
    yield link
    link.unlink()


def test_a_file_that_may_be_executed_and_not_read(tasker: Stack, place: Path) -> None:
    """So nothing can be found out about it."""
    program = write(place / "program", b"", 0o711)
    known = "it is not a program for this machine; a script needs a first line like #!/bin/sh"
    refused(tasker, REFUSED, f"cannot execute {program}: {known}", str(program))


def test_a_path_that_leads_nowhere(tasker: Stack, place: Path) -> None:
    program = write(place / "program", b"#!/bin/sh\n")
    for path, known in {
        f"{place}/none": f"there is no such file in {place}",
        f"{place}/no/ne": f"there is no {place}/no",
        f"{program}/x": f"{program} is not a directory",
        f"{program}/": f"{program} is not a directory",
    }.items():
        refused(tasker, MISSING, f"cannot execute {path}: {known}; correct the path", path)
    known = f"there is no such file in {place}; correct the path"
    refused(tasker, MISSING, f"cannot execute ./none: {known}", "./none", cwd=place)
    (place / "link").symlink_to("versions/2/program")
    known = f"there is no {place}/versions, where the symbolic link {place}/link leads"
    refused(tasker, MISSING, f"cannot execute {place}/link: {known}; correct the path", f"{place}/link")
    for one, other in ("ab", "ba"):
        (place / one).symlink_to(place / other)
    known = f"{place}/a is a symbolic link that leads back to itself"
    refused(tasker, REFUSED, f"cannot execute {place}/a: {known}; correct the path", f"{place}/a")
    refused(tasker, REFUSED, f"cannot execute a: {known}; correct the path", "a", path=f"/bin:{place}")


def test_a_command_that_is_not_in_path(tasker: Stack, place: Path) -> None:
    write(place / "mine", b"#!/bin/sh\n")
    made(place / "tool").joinpath("bin").mkdir(0o700)
    path = "/usr/bin:/bin"
    refused(tasker, MISSING, f"cannot execute no-such: it is not in PATH ({path}); give its full path", "no-such")
    known = f"it is not in PATH but in the working directory {place}; write ./mine"
    refused(tasker, MISSING, f"cannot execute mine: {known}", "mine", cwd=place)
    known = f"it is not in PATH ({place}/); give its full path"
    refused(tasker, MISSING, f"cannot execute tool: {known}", "tool", path=f"{place}/")  # directories do not count
    path = f"{place}/tool/bin:/bin"
    known = f"it is not in PATH ({path}), of which {place}/tool/bin may not be searched WHOM; give its full path"
    refused(tasker, MISSING, f"cannot execute no-such: {known}", "no-such", path=path)
    refused(tasker, MISSING, "cannot execute no-such: it is not in PATH (); give its full path", "no-such", path="")


def made(directory: Path) -> Path:
    directory.mkdir()
    return directory


def test_a_whole_command_line_in_quotes(tasker: Stack, place: Path) -> None:
    quotes = "leave the quotes out, or use sh -c "
    for line, known in {
        "ls -l": f"it is not in PATH (/usr/bin:/bin); {quotes}'ls -l'",
        "/bin/ls -l": f"there is no such file in /bin; {quotes}'/bin/ls -l'",
        "/bin/ls /tmp": f"there is no '/bin/ls '; {quotes}'/bin/ls /tmp'",
        "echo it's\n": f"it is not in PATH (/usr/bin:/bin); {quotes}…",
        "ls|wc": "it is not in PATH (/usr/bin:/bin); for a shell's syntax use sh -c 'ls|wc'",
        "echo " + "x" * 300: f"…; {quotes}'…'",
    }.items():
        refused(tasker, MISSING if len(line) < 255 else REFUSED, f"cannot execute …: {known}", line)
    program = write(place / "with space", b"")
    refused(tasker, REFUSED, f"cannot execute '{program}': it is empty; build or copy it again", str(program))
    refused(tasker, MISSING, "cannot execute 'a b': it is not in PATH (/usr/bin:/bin); give its full path", "a b", "c")


def test_hostile_words_are_cleaned_and_cut(tasker: Stack) -> None:
    refused(tasker, MISSING, "cannot execute 'a??b;c?': …", "a\x1b\nb;c\udcff", "x")
    refused(tasker, MISSING, "cannot execute 'x{it}?%s': …", "x{it}\u202e%s", "x")
    refused(tasker, REFUSED, f"cannot execute '{'x' * 200}…': its path is too long, …", "x" * 9000, "x")
    deep = "/" + "/".join(["x" * 250] * 15)
    refused(tasker, MISSING, f"cannot execute '{deep[:200]}…': there is no '{deep[:200]}…'; correct the path", deep)


def test_a_program_that_is_being_written(tasker: Stack, place: Path) -> None:
    program = write(place / "program", b"#!/bin/sh\n")
    with program.open("ab"):
        known = "it is open for writing; try again when it is complete"
        refused(tasker, REFUSED, f"cannot execute program: {known}", "program", path=str(place))


def test_interpreters_that_name_each_other(tasker: Stack, place: Path) -> None:
    script = write(place / "script", f"#!{place}/script\n".encode())
    known = "too many symbolic links or interpreters lead to one another; give the path of the program itself"
    refused(tasker, REFUSED, f"cannot execute {script}: {known}", str(script))


def test_a_working_directory_that_cannot_be_entered(tasker: Stack, place: Path) -> None:
    write(place / "file", b"")
    made(place / "closed").chmod(0o700)
    (place / "link").symlink_to("closed/deep")
    closed = f"the job runs WHOM, which may not search the directory {place}/closed"
    for path, known in {
        f"{place}/none": "there is no such directory",
        f"{place}/none/": "there is no such directory",
        f"{place}/no/ne": f"there is no {place}/no",
        f"{place}/file": "it is not a directory",
        f"{place}/file/x": f"{place}/file is not a directory",
        f"{place}/closed": closed,
        f"{place}/closed/deep": closed,
        f"{place}/link": f"{closed}, where the symbolic link {place}/link leads",
        f"{place}/{'x' * 256}": "File name too long",
    }.items():
        sentence = f"cannot start in {path}: {known}; choose another with --cwd"
        refused(tasker, Reason.REFUSED, sentence if len(path) < 200 else f"…{known}…", "true", cwd=path)


def test_more_processes_than_the_user_may_have(tasker: Stack) -> None:
    pid = tasker.collector.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NPROC)
    resource.prlimit(pid, resource.RLIMIT_NPROC, (0, hard))  # which its children inherit
    known = "the job runs WHOM, which has as many processes as RLIMIT_NPROC allows; end some of them"
    refused(tasker, REFUSED, f"cannot execute true: {known}", "true")
    resource.prlimit(pid, resource.RLIMIT_NPROC, (soft, hard))


LAUNCH = wire.Launch("a", ("run me",), {"PATH": "/bin"}, "/srv", 7, 7, (), 0, "")


@pytest.mark.parametrize(
    ("number", "reason", "sentence"),
    [
        (errno.ENOENT, MISSING, "there is no such file, or its interpreter is missing; leave the quotes out, or …"),
        (errno.ENOTDIR, MISSING, "a part of its path is not a directory; leave the quotes out, …"),
        (errno.EACCES, REFUSED, "permission denied; the job runs as uid 1000, alice's own; …"),
        (errno.ENOEXEC, REFUSED, "it is not a program for this machine; a script needs a first line like #!/bin/sh"),
        (
            errno.E2BIG,
            REFUSED,
            "its arguments and environment are too long for this machine; put them into a file",
        ),
        (errno.ENOMEM, REFUSED, "this machine has no memory for it; try again later"),
        (errno.EIO, REFUSED, "Input/output error"),
    ],
)
def test_what_an_older_or_a_newer_collector_says(number: int, reason: Reason, sentence: str) -> None:
    """The one finds nothing out. The other has codes that are not known yet."""
    for finding in (None, wire.Finding("brand-new", "/x", "", "", "", "")):
        error = exec_error(a_job("a"), LAUNCH, wire.Released(number, "execute", finding))
        compared(error, reason, f"cannot execute 'run me': {sentence}")
        error = exec_error(a_job("a"), LAUNCH, wire.Released(number, "directory", finding))
        compared(error, Reason.REFUSED, f"cannot start in /srv…: {os.strerror(number)}…; choose another with --cwd")
