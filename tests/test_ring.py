"""The ring: what was printed is read, whole or not at all; what is lost is told to the byte; nobody else writes."""

from __future__ import annotations

import json
import mmap
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker.ring import DATA, HEADER, RingError, RingReader, RingWriter, lay_out

REPOSITORY = Path(__file__).parent.parent
PAGE = mmap.PAGESIZE
PERIOD = 1_000_003
"""Bytes; prime, so that no lap of a ring brings the same byte to the same place."""
PATTERN = random.Random(3).randbytes(PERIOD)  # noqa: S311
TWO_PERIODS = PATTERN * 2


def content(start: int, length: int) -> bytes:
    """What the job prints from position `start` on."""
    assert length < PERIOD
    at = start % PERIOD
    return TWO_PERIODS[at : at + length]


def source() -> int:
    """A descriptor with one period of it."""
    fd = os.memfd_create("pattern")
    os.write(fd, PATTERN)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


@pytest.fixture
def writer(request: pytest.FixtureRequest) -> Iterator[RingWriter]:
    writer = RingWriter(getattr(request, "param", PAGE + 3))
    yield writer
    writer.free()


@pytest.fixture
def reader(writer: RingWriter) -> Iterator[RingReader]:
    reader = RingReader(writer.fd)
    yield reader
    reader.free()


def write(writer: RingWriter, data: bytes) -> None:
    fd = os.memfd_create("data")
    os.write(fd, data)
    os.lseek(fd, 0, os.SEEK_SET)
    while writer.read_from(fd, len(data)):
        pass
    os.close(fd)


def test_what_is_written_is_read_from_every_position(writer: RingWriter, reader: RingReader) -> None:
    assert reader.read(0, 100) == (0, b"")
    write(writer, b"hello\0\xff")
    for position in range(7):
        assert reader.read(position, 100) == (position, b"hello\0\xff"[position:])
        assert reader.read(position, 2) == (position, b"hello\0\xff"[position : position + 2])
    assert reader.read(7, 100) == (7, b"")
    assert reader.read(100, 100) == (100, b"")  # nothing there yet
    assert (reader.oldest, reader.written) == (0, 7)


def test_across_the_wrap(writer: RingWriter, reader: RingReader) -> None:
    """Pieces of every odd length; the reader keeps up and gets every byte, in one piece wherever it asks for it."""
    position = 0
    for length in range(1, 300, 2):
        write(writer, content(position, length))
        assert reader.read(position, length) == (position, content(position, length))
        position += length
    assert position > 4 * writer.capacity
    held = writer.capacity
    assert reader.read(position - held, held) == (position - held, content(position - held, held))


@pytest.mark.parametrize("position", [0, 1, 5000])
def test_what_is_lost_is_told(writer: RingWriter, reader: RingReader, position: int) -> None:
    for start in range(0, 20_000, 1000):
        write(writer, content(start, 1000))
    oldest = 20_000 - writer.capacity
    assert reader.oldest == oldest
    assert reader.read(position, 10) == (oldest, content(oldest, 10))
    assert reader.read(position, 1 << 20) == (oldest, content(oldest, writer.capacity))


def test_a_read_that_brings_nothing_changes_nothing(writer: RingWriter, reader: RingReader) -> None:
    write(writer, content(0, writer.capacity))
    pipe, end = os.pipe2(os.O_NONBLOCK)
    with pytest.raises(BlockingIOError):
        writer.read_from(pipe, 4096)
    os.close(end)
    assert writer.read_from(pipe, 4096) == 0
    os.close(pipe)
    assert (reader.oldest, reader.written) == (0, writer.capacity)
    assert reader.read(0, writer.capacity) == (0, content(0, writer.capacity))


def test_half_of_the_ring_is_held_while_the_writer_takes_more(writer: RingWriter, reader: RingReader) -> None:
    """Whoever comes just then finds something, though the writer would take a whole ring at once."""
    write(writer, content(0, writer.capacity))
    pipe, end = os.pipe()
    thread = threading.Thread(target=writer.read_from, args=(pipe, 1 << 20))
    thread.start()  # waits in readv, with room reserved
    while not reader.oldest:
        os.sched_yield()
    offset, data = reader.read(0, writer.capacity)
    os.write(end, b"x")
    thread.join()
    assert data == content(offset, len(data))
    assert len(data) >= writer.capacity // 2
    os.close(pipe)
    os.close(end)


def test_closed_comes_after_the_last_byte(writer: RingWriter, reader: RingReader) -> None:
    write(writer, b"last words")
    assert not reader.closed
    writer.close()
    assert writer.closed
    assert reader.closed
    assert reader.written == 10
    assert reader.read(0, 100) == (0, b"last words")
    late = RingReader(writer.fd)
    assert late.closed
    assert late.read(5, 100) == (5, b"words")
    late.free()


def test_a_reader_keeps_what_is_there_when_the_writer_is_gone() -> None:
    writer = RingWriter(PAGE)
    reader = RingReader(writer.fd)
    write(writer, b"kept")
    writer.free()
    assert reader.read(0, 100) == (0, b"kept")
    reader.free()


@pytest.mark.parametrize("writer", [1 << 30], indirect=True)
def test_memory_is_taken_only_as_bytes_come(writer: RingWriter, reader: RingReader) -> None:
    def taken() -> int:
        return os.fstat(writer.fd).st_blocks * 512

    assert taken() <= HEADER
    assert reader.read(0, 1 << 30) == (0, b"")
    assert taken() <= HEADER
    write(writer, content(0, 10 * PAGE))
    assert taken() <= HEADER + 2 * PAGE + 10 * PAGE  # two pages for marks: positions and times


def test_one_that_is_refused_leaves_nothing_behind() -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="Cannot allocate memory"):
        RingWriter(1 << 60)
    assert len(os.listdir("/proc/self/fd")) == before


def test_too_small_a_ring() -> None:
    with pytest.raises(ValueError, match="smaller than a page"):
        RingWriter(PAGE - 1)


# ── nobody else writes ───────────────────────────────────────────────────────────────────────────────────────────────

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


def test_another_process_can_neither_write_nor_resize(writer: RingWriter, reader: RingReader) -> None:
    """Whatever way it opens the memory; as root, too."""
    write(writer, b"intact")
    path = f"/proc/{os.getpid()}/fd/{writer.fd}"
    size = str(DATA + writer.capacity)
    output = subprocess.run([sys.executable, "-c", INTRUDER, path, size], stdout=subprocess.PIPE, check=True).stdout
    attempts = json.loads(output)
    assert len(attempts) == 18
    refusals = {"EPERM", "EACCES", "EBADF", "EINVAL"}
    assert {name: how for name, how in attempts.items() if how not in refusals} == {}
    assert all(how == "EPERM" for name, how in attempts.items() if name.endswith(f" {os.O_RDWR}") and "pro" not in name)
    assert reader.read(0, 100) == (0, b"intact")
    assert os.fstat(writer.fd).st_size == int(size)
    write(writer, b", and the writer goes on")
    assert reader.read(0, 100) == (0, b"intact, and the writer goes on")


# ── what is no ring ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_ring() -> None:
    pipe, end = os.pipe()
    with pytest.raises(RingError):
        RingReader(pipe)
    os.close(pipe)
    os.close(end)
    for size in (0, HEADER, DATA, DATA + 1, DATA + PAGE):
        fd = os.memfd_create("zeros")
        os.ftruncate(fd, size)
        with pytest.raises(RingError):
            RingReader(fd)
        os.close(fd)


@pytest.mark.parametrize("word", [0, 1, 2], ids=["magic", "version", "capacity"])
def test_another_header(writer: RingWriter, word: int) -> None:
    fd = os.memfd_create("copy")
    header = bytearray(os.pread(writer.fd, DATA + writer.capacity, 0))
    os.write(fd, header)
    RingReader(fd).free()
    header[8 * word] ^= 1
    os.pwrite(fd, header, 0)
    with pytest.raises(RingError, match="no ring of version 2"):
        RingReader(fd)
    os.close(fd)


# ── laid out in a file ───────────────────────────────────────────────────────────────────────────────────────────────


def copied(writer: RingWriter, piece: int = 777) -> RingReader:
    """The same ring as an archive keeps it and lays it out again."""
    reader, fd = RingReader(writer.fd), os.memfd_create("copy")
    begin, end = reader.oldest, reader.written
    pieces = (reader.read(at, min(piece, end - at))[1] for at in range(begin, end, piece))
    lay_out(fd, begin, end, reader.marks(), pieces)
    reader.free()
    copy = RingReader(fd)
    os.close(fd)
    return copy


@pytest.mark.parametrize("size", [0, 1, PAGE, PAGE + 3, PAGE + 4, 100_000])
def test_a_copy_reads_like_the_ring(writer: RingWriter, reader: RingReader, size: int) -> None:
    write(writer, content(0, size))
    copy = copied(writer)
    assert copy.closed
    assert (copy.oldest, copy.written) == (reader.oldest, reader.written)
    for position in (0, 1, size // 2, max(0, size - 10), size):
        assert copy.read(position, 1 << 20) == reader.read(position, 1 << 20)
    if size:
        assert copy.received(copy.oldest) == reader.received(reader.oldest)
    copy.free()


def test_a_copy_is_of_exactly_those_bytes() -> None:
    fd = os.memfd_create("copy")
    for pieces in ([b"four"], [b"sixsix"], []):
        with pytest.raises(ValueError, match=r"of the bytes|more than"):
            lay_out(fd, 10, 15, (b"", b""), pieces)
    os.close(fd)


# ── two processes ────────────────────────────────────────────────────────────────────────────────────────────────────


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
def test_no_chunk_is_torn_and_every_loss_is_told(capacity: int, total: int, most: int) -> None:
    code = f"from tests.test_ring import *; write_for_another_process({capacity}, {total}, {most})"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        fd = os.open(f"/proc/{process.pid}/fd/{int(process.stdout.readline())}", os.O_RDONLY)
        reader = RingReader(fd)
        numbers = random.Random(9)  # noqa: S311
        position = received = lost = 0
        process.stdin.write(b"go\n")
        process.stdin.flush()
        while True:
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
