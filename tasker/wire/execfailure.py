"""Why chdir or exec failed, as the job's process found out: codes and paths, no sentences.

The process examines files as the job's user, in the job's directory (collector/whynot.py). The engine, which is root
and sandboxed, accesses no path; it only composes the error message (engine/advice.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FailureKind(StrEnum):
    """Why `ExecFailure.path` cannot be executed or entered. The comments say what `at` and `detail` hold."""

    NOT_IN_PATH = "not-in-path"  # at: a directory in PATH that may not be searched, or ""
    IN_DIRECTORY = "in-directory"  # not in PATH; `path` is a file of that name in the working directory
    MISSING = "missing"  # at: the first element that does not exist; detail: the symbolic link that leads there, or ""
    CLOSED = "closed"  # at: the directory that may not be searched; detail: as above
    NOT_A_DIRECTORY = "not-a-directory"  # at: the element of the path that is not a directory; detail: as above
    LINK_LOOP = "link-loop"  # at: the symbolic link
    DIRECTORY = "directory"
    SPECIAL = "special"  # detail: the file's type as `ls -l` shows it: p, s, c or b
    NO_EXECUTE_BIT = "no-execute-bit"  # for any user
    NOT_PERMITTED = "not-permitted"  # for other users, not the job's; detail: "-rwx------ UID GID"
    NOEXEC_MOUNT = "noexec-mount"  # at: the mount point
    EMPTY = "empty"
    OTHER_MACHINE = "other-machine"  # detail: e_machine (elf.h) and 32 or 64 bits, e.g. "183 64"
    OTHER_SYSTEM = "other-system"  # detail: "windows" or "macos"
    DAMAGED = "damaged"  # an ELF file for this machine that is not a program, e.g. truncated, or an object file
    NO_FIRST_LINE = "no-first-line"  # text that does not begin with #!
    BAD_FIRST_LINE = "bad-first-line"  # begins with #!, but names no interpreter or is too long
    CRLF = "crlf"  # the #! line ends with CR LF, so that the CR belongs to the interpreter's name
    BYTE_ORDER_MARK = "byte-order-mark"  # U+FEFF before #!
    UNKNOWN_FORMAT = "unknown-format"  # none of the above


class FileRole(StrEnum):
    """The role of the file `ExecFailure.path` in executing the command."""

    COMMAND = ""
    INTERPRETER = "interpreter"  # named by the #! line of `named_in`
    LOADER = "loader"  # named by the ELF file `named_in` (PT_INTERP)
    LOADER_32 = "loader-32"  # as LOADER, for a 32-bit ELF file


@dataclass(frozen=True)
class ExecFailure:
    """Paths are absolute. A text longer than 512 bytes is cut."""

    kind: str
    """A FailureKind; for an unknown one the engine uses the errno."""
    path: str
    """The file that cannot be executed, or the directory that cannot be entered; for NOT_IN_PATH the command's name."""
    at: str
    detail: str
    role: str
    """A FileRole."""
    named_in: str
    """The file that names `path` as its interpreter, or ""."""
