"""Why a command does not run, from the request to the sentence: real files, a real exec, looked at as another user."""

from __future__ import annotations

import errno
import os
import resource
import socket
from pathlib import Path

import pytest

from tasker import wire
from tasker.engine.advice import exec_error
from tasker.errors import Reason
from tests.engine.advised import MISSING, REFUSED, compared, made, refused
from tests.engine.jobs import a_job
from tests.support.programs import AARCH64, ARM, S390X, X86, X86_64, elf, write
from tests.support.stack import ALICE, Stack

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
def test_what_is_in_the_file(shared: Stack, place: Path, name: str) -> None:
    data, sentence = CONTENTS[name]
    program = write(place / "program", data)
    refused(shared, REFUSED, f"cannot execute {program}: {sentence}", str(program))
    refused(shared, REFUSED, f"cannot execute program: {program}{sentence[2:]}", "program", path=f"/nowhere:{place}")
    refused(shared, REFUSED, f"cannot execute ./program: {program}{sentence[2:]}", "./program", cwd=place)
    script = write(place / "script", f"#! {program} -x\n".encode())
    refused(shared, REFUSED, f"cannot execute {script}: its interpreter {program}{sentence[2:]}", str(script))


def test_a_missing_interpreter_is_named(shared: Stack, place: Path) -> None:
    script = write(place / "my-script", b"#!/opt/none/python3 -u\nprint()\n")
    advice = "install it or correct the first line of the script"
    known = f"cannot execute {script}: its interpreter /opt/none/python3 cannot be reached: there is no /opt/none"
    refused(shared, MISSING, f"{known}; {advice}", str(script))
    write(script, b"#!/usr/bin/none\n")
    known = f"cannot execute {script}: its interpreter /usr/bin/none does not exist"
    refused(shared, MISSING, f"{known}; {advice}", str(script))
    known = f"cannot execute my-script: the interpreter /usr/bin/none of {script} does not exist"
    refused(shared, MISSING, f"{known}; {advice}", "my-script", path=f"/bin:{place}")
    other = write(place / "other", f"#!{script}\n".encode())
    known = f"cannot execute {other}: the interpreter /usr/bin/none of {script} does not exist"
    refused(shared, MISSING, f"{known}; {advice}", str(other))
    write(script, b"#!python3\n")
    known = f"cannot execute ./my-script: the interpreter {place}/python3 of {script} does not exist"
    refused(shared, MISSING, f"{known}; {advice}", "./my-script", cwd=place)


@pytest.mark.parametrize("line", [b"#!/bin/sh\r\n", b"#! /usr/bin/python3\r\n", b"#!/bin/sh\r"])
def test_a_first_line_with_crlf(shared: Stack, place: Path, line: bytes) -> None:
    script = write(place / "my script", line)
    advice = f"the first line of '{script}' ends with CRLF; convert the file with dos2unix '{script}'"
    refused(shared, MISSING, f"cannot execute '{script}': {advice}", str(script))


def test_a_missing_loader_is_named(shared: Stack, place: Path) -> None:
    program = write(place / "program", elf(X86_64, loader=b"/lib/ld-musl-x86_64.so.1"))
    refused(
        shared,
        MISSING,
        f"cannot execute {program}: its loader /lib/ld-musl-x86_64.so.1 does not exist; for a program built with musl"
        " (Alpine) install musl, or use a build for glibc or a static one",
        str(program),
    )
    write(program, elf(X86_64, loader=b"/gnu/store/ld.so"))
    refused(
        shared,
        MISSING,
        f"cannot execute {program}: its loader /gnu/store/ld.so cannot be reached: there is no /gnu; install the"
        " C library that the program was built for, or use a build for this system",
        str(program),
    )


def test_a_missing_32_bit_loader_is_named(shared: Stack, place: Path) -> None:
    program = write(place / "program", elf(X86, 32, loader=b"/lib/ld-none.so.2"))
    try:
        os.posix_spawn(program, [str(program)], {})
    except OSError as error:
        if error.errno == errno.ENOEXEC:
            pytest.skip("this kernel executes no 32-bit programs")
    refused(
        shared,
        MISSING,
        f"cannot execute program: the loader /lib/ld-none.so.2 of {program} does not exist; for a 32-bit program"
        " install the 32-bit C library (on Debian libc6:i386), or use a 64-bit build",
        "program",
        path=str(place),
    )


def test_what_is_no_regular_file(shared: Stack, place: Path) -> None:
    fifo, sock = place / "fifo", place / "sock"
    made(place / "x")
    os.mkfifo(fifo)
    fifo.chmod(0o777)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(sock))
    refused(shared, REFUSED, f"cannot execute {place}: it is a directory; give a program", str(place))
    refused(shared, REFUSED, f"cannot execute ./x: {place}/x is a directory; give a program", "./x", cwd=place)
    refused(shared, REFUSED, f"cannot execute {fifo}: it is a named pipe; give a program", str(fifo))
    refused(shared, REFUSED, f"cannot execute {sock}: it is a socket; give a program", str(sock))
    refused(shared, REFUSED, "cannot execute /dev/null: it is a character device; give a program", "/dev/null")
    script = write(place / "script", f"#!{fifo}\n".encode())
    refused(shared, REFUSED, f"cannot execute {script}: its interpreter {fifo} is a named pipe; …", str(script))


def test_a_file_that_may_be_executed_and_not_read(shared: Stack, place: Path) -> None:
    """So nothing can be found out about it."""
    program = write(place / "program", b"", 0o711)
    known = "it is not a program for this machine; a script needs a first line like #!/bin/sh"
    refused(shared, REFUSED, f"cannot execute {program}: {known}", str(program))


def test_a_program_that_is_being_written(shared: Stack, place: Path) -> None:
    program = write(place / "program", b"#!/bin/sh\n")
    with program.open("ab"):
        known = "it is open for writing; try again when it is complete"
        refused(shared, REFUSED, f"cannot execute program: {known}", "program", path=str(place))


def test_interpreters_that_name_each_other(shared: Stack, place: Path) -> None:
    script = write(place / "script", f"#!{place}/script\n".encode())
    known = "too many symbolic links or interpreters lead to one another; give the path of the program itself"
    refused(shared, REFUSED, f"cannot execute {script}: {known}", str(script))


def test_more_processes_than_the_user_may_have(shared: Stack) -> None:
    pid = shared.collector.pid
    running = shared.start_job("sleep", "60", caller=ALICE)
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NPROC)
    resource.prlimit(pid, resource.RLIMIT_NPROC, (0, hard))  # which its children inherit
    known = "the job runs WHOM, which has as many processes as RLIMIT_NPROC allows; end some of them"
    refused(shared, REFUSED, f"cannot execute true: {known}", "true")
    resource.prlimit(pid, resource.RLIMIT_NPROC, (soft, hard))
    shared.ask(wire.StopJob(ALICE, running.id, 0.0))


LAUNCH = wire.Launch("a", ("run me",), {"PATH": "/bin"}, "/srv", 7, 7, (), 0, "")


@pytest.mark.parametrize(
    ("number", "reason", "sentence"),
    [
        (errno.ENOENT, MISSING, "there is no such file, or its interpreter is missing; leave the quotes out, or …"),
        (errno.ENOTDIR, MISSING, "a part of its path is not a directory; leave the quotes out, …"),
        (errno.EACCES, REFUSED, "permission denied; the job runs as uid 1000, alice's own; …"),
        (errno.ENOEXEC, REFUSED, "it is not a program for this machine; a script needs a first line like #!/bin/sh"),
        (errno.E2BIG, REFUSED, "its arguments and environment are too long for this machine; put them into a file"),
        (errno.ENOMEM, REFUSED, "this machine has no memory for it; try again later"),
        (errno.EIO, REFUSED, "Input/output error"),
    ],
)
def test_what_an_older_or_a_newer_collector_says(number: int, reason: Reason, sentence: str) -> None:
    """The one finds nothing out. The other has codes that are not known yet."""
    for failure in (None, wire.ExecFailure("brand-new", "/x", "", "", "", "")):
        error = exec_error(a_job("a"), LAUNCH, wire.Released(number, "execute", failure))
        compared(error, reason, f"cannot execute 'run me': {sentence}")
        error = exec_error(a_job("a"), LAUNCH, wire.Released(number, "directory", failure))
        compared(error, Reason.REFUSED, f"cannot start in /srv…: {os.strerror(number)}…; choose another with --cwd")


def test_a_noexec_mount() -> None:
    """Found out for real in tests/system/test_advice.py: it takes a mount."""
    failure = wire.ExecFailure("noexec-mount", "/srv/my disk/x", "/srv/my disk", "", "", "")
    error = exec_error(a_job("a"), LAUNCH, wire.Released(errno.EACCES, "execute", failure))
    known = "'/srv/my disk/x' is in '/srv/my disk', which is mounted noexec; move it to another file system, or if …"
    compared(error, REFUSED, f"cannot execute 'run me': {known}")
