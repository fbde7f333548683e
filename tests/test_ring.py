"""The ring: what was printed is read, and what is lost is told to the byte. Between processes: test_ring_shared.py."""

from __future__ import annotations

import mmap
import os
import random
import threading
from collections.abc import Iterator

import pytest

from tasker.ring import DATA, HEADER, RingError, RingReader, RingWriter, lay_out
from tests.support.waiting import join, until

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
def test_what_is_lost_is_reported(writer: RingWriter, reader: RingReader, position: int) -> None:
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
    until(lambda: reader.oldest)
    offset, data = reader.read(0, writer.capacity)
    os.write(end, b"x")
    join(thread)
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
    assert taken() <= HEADER + 2 * PAGE + 10 * PAGE  # two pages for timestamps: positions and times


def test_one_that_is_refused_leaves_nothing_behind() -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="Cannot allocate memory"):
        RingWriter(1 << 60)
    assert len(os.listdir("/proc/self/fd")) == before


def test_too_small_a_ring() -> None:
    with pytest.raises(ValueError, match="smaller than a page"):
        RingWriter(PAGE - 1)


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
    with pytest.raises(RingError, match="not a ring of version 3"):
        RingReader(fd)
    os.close(fd)


# ── laid out in a file ───────────────────────────────────────────────────────────────────────────────────────────────


def copied(writer: RingWriter, piece: int = 777) -> RingReader:
    """The same ring as an archive keeps it and lays it out again."""
    reader, fd = RingReader(writer.fd), os.memfd_create("copy")
    begin, end = reader.oldest, reader.written
    pieces = (reader.read(at, min(piece, end - at))[1] for at in range(begin, end, piece))
    lay_out(fd, begin, end, reader.timestamps(), reader.epoch, pieces)
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
        assert copy.epoch == reader.epoch
    copy.free()


def test_a_copy_is_of_exactly_those_bytes() -> None:
    fd = os.memfd_create("copy")
    for pieces in ([b"four"], [b"sixsix"], []):
        with pytest.raises(ValueError, match=r"of the bytes|more than"):
            lay_out(fd, 10, 15, (b"", b""), 0, pieces)
    os.close(fd)
