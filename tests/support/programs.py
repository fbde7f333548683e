"""Files that cannot be executed, each for another reason: ELF headers, made by hand."""

from __future__ import annotations

import struct
from pathlib import Path

X86, ARM, X86_64, AARCH64, S390X = 3, 40, 62, 183, 22
"""e_machine (elf.h)."""


def elf(machine: int, bits: int = 64, *, loader: bytes = b"", big_endian: bool = False, kind: int = 2) -> bytes:
    """An ELF file with a header, one program header (PT_INTERP, or PT_NULL without `loader`) and the loader's path."""
    order, word = ">" if big_endian else "<", "Q" if bits == 64 else "I"
    head, entry = (64, 56) if bits == 64 else (52, 32)
    fixed = b"\x7fELF" + bytes([bits // 32, 2 if big_endian else 1, 1]) + bytes(9)
    sizes = (head, entry, 1, 0, 0, 0)
    header = struct.pack(f"{order}HHI{word * 3}IHHHHHH", kind, machine, 1, 0, head, 0, 0, *sizes)
    at, length, what = head + entry, len(loader) + 1, 3 if loader else 0
    values = (what, 4, at, 0, 0, length, length, 1) if bits == 64 else (what, at, 0, 0, length, length, 4, 1)
    return fixed + header + struct.pack(f"{order}II{word * 6}", *values) + loader + b"\0"


def write(path: Path, data: bytes, mode: int = 0o755) -> Path:
    path.write_bytes(data)
    path.chmod(mode)
    return path
