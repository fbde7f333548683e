"""The ring between processes: what is read is whole or told to be lost, and nobody but its writer writes."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tasker.ring import DATA, RingReader, RingWriter
from tests.support.waiting import DEADLINE, next_line
from tests.test_ring import PAGE, PATTERN, content, write

REPOSITORY = Path(__file__).parent.parent
INTRUDER = """
import ctypes, errno, fcntl, json, mmap, os, sys
path, size = sys.argv[1], int(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
def checked(result):
    if result not in (0, None):
        raise OSError(ctypes.get_errno(), "libc")
def protect():
    place = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, fd, 0)
    checked(libc.mprotect(place, size, mmap.PROT_READ | mmap.PROT_WRITE))
found = {}
for mode in (os.O_RDWR, os.O_RDONLY):
    fd = os.open(path, mode)
    for name, attempt in {
        "write": lambda: os.pwrite(fd, b"x", 0),
        "append": lambda: os.pwrite(fd, b"x", size),
        "map": lambda: mmap.mmap(fd, size),
        "protect": protect,
        "grow": lambda: os.ftruncate(fd, size + 1),
        "shrink": lambda: os.ftruncate(fd, size - 1),
        "allocate": lambda: os.posix_fallocate(fd, 0, size + 1),
        "punch": lambda: checked(libc.fallocate(fd, 3, 0, 4096)),
        "seal": lambda: fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE),
    }.items():
        try:
            attempt()
            found[f"{name} {mode}"] = "done"
        except OSError as error:
            found[f"{name} {mode}"] = errno.errorcode[error.errno]
print(json.dumps(found))
"""


def test_another_process_can_neither_write_nor_resize() -> None:
    """Whatever way it opens the memory; as root, too."""
    writer = RingWriter(PAGE + 3)
    reader = RingReader(writer.fd)
    write(writer, b"intact")
    path = f"/proc/{os.getpid()}/fd/{writer.fd}"
    size = str(DATA + writer.capacity)
    command = [sys.executable, "-c", INTRUDER, path, size]
    output = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=DEADLINE).stdout
    attempts = json.loads(output)
    assert len(attempts) == 18
    refusals = {"EPERM", "EACCES", "EBADF", "EINVAL"}
    assert {name: how for name, how in attempts.items() if how not in refusals} == {}
    assert all(how == "EPERM" for name, how in attempts.items() if name.endswith(f" {os.O_RDWR}") and "pro" not in name)
    assert reader.read(0, 100) == (0, b"intact")
    assert os.fstat(writer.fd).st_size == int(size)
    write(writer, b", and the writer goes on")
    assert reader.read(0, 100) == (0, b"intact, and the writer goes on")
    reader.free()
    writer.free()


def source() -> int:
    """A descriptor with one period of it."""
    fd = os.memfd_create("pattern")
    os.write(fd, PATTERN)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def write_for_another_process(capacity: int, total: int, most: int) -> None:
    """The other process: fill a ring as fast as it goes. Says its descriptor, waits for a line, ends with its stdin."""
    writer, fd = RingWriter(capacity), source()
    numbers = random.Random(5)  # noqa: S311
    print(writer.fd, flush=True)
    sys.stdin.readline()
    while writer.written < total:
        if not writer.read_from(fd, min(numbers.randrange(1, most), total - writer.written)):
            os.lseek(fd, 0, os.SEEK_SET)
    writer.close()
    sys.stdin.read()


@pytest.mark.parametrize(
    ("capacity", "total", "most"),
    [(PAGE, 20 << 20, 200), (PAGE + 1, 60 << 20, 3 * PAGE), ((64 << 10) + 123, 400 << 20, 64 << 10)],
    ids=["small steps", "more than a ring at once", "large steps"],
)
def test_no_chunk_is_torn_and_every_loss_is_reported(capacity: int, total: int, most: int) -> None:
    code = f"from tests.test_ring_shared import *; write_for_another_process({capacity}, {total}, {most})"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        fd = os.open(f"/proc/{process.pid}/fd/{int(next_line(process))}", os.O_RDONLY)
        reader = RingReader(fd)
        numbers = random.Random(9)  # noqa: S311
        position = received = lost = 0
        process.stdin.write(b"go\n")
        process.stdin.flush()
        while True:  # as fast as it goes, which is the test
            closed = reader.closed
            offset, data = reader.read(position, numbers.randrange(1, capacity + 1))
            assert offset >= position
            assert data == content(offset, len(data)), f"torn or misplaced at {offset}"
            lost += offset - position
            received += len(data)
            position = offset + len(data)
            if closed and not data:
                break
        assert position == reader.written == total
        assert received + lost == total
        assert received > 0
        assert lost > 0  # else the writer was never in the reader's way
        reader.free()
        os.close(fd)
