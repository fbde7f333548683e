"""Finds out why chdir or exec failed. Runs in the job's process.

All files may be hostile. Only stat, statvfs and readlink are used until a file is known to be regular; firstbytes.py
then reads a few hundred bytes of it. This module imports nothing at run time, takes no lock and keeps no state.

    command ─▶ its file in PATH ─▶ each element of the path ─▶ type, mode, mount ─▶ first bytes ─▶ interpreter, likewise
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Mapping

from tasker.collector.firstbytes import contents
from tasker.wire.execfailure import ExecFailure, FailureKind, FileRole

_FILES = 6
"""The most files examined in a chain of interpreters; the kernel follows five."""
_LINKS = 40
"""The most symbolic links followed in one path, as in the kernel (MAXSYMLINKS, linux/namei.h)."""
_KNOWN = (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ENOEXEC, errno.ELOOP)
"""Errors that examining files can explain. The other errors of exec are clear by themselves."""
_IN_THE_WAY = {
    errno.ENOENT: FailureKind.MISSING,
    errno.EACCES: FailureKind.CLOSED,
    errno.ENOTDIR: FailureKind.NOT_A_DIRECTORY,
    errno.ELOOP: FailureKind.LINK_LOOP,
}

Cause = tuple[FailureKind, str, str]
"""Parts of an ExecFailure: kind, at, detail."""


def not_entered(directory: str) -> ExecFailure | None:
    """Returns why chdir failed; None if only the errno is known. Raises OSError if a path cannot be examined."""
    cause = _on_the_way(f"{directory}/.")
    return None if cause is None else _failure(directory, cause)


def not_executed(command: str, environment: Mapping[str, str], directory: str, error: OSError) -> ExecFailure | None:
    """Why execvpe raised `error` in the working directory `directory`. Returns and raises like `not_entered`."""
    if error.errno not in _KNOWN:
        return None
    if "/" in command:
        return _of_file(command, directory, error.errno)
    search = [os.path.join(directory, part) for part in environment.get("PATH", os.defpath).split(":")]
    path = _in_path(command, search, _absolute(os.fsdecode(error.filename), directory), error.errno)
    return _of_file(path, directory, error.errno) if path else _nowhere(command, search, directory)


def _in_path(command: str, search: list[str], failed: str, number: int) -> str:
    """Returns the file that exec failed for, or "" if PATH has none. `failed` is the file that the error names; for
    ENOENT, this is always the last file tried. Directories are skipped, as shells do."""
    if number == errno.ELOOP:
        return failed
    for path in (failed, *(os.path.join(part, command) for part in search)):
        with contextlib.suppress(OSError):
            if not stat.S_ISDIR(os.stat(path).st_mode):
                return path
    return ""


def _nowhere(command: str, search: list[str], directory: str) -> ExecFailure:
    here = os.path.join(directory, command)
    if os.path.isfile(here):
        return _failure(here, (FailureKind.IN_DIRECTORY, "", ""))
    causes = [cause for part in search if (cause := _on_the_way(f"{part}/."))]
    closed = next((at for kind, at, _ in causes if kind is FailureKind.CLOSED), "")
    return _failure(command, (FailureKind.NOT_IN_PATH, closed, ""))


def _of_file(path: str, directory: str, number: int) -> ExecFailure | None:
    """Returns why exec failed with the errno `number`: the first cause found in the file at `path`, then in its
    interpreter, and so on."""
    role, named_in = FileRole.COMMAND, ""
    for _ in range(_FILES):
        path = _absolute(path, directory)
        cause = _on_the_way(path) or _of_mode(path)
        if cause is not None:
            return _failure(path, cause, role, named_in)
        inside = contents(path)
        if inside.kind is not None and (number == errno.ENOEXEC or inside.kind is FailureKind.CRLF):
            return _failure(path, (inside.kind, "", inside.detail), role, named_in)
        if not inside.interpreter:
            break
        path, role, named_in = inside.interpreter, inside.role, path
    return None


def _absolute(path: str, directory: str) -> str:
    while path.startswith("./"):  # only for readability
        path = path[2:].lstrip("/")
    return os.path.join(directory, path)


def _on_the_way(path: str) -> Cause | None:
    """Returns the element that prevents access to an absolute path, by accessing one element after the other."""
    waiting = (f"{path}." if path.endswith("/") else path).split("/")[::-1]
    reached, link, links = "", "", 0
    while waiting:
        name = waiting.pop()
        if not name or (name == "." and waiting):
            continue
        step = f"{reached}/{name}"
        try:
            os.stat(step)
            reached = step
        except OSError as error:
            if error.errno not in _IN_THE_WAY:
                return None
            if links < _LINKS and error.errno != errno.ELOOP and os.path.islink(step):
                target = os.readlink(step)
                waiting += target.split("/")[::-1]
                link, links = link or step, links + 1
                reached = "" if target.startswith("/") else reached
                continue
            kind = _IN_THE_WAY[error.errno]
            return kind, step if kind in (FailureKind.MISSING, FailureKind.LINK_LOOP) else reached or "/", link
    return None


def _of_mode(path: str) -> Cause | None:
    status = os.stat(path)
    kind = stat.filemode(status.st_mode)
    if stat.S_ISDIR(status.st_mode):
        return FailureKind.DIRECTORY, "", ""
    if not stat.S_ISREG(status.st_mode):
        return FailureKind.SPECIAL, "", kind[0]
    if not status.st_mode & 0o111:
        return FailureKind.NO_EXECUTE_BIT, "", ""
    if os.statvfs(path).f_flag & os.ST_NOEXEC:
        return FailureKind.NOEXEC_MOUNT, _mount_point(path), ""
    if not os.access(path, os.X_OK):
        return FailureKind.NOT_PERMITTED, "", f"{kind} {status.st_uid} {status.st_gid}"
    return None


def _mount_point(path: str) -> str:
    """Returns the mount point of a file on a noexec mount: the highest directory above it on the same device and
    noexec, too."""
    at = os.path.realpath(path)
    device = os.stat(at).st_dev
    while at != "/":
        above = os.path.dirname(at)
        if os.stat(above).st_dev != device or not os.statvfs(above).f_flag & os.ST_NOEXEC:
            break
        at = above
    return at


def _failure(path: str, cause: Cause, role: FileRole = FileRole.COMMAND, named_in: str = "") -> ExecFailure:
    kind, at, detail = cause
    return ExecFailure(kind, path, at, detail, role, named_in)
