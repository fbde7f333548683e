"""Composes the error message for a command that cannot be executed: the cause and what to do, in one sentence.

The message is made from the job and the ExecFailure that its process reported (wire/execfailure.py). This module
accesses no path: the engine is root and may see another file system than the job. Texts from the job may be hostile, so
each one is cleaned, cut and quoted.
"""

from __future__ import annotations

import errno
import os
import shlex

from tasker import wire
from tasker.errors import Reason, TaskerError
from tasker.job import Job
from tasker.wire import ExecFailure, FailureKind, FileRole

_LONGEST = 200
"""Characters of one text in a sentence."""
_SHELL = frozenset("|&;<>()$`*")
"""Characters with a meaning to a shell."""
_TYPES = {"p": "a named pipe", "s": "a socket", "c": "a character device", "b": "a block device"}
_SYSTEMS = {"windows": "Windows", "macos": "macOS"}
_MACHINES = {
    "3 32": "32-bit x86",
    "8 32": "32-bit MIPS",
    "8 64": "64-bit MIPS",
    "20 32": "32-bit PowerPC",
    "21 64": "64-bit PowerPC",
    "22 64": "s390x",
    "40 32": "32-bit ARM",
    "62 32": "x86-64 with the x32 ABI",
    "62 64": "x86-64",
    "183 64": "aarch64",
    "243 32": "32-bit RISC-V",
    "243 64": "64-bit RISC-V",
    "258 64": "loongarch64",
}
"""By e_machine (elf.h) and number of bits."""
_FILE = {
    FailureKind.DIRECTORY: "{it} is a directory; give a program",
    FailureKind.SPECIAL: "{it} is {type}; give a program",
    FailureKind.NO_EXECUTE_BIT: "{it} is not executable; use chmod +x {path}",
    FailureKind.NOT_PERMITTED: "{it} has the permissions {mode}, and the job runs {whom};"
    " change them with chmod or chown",
    FailureKind.NOEXEC_MOUNT: "{it} is in {at}, which is mounted noexec; move it to another file system,"
    " or if it is a script, start its interpreter with the script as an argument",
    FailureKind.EMPTY: "{it} is empty; build or copy it again",
    FailureKind.OTHER_MACHINE: "{it} is a program for {machine}, this machine is {native}; use a build for {native}",
    FailureKind.OTHER_SYSTEM: "{it} is a program for {system}; use a build for Linux",
    FailureKind.DAMAGED: "{it} is damaged, incomplete or an object file; build or copy it again",
    FailureKind.NO_FIRST_LINE: "{it} has no #! line; if it is a shell script, make #!/bin/sh its first line",
    FailureKind.BAD_FIRST_LINE: "{it} has a #! line that names no interpreter in its first 255 bytes;"
    " write e.g. #!/bin/sh",
    FailureKind.CRLF: "the first line of {path} ends with CRLF; convert the file with dos2unix {path}",
    FailureKind.BYTE_ORDER_MARK: "{it} has a byte order mark before #!; save it as UTF-8 without a byte order mark",
    FailureKind.UNKNOWN_FORMAT: "{it} is not a program for Linux; give it as an argument to the program that reads it",
}
"""Problems of a file that could be reached."""
_WAY = {
    FailureKind.MISSING: "there is no {at}",
    FailureKind.CLOSED: "the job runs {whom}, which may not search the directory {at}",
    FailureKind.NOT_A_DIRECTORY: "{at} is not a directory",
    FailureKind.LINK_LOOP: "{at} is a symbolic link that leads back to itself",
}
"""What blocks the way to a file or directory."""
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
_ERRNO = {
    errno.ENOENT: "there is no such file, or its interpreter is missing; correct the path",
    errno.ENOTDIR: "a part of its path is not a directory; correct the path",
    errno.EACCES: "permission denied; the job runs {whom}; check the permissions and SELinux or AppArmor",
    errno.ENOEXEC: "it is not a program for this machine; a script needs a first line like #!/bin/sh",
    errno.ETXTBSY: "it is open for writing; try again when it is complete",
    errno.E2BIG: "its arguments and environment are too long for this machine; put them into a file",
    errno.ENOMEM: "this machine has no memory for it; try again later",
    errno.EAGAIN: "the job runs {whom}, which has as many processes as RLIMIT_NPROC allows; end some of them",
    errno.ELOOP: "too many symbolic links or interpreters lead to one another; give the path of the program itself",
    errno.ENAMETOOLONG: "its path is too long, a name may have 255 bytes and a path 4095; use a shorter one",
}
"""Used if only the errno of exec is known."""


def exec_error(job: Job, launch: wire.Launch, released: wire.Released) -> TaskerError:
    """The error that says why the command of `job` does not run."""
    number, why = released.errno, _why(released.failure)
    if released.step == "directory":
        home = "" if job.spec.working_directory else f", the home of {job.user or job.owner}"
        place = f"{_quoted(launch.working_directory)}{home}"
        text = f"cannot start in {place}: {_directory(job, released)}; choose another with --cwd"
        return TaskerError(Reason.REFUSED, text)
    command = _quoted(launch.argv[0])
    if released.step != "execute":
        return TaskerError(
            Reason.REFUSED, f"cannot start {command}: its process ended before it executed the command; try again"
        )
    missing = number in (errno.ENOENT, errno.ENOTDIR) or why in (FailureKind.NOT_IN_PATH, FailureKind.IN_DIRECTORY)
    reason = Reason.COMMAND_NOT_FOUND if missing else Reason.NOT_EXECUTABLE
    return TaskerError(reason, f"cannot execute {command}: {_command(job, launch, released)}")


def _why(failure: ExecFailure | None) -> FailureKind | None:
    """Returns the kind of failure; None if the leader found no cause, or a newer collector sent an unknown kind."""
    return FailureKind(failure.kind) if failure is not None and failure.kind in set(FailureKind) else None


def _directory(job: Job, released: wire.Released) -> str:
    failure = released.failure
    if failure is None or _why(failure) not in _WAY:
        text = os.strerror(released.errno)
        return f"{text}; the job runs {_whom(job)}" if released.errno == errno.EACCES else text
    if failure.at == failure.path.rstrip("/"):
        if failure.kind == FailureKind.MISSING:
            return "there is no such directory"
        if failure.kind == FailureKind.NOT_A_DIRECTORY:
            return "it is not a directory"
    return _way(job, failure)


def _command(job: Job, launch: wire.Launch, released: wire.Released) -> str:
    """The part of the sentence after the colon."""
    failure, why = released.failure, _why(released.failure)
    shell = _shell_advice(launch.argv)
    if failure is None or why is None:
        text = _ERRNO.get(released.errno, os.strerror(released.errno)).format(whom=_whom(job))
        return f"{text.partition('; ')[0]}; {shell}" if shell and released.errno in _NOT_THERE else text
    if why is FailureKind.IN_DIRECTORY:
        name, place = _quoted(f"./{launch.argv[0]}"), _quoted(os.path.dirname(failure.path))
        return f"it is not in PATH but in the working directory {place}; write {name}"
    if why is FailureKind.NOT_IN_PATH:
        return f"{_not_in_path(job, launch, failure)}; {shell or 'give its full path'}"
    if why in _WAY:
        if shell and not failure.role and why in (FailureKind.MISSING, FailureKind.NOT_A_DIRECTORY):
            return f"there is no such file{_in_directory(launch)}; {shell}"
        return f"{_reached(job, failure, launch.argv[0])}; {_install(failure)}"
    return _FILE[why].format_map(_words(job, failure, launch.argv[0]))


def _in_directory(launch: wire.Launch) -> str:
    """Where a relative path was searched."""
    return "" if launch.argv[0].startswith("/") else f" in {_quoted(launch.working_directory)}"


def _not_in_path(job: Job, launch: wire.Launch, failure: ExecFailure) -> str:
    text = f"it is not in PATH ({_shown(launch.environment.get('PATH', ''))})"
    return f"{text}, of which {_quoted(failure.at)} may not be searched {_whom(job)}" if failure.at else text


def _reached(job: Job, failure: ExecFailure, command: str) -> str:
    """Why the file of a command, or its interpreter, cannot be reached."""
    if failure.role:
        it = _it(failure, command)
        return f"{it} does not exist" if failure.at == failure.path else f"{it} cannot be reached: {_way(job, failure)}"
    if failure.kind == FailureKind.MISSING and failure.at == failure.path:
        return f"there is no such file in {_quoted(os.path.dirname(failure.path))}"
    return _way(job, failure)


def _way(job: Job, failure: ExecFailure) -> str:
    """Names the element of a path that prevents access to a file or directory."""
    text = _WAY[FailureKind(failure.kind)].format(at=_quoted(failure.at), whom=_whom(job))
    return f"{text}, where the symbolic link {_quoted(failure.detail)} leads" if failure.detail else text


def _install(failure: ExecFailure) -> str:
    """What to do about a file that cannot be reached."""
    match failure.role:
        case FileRole.INTERPRETER:
            return "install it or correct the first line of the script"
        case FileRole.LOADER_32:
            return "for a 32-bit program install the 32-bit C library (on Debian libc6:i386), or use a 64-bit build"
        case FileRole.LOADER if "musl" in failure.path:
            return "for a program built with musl (Alpine) install musl, or use a build for glibc or a static one"
        case FileRole.LOADER:
            return "install the C library that the program was built for, or use a build for this system"
        case _ if failure.kind == FailureKind.CLOSED:
            return "change its permissions or use another place"
        case _:
            return "correct the path"


def _shell_advice(argv: tuple[str, ...]) -> str:
    """Advice for a whole command line in one word. "" if it does not look like one."""
    word = argv[0]
    spaces = any(letter.isspace() for letter in word)
    if len(argv) > 1 or not (spaces or _SHELL & set(word)):
        return ""
    line = _quoted(word) if len(word) <= _LONGEST else "'…'"
    return f"leave the quotes out, or use sh -c {line}" if spaces else f"for a shell's syntax use sh -c {line}"


def _words(job: Job, failure: ExecFailure, command: str) -> dict[str, str]:
    return {
        "it": _it(failure, command),
        "path": _quoted(failure.path),
        "at": _quoted(failure.at),
        "mode": "{} of uid {}, gid {}".format(*(_shown(failure.detail).split(" ") + ["?"] * 3)),
        "type": _TYPES.get(failure.detail, "not a regular file"),
        "system": _SYSTEMS.get(failure.detail, "another system"),
        "machine": _MACHINES.get(failure.detail, f"another machine (ELF type {_shown(failure.detail)})"),
        "native": os.uname().machine.replace("_", "-"),
        "whom": _whom(job),
    }


def _it(failure: ExecFailure, command: str) -> str:
    """How the sentence names the file, relative to the command."""
    path = _quoted(failure.path)
    if not failure.role:
        return "it" if failure.path == command else path
    kind = "interpreter" if failure.role == FileRole.INTERPRETER else "loader"
    return f"its {kind} {path}" if failure.named_in == command else f"the {kind} {path} of {_quoted(failure.named_in)}"


def _whom(job: Job) -> str:
    return f"as {job.user}" if job.user else f"as uid {job.uid}, {job.owner}'s own"


def _quoted(text: str) -> str:
    return shlex.quote(_shown(text))


def _shown(text: str) -> str:
    """The text made printable, on one line and short."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text[:_LONGEST])
    return clean if len(text) <= _LONGEST else f"{clean}…"
