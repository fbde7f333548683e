"""A job's output in shared memory: one writer, any number of readers in other processes, no lock.

    ┌ header, one page ──────────────────────────────┬ timestamps.AREA ┬ capacity bytes ────────┐
    │ magic version capacity RESERVED WRITTEN CLOSED │ times received: │ byte p at p % capacity │
    │ GENERATION COUNT EPOCH                         │ timestamps.py   │                        │
    └────────────────────────────────────────────────┴─────────────────┴────────────────────────┘

Positions count every byte ever written and never wrap. The writer publishes RESERVED before it overwrites and WRITTEN
after; a reader copies first and reads RESERVED after, so its copy from p on is intact exactly if p >= RESERVED -
capacity. The numbers of the header are aligned 64-bit words, each stored by one instruction; x86-64 guarantees the
order of stores that this needs.

The memory is a memfd, sealed so that other holders of a descriptor can neither resize nor write it. Pages are allocated
only as bytes are written. Standard library only: the collector imports this.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import time
from collections.abc import Iterable

from tasker import timestamps
from tasker.timestamps import Timestamp, TimestampReader, TimestampWriter

MAGIC = 0x31474E49524B5354  # "TSKRING1"
VERSION = 3
HEADER = mmap.PAGESIZE
DATA = HEADER + timestamps.AREA
"""Where the bytes begin."""

_BYTES_PER_TIMESTAMP, _FEWEST_TIMESTAMPS = 64, 256
_MAGIC, _VERSION, _CAPACITY, _RESERVED, _WRITTEN, _CLOSED = range(6)
_EPOCH = 8
"""Milliseconds to add to CLOCK_MONOTONIC for the time of day, by the clock when the ring was made. Words 6 and 7 belong
to timestamps.py."""
_F_SEAL_FUTURE_WRITE = 0x10  # linux/fcntl.h; Python's fcntl does not name it


class RingError(Exception):
    """A descriptor that is not a ring of this version."""


def timestamps_of(capacity: int) -> int:
    """The most timestamps that a ring of `capacity` bytes has: they take a quarter of that, or two pages."""
    return min(timestamps.MOST, max(_FEWEST_TIMESTAMPS, capacity // _BYTES_PER_TIMESTAMP))


def most_memory(capacity: int) -> int:
    """The most memory in bytes that a ring of `capacity` bytes takes: output, timestamps and header, in pages."""
    pages = [capacity, HEADER, *2 * [8 * timestamps_of(capacity)]]
    return sum(-(-size // mmap.PAGESIZE) * mmap.PAGESIZE for size in pages)


class RingWriter:
    """The writing side. `fd` may be sent to any process that may read the output."""

    def __init__(self, capacity: int) -> None:
        """`capacity` in bytes, at least one page. Raises OSError if there is no memory."""
        if capacity < mmap.PAGESIZE:
            raise ValueError(f"a ring of {capacity} bytes is smaller than a page")
        self.capacity = capacity
        self.fd = os.memfd_create("tasker-ring", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(self.fd, DATA + capacity)
            self._map = mmap.mmap(self.fd, DATA + capacity)
        except OSError:
            os.close(self.fd)
            raise
        seals = fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | _F_SEAL_FUTURE_WRITE | fcntl.F_SEAL_SEAL
        fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, seals)
        self._whole = memoryview(self._map)
        self._data = self._whole[DATA:]
        self._words = self._whole[:HEADER].cast("Q")
        self._area = self._whole[HEADER:DATA].cast("Q")
        self._timestamps = TimestampWriter(self._words, self._area, timestamps_of(capacity))
        self._words[_VERSION] = VERSION
        self._words[_CAPACITY] = capacity
        self._words[_EPOCH] = (time.time_ns() - time.monotonic_ns()) // 1_000_000
        self._words[_MAGIC] = MAGIC
        self.written = 0

    def read_from(self, fd: int, most: int) -> int:
        """Moves available bytes from `fd` into the ring without a copy, at most `most` and half of the ring; returns
        their number, 0 at end of file.

        Raises what os.readv raises, BlockingIOError included; the ring is then unchanged.
        """
        most = min(most, self.capacity // 2)  # the other half stays readable meanwhile
        at = self.written % self.capacity
        first = min(most, self.capacity - at)
        places = [self._data[at : at + first]]
        if most > first:
            places.append(self._data[: most - first])
        words = self._words
        words[_RESERVED] = self.written + most
        try:
            count = os.readv(fd, places)
            now = time.monotonic_ns() // 1_000_000
            if count and now != self._timestamps.last:
                self._timestamps.add(self.written, now, self.written + count - self.capacity)
            self.written += count
            words[_WRITTEN] = self.written
        finally:
            words[_RESERVED] = self.written
        return count

    @property
    def held(self) -> int:
        """Bytes of memory that the ring takes, without the header."""
        return min(self.written, self.capacity) + self._timestamps.held

    @property
    def closed(self) -> bool:
        return bool(self._words[_CLOSED])

    def close(self) -> None:
        """Publishes that no byte follows. Readers keep what is in the ring."""
        self._words[_CLOSED] = 1

    def free(self) -> None:
        """Frees the memory, unless a reader still maps it."""
        self._timestamps.release()
        self._area.release()
        self._words.release()
        self._data.release()
        self._whole.release()
        self._map.close()
        os.close(self.fd)


class RingReader:
    """The reading side, on a descriptor that it does not keep."""

    def __init__(self, fd: int) -> None:
        """Raises RingError, or OSError if `fd` cannot be mapped."""
        size = os.fstat(fd).st_size
        if size <= DATA:
            raise RingError(f"{size} bytes are not a ring")
        self._map = mmap.mmap(fd, size, prot=mmap.PROT_READ)
        self._whole = memoryview(self._map)
        self._data = self._whole[DATA:]
        self._words = self._whole[:HEADER].cast("Q")
        self._area = self._whole[HEADER:DATA].cast("Q")
        self._timestamps = TimestampReader(self._words, self._area)
        magic, version, self.capacity = self._words[_MAGIC], self._words[_VERSION], self._words[_CAPACITY]
        if (magic, version, self.capacity) != (MAGIC, VERSION, size - DATA):
            self.free()
            raise RingError(f"not a ring of version {VERSION}: magic {magic:#x}, version {version}")

    @property
    def written(self) -> int:
        """The number of bytes that the job has printed."""
        return self._words[_WRITTEN]

    @property
    def closed(self) -> bool:
        """Whether no byte follows `written`. Read this before `written`."""
        return bool(self._words[_CLOSED])

    @property
    def oldest(self) -> int:
        """The first position that is still held."""
        return max(0, self._words[_RESERVED] - self.capacity)

    def read(self, position: int, most: int) -> tuple[int, bytes]:
        """Returns (offset, bytes) from `position` on, up to `most` bytes; b"" if there is nothing new.

        An offset beyond `position` means that the bytes in between are lost.
        """
        while True:
            position = max(position, self.oldest)
            count = min(most, self.written - position)
            if count <= 0:
                return position, b""
            at = position % self.capacity
            first = min(count, self.capacity - at)
            data = bytes(self._data[at : at + first])
            if count > first:
                data += self._data[: count - first]
            overwritten = self.oldest - position
            if overwritten <= 0:
                return position, data
            if overwritten < len(data):
                return position + overwritten, data[overwritten:]

    def received(self, position: int) -> Timestamp:
        """When the byte at `position`, which is before `written`, was received, and where bytes of another time
        begin."""
        return self._timestamps.at(position, self.written)

    @property
    def epoch(self) -> int:
        """Milliseconds to add to the time of a timestamp to get the time of day. One value holds for the whole ring, so
        setting the clock changes neither the order nor the labels of timestamps."""
        return self._words[_EPOCH]

    def since(self, moment: float) -> int:
        """The position of the first byte received at `moment` (CLOCK_MONOTONIC) or later; `written` if there is
        none."""
        return self._timestamps.since(moment, self.written)

    def timestamps(self) -> tuple[bytes, bytes]:
        """Positions and times of all timestamps, for `lay_out`."""
        return self._timestamps.copy()

    def free(self) -> None:
        self._timestamps.release()
        self._area.release()
        self._words.release()
        self._data.release()
        self._whole.release()
        self._map.close()


def lay_out(fd: int, begin: int, end: int, when: tuple[bytes, bytes], epoch: int, pieces: Iterable[bytes]) -> None:
    """Writes a closed ring into an empty file: the bytes from `begin` to `end` of an output, with timestamps and epoch.

    Raises OSError if there is no room, ValueError if `pieces` are not exactly those bytes.
    """
    capacity = end - begin if begin else max(end, mmap.PAGESIZE)
    os.ftruncate(fd, DATA + capacity)
    header = memoryview(bytearray(HEADER)).cast("Q")
    header[_MAGIC], header[_VERSION], header[_CAPACITY] = MAGIC, VERSION, capacity
    header[_RESERVED] = header[_WRITTEN] = end
    header[_EPOCH] = epoch
    header[_CLOSED], header[timestamps.COUNT] = 1, len(when[0]) // 8
    for offset, part in ((0, header), (HEADER, when[0]), (HEADER + timestamps.AREA // 2, when[1])):
        _write(fd, part, offset)
    at = begin
    for piece in pieces:
        if at + len(piece) > end:
            raise ValueError(f"more than the bytes {begin} to {end}")
        first = min(len(piece), capacity - at % capacity)
        _write(fd, piece[:first], DATA + at % capacity)
        _write(fd, piece[first:], DATA)
        at += len(piece)
    if at != end:
        raise ValueError(f"only {at - begin} of the bytes {begin} to {end}")


def _write(fd: int, part: bytes | memoryview, offset: int) -> None:
    left = memoryview(part).cast("B")
    while left:
        count = os.pwrite(fd, left, offset)
        left, offset = left[count:], offset + count
