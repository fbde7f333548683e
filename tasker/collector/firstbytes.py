"""Determines the type and the interpreter of a file from its first bytes, as the kernel does.

Runs in a job's process, on a file that may be hostile: opens only regular files, never blocks, and reads at most the
first 256 bytes, 8 program headers and one name. Raises OSError.
"""

from __future__ import annotations

import os
import stat
import struct
from dataclasses import dataclass

from tasker.wire.execfailure import FailureKind, FileRole

_HEAD = 256
"""Bytes in which the kernel expects the whole #! line (BINPRM_BUF_SIZE, linux/binfmts.h)."""
_ELF = b"\x7fELF"
_HEADER = {32: "18x H 8x I 10x HH", 64: "18x H 12x Q 14x HH"}  # elf.h: e_machine, e_phoff, e_phentsize, e_phnum
_ENTRY = {32: "I I 8x I", 64: "I 4x Q 16x Q"}  # p_type, p_offset, p_filesz
_PT_INTERP = 3
_PROGRAM_HEADERS = 8  # PT_INTERP precedes every PT_LOAD, so it is among the first
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SYSTEMS = {
    b"MZ": "windows",
    b"\xcf\xfa\xed\xfe": "macos",  # Mach-O: 64 bits, 32 bits, several machines
    b"\xce\xfa\xed\xfe": "macos",
    b"\xca\xfe\xba\xbe\x00\x00\x00": "macos",
}


@dataclass(frozen=True)
class Contents:
    kind: FailureKind | None = None
    """Why exec failed with ENOEXEC (for CRLF: ENOENT), if it did."""
    detail: str = ""
    """As `FailureKind` documents it."""
    role: FileRole = FileRole.COMMAND
    interpreter: str = ""
    """The file that exec needs in addition, or ""."""


def contents(path: str) -> Contents:
    """The contents of a regular file that the calling process may read."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):  # the file was replaced after `path` was examined
            return Contents()
        head = os.pread(fd, _HEAD, 0)
        return _elf(fd, head) if head.startswith(_ELF) else _no_elf(head)
    finally:
        os.close(fd)


def _no_elf(head: bytes) -> Contents:
    if not head:
        return Contents(FailureKind.EMPTY)
    if head.startswith(b"#!"):
        return _script(head)
    if head.startswith(_BYTE_ORDER_MARK + b"#!"):
        return Contents(FailureKind.BYTE_ORDER_MARK)
    for magic, system in _SYSTEMS.items():
        if head.startswith(magic):
            return Contents(FailureKind.OTHER_SYSTEM, system)
    return Contents(FailureKind.UNKNOWN_FORMAT if b"\0" in head else FailureKind.NO_FIRST_LINE)


def _script(head: bytes) -> Contents:
    line, newline, _ = head[2:].partition(b"\n")
    words = line.split(b"\0")[0].strip(b" \t").replace(b"\t", b" ").split(b" ")
    if not words[0] or (len(words) == 1 and not newline and len(head) == _HEAD):
        return Contents(FailureKind.BAD_FIRST_LINE)
    if words[0].endswith(b"\r"):
        return Contents(FailureKind.CRLF)
    return Contents(role=FileRole.INTERPRETER, interpreter=os.fsdecode(words[0]))


def _elf(fd: int, head: bytes) -> Contents:
    try:
        order, bits = {1: "<", 2: ">"}[head[5]], {1: 32, 2: 64}[head[4]]
        machine, start, size, count = struct.unpack_from(order + _HEADER[bits], head)
    except (IndexError, KeyError, struct.error):  # truncated, or malformed
        return Contents(FailureKind.DAMAGED)
    kind, detail = (
        (FailureKind.DAMAGED, "") if (machine, bits) == _NATIVE else (FailureKind.OTHER_MACHINE, f"{machine} {bits}")
    )
    places = [start + index * size for index in range(min(count, _PROGRAM_HEADERS))]
    return Contents(
        kind, detail, FileRole.LOADER if bits == 64 else FileRole.LOADER_32, _loader(fd, order, bits, places)
    )


def _loader(fd: int, order: str, bits: int, places: list[int]) -> str:
    """The path in PT_INTERP; "" if there is none, as in a static program. `places`: offsets of the program headers."""
    entry = struct.Struct(order + _ENTRY[bits])
    for place in places:
        try:
            kind, at, length = entry.unpack(os.pread(fd, entry.size, place))
            if kind == _PT_INTERP:
                return os.fsdecode(os.pread(fd, min(length, _HEAD), at).split(b"\0")[0])
        except (struct.error, OverflowError):  # beyond the end of the file, or too large
            return ""
    return ""


def _own_machine() -> tuple[int, int]:
    with open("/proc/self/exe", "rb") as program:
        head = program.read(_HEAD)
    order, bits = {1: "<", 2: ">"}[head[5]], {1: 32, 2: 64}[head[4]]
    return struct.unpack_from(order + _HEADER[bits], head)[0], bits


_NATIVE = _own_machine()  # read before any fork
