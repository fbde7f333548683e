"""Why a command or a working directory is not found or not let in: every element on the way, and PATH."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tasker.errors import Reason
from tests.engine.advised import MISSING, REFUSED, made, refused
from tests.support.programs import write
from tests.support.stack import Stack


def test_permissions(shared: Stack, place: Path) -> None:
    program = write(place / "program", b"#!/bin/sh\n", 0o644)
    advice = f"is not executable; use chmod +x {program}"
    refused(shared, REFUSED, f"cannot execute {program}: it {advice}", str(program))
    refused(shared, REFUSED, f"cannot execute program: {program} {advice}", "program", path=str(place))
    program.chmod(0o700)
    known = "it has the permissions -rwx------ of uid 0, gid 0, and the job runs WHOM"
    refused(shared, REFUSED, f"cannot execute {program}: {known}; change them with chmod or chown", str(program))
    program.chmod(0o755)
    place.chmod(0o700)
    known = f"the job runs WHOM, which may not search the directory {place}"
    advice = "change its permissions or use another place"
    refused(shared, REFUSED, f"cannot execute {program}: {known}; {advice}", str(program))
    with reached_by_link(program) as link:
        known += f", where the symbolic link {link} leads"
        refused(shared, REFUSED, f"cannot execute {link}: {known}; {advice}", str(link))


@contextlib.contextmanager
def reached_by_link(target: Path) -> Iterator[Path]:
    link = target.parent.parent / "link"
    link.symlink_to(target)
    yield link
    link.unlink()


def test_a_path_that_leads_nowhere(shared: Stack, place: Path) -> None:
    program = write(place / "program", b"#!/bin/sh\n")
    for path, known in {
        f"{place}/none": f"there is no such file in {place}",
        f"{place}/no/ne": f"there is no {place}/no",
        f"{program}/x": f"{program} is not a directory",
        f"{program}/": f"{program} is not a directory",
    }.items():
        refused(shared, MISSING, f"cannot execute {path}: {known}; correct the path", path)
    known = f"there is no such file in {place}; correct the path"
    refused(shared, MISSING, f"cannot execute ./none: {known}", "./none", cwd=place)
    (place / "link").symlink_to("versions/2/program")
    known = f"there is no {place}/versions, where the symbolic link {place}/link leads"
    refused(shared, MISSING, f"cannot execute {place}/link: {known}; correct the path", f"{place}/link")
    for one, other in ("ab", "ba"):
        (place / one).symlink_to(place / other)
    known = f"{place}/a is a symbolic link that leads back to itself"
    refused(shared, REFUSED, f"cannot execute {place}/a: {known}; correct the path", f"{place}/a")
    refused(shared, REFUSED, f"cannot execute a: {known}; correct the path", "a", path=f"/bin:{place}")


def test_a_command_that_is_not_in_path(shared: Stack, place: Path) -> None:
    write(place / "mine", b"#!/bin/sh\n")
    made(place / "tool").joinpath("bin").mkdir(0o700)
    path = "/usr/bin:/bin"
    refused(shared, MISSING, f"cannot execute no-such: it is not in PATH ({path}); give its full path", "no-such")
    known = f"it is not in PATH but in the working directory {place}; write ./mine"
    refused(shared, MISSING, f"cannot execute mine: {known}", "mine", cwd=place)
    known = f"it is not in PATH ({place}/); give its full path"
    refused(shared, MISSING, f"cannot execute tool: {known}", "tool", path=f"{place}/")  # directories do not count
    path = f"{place}/tool/bin:/bin"
    known = f"it is not in PATH ({path}), of which {place}/tool/bin may not be searched WHOM; give its full path"
    refused(shared, MISSING, f"cannot execute no-such: {known}", "no-such", path=path)
    refused(shared, MISSING, "cannot execute no-such: it is not in PATH (); give its full path", "no-such", path="")


def test_a_whole_command_line_in_quotes(shared: Stack, place: Path) -> None:
    quotes = "leave the quotes out, or use sh -c "
    for line, known in {
        "ls -l": f"it is not in PATH (/usr/bin:/bin); {quotes}'ls -l'",
        "/bin/ls -l": f"there is no such file; {quotes}'/bin/ls -l'",
        "/bin/ls /tmp": f"there is no such file; {quotes}'/bin/ls /tmp'",
        "ls -l /": f"there is no such file in /; {quotes}'ls -l /'",
        "make && ./run": f"there is no such file in /; {quotes}'make && ./run'",
        "echo it's\n": f"it is not in PATH (/usr/bin:/bin); {quotes}…",
        "ls|wc": "it is not in PATH (/usr/bin:/bin); for a shell's syntax use sh -c 'ls|wc'",
        "echo " + "x" * 300: f"…; {quotes}'…'",
    }.items():
        refused(shared, MISSING if len(line) < 255 else REFUSED, f"cannot execute …: {known}", line)
    program = write(place / "with space", b"")
    refused(shared, REFUSED, f"cannot execute '{program}': it is empty; build or copy it again", str(program))
    refused(shared, MISSING, "cannot execute 'a b': it is not in PATH (/usr/bin:/bin); give its full path", "a b", "c")


def test_hostile_words_are_cleaned_and_cut(shared: Stack) -> None:
    refused(shared, MISSING, "cannot execute 'a??b;c?': …", "a\x1b\nb;c\udcff", "x")
    refused(shared, MISSING, "cannot execute 'x{it}?%s': …", "x{it}\u202e%s", "x")
    refused(shared, REFUSED, f"cannot execute '{'x' * 200}…': its path is too long, …", "x" * 9000, "x")
    deep = "/" + "/".join(["x" * 250] * 15)
    refused(shared, MISSING, f"cannot execute '{deep[:200]}…': there is no '{deep[:200]}…'; correct the path", deep)


def test_a_working_directory_that_cannot_be_entered(shared: Stack, place: Path) -> None:
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
        refused(shared, Reason.REFUSED, sentence if len(path) < 200 else f"…{known}…", "true", cwd=path)
