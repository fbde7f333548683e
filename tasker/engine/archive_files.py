"""The files of archived jobs, and slow operations on them, which archive.py and unpacked.py run in threads.

    <root>/<run>/<id>.gz     the output that the ring still held, for zcat
    <root>/<run>/<id>.job    a line of JSON, an ArchiveRecord; then the timestamps of the ring: positions, times

Each file is written under a temporary name, synced and renamed, the output first: a job is archived once its .job file
exists. Only root may enter the directories. All files are deleted at the end of the run.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tasker import wire
from tasker.bounds import Count
from tasker.job import Job
from tasker.ring import RingReader, lay_out

log = logging.getLogger(__name__)

PIECE = 1 << 20
"""Bytes held in memory at once."""
_GZIP = 31  # zlib: the largest window, with gzip's header
_QUICK = 1  # zlib's level: text gets a third larger than at the default level, three times as fast
_NEW = ".new"


class Cancelled(Exception):
    """The engine is exiting, and the operation was not completed."""


@dataclass(frozen=True)
class ArchiveRecord:
    """`begin` and `end` are positions in the job's output; output before `begin` is lost. `epoch` is the ring's."""

    job: Job
    begin: Count
    end: Count
    epoch: Count


class ArchiveFiles:
    def __init__(self, root: Path, run: str) -> None:
        self._root = root
        self._directory = root / run
        self.stop = threading.Event()
        """Set at exit: every operation under way raises Cancelled."""

    def load(self) -> list[tuple[Job, int]]:
        """Returns this run's archived jobs and their sizes in bytes. Deletes other runs' archives and incomplete
        ones."""
        if not self._root.exists():
            return []
        for other in self._root.iterdir():
            if other != self._directory:
                shutil.rmtree(other, ignore_errors=True)
        found = []
        for path in self._directory.iterdir() if self._directory.exists() else ():
            if path.suffix == ".job":
                try:
                    found.append((self._record(path.stem).job, self._size(path.stem)))
                except (OSError, ValueError) as error:
                    log.error("cannot read %s, so its job is not listed: %s", path, error)
            elif path.suffix != ".gz" or not path.with_suffix(".job").exists():
                path.unlink()
        return found

    def write(self, job: Job, ring: RingReader) -> int:
        """Archives an ended job; returns its size on disk in bytes. Raises OSError and leaves no file on failure."""
        if self.stop.is_set():  # at the end of the run the directory may be gone already
            raise Cancelled
        for directory in (self._root, self._directory):
            directory.mkdir(mode=0o700, exist_ok=True)
        begin, end = ring.oldest, ring.written
        record = wire.to_text(ArchiveRecord(job, begin, end, ring.epoch)).encode() + b"\n"
        try:
            self._put(f"{job.id}.gz", self._compressed(ring, begin, end))
            self._put(f"{job.id}.job", (record, *ring.timestamps()))
        except BaseException:
            self.delete(job.id)
            raise
        return self._size(job.id)

    def unpack(self, id: str) -> int:
        """Returns a read-only descriptor of a ring with the job's output, in an unnamed file.

        Raises OSError, FileNotFoundError if the job is not archived, and ValueError if its files are damaged.
        """
        record, (positions, times) = self._record(id), self._timestamps(id)
        with tempfile.TemporaryFile(dir=self._directory, prefix="attach", suffix=_NEW) as file:
            try:
                pieces = self._uncompressed(id)
                lay_out(file.fileno(), record.begin, record.end, (positions, times), record.epoch, pieces)
            except zlib.error as error:
                raise ValueError(str(error)) from error
            return os.open(f"/proc/self/fd/{file.fileno()}", os.O_RDONLY | os.O_CLOEXEC)

    def delete(self, id: str) -> None:
        """Deletes the files of a job, if there are any."""
        for name in (f"{id}.job", f"{id}.gz", f"{id}.job{_NEW}", f"{id}.gz{_NEW}"):
            (self._directory / name).unlink(missing_ok=True)

    def delete_all(self) -> None:
        """Deletes all archives of this run, at its end."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def _record(self, id: str) -> ArchiveRecord:
        with (self._directory / f"{id}.job").open("rb") as file:
            line = file.readline()
        try:
            record = wire.from_text(ArchiveRecord, line.decode())
        except wire.WireError as error:
            raise ValueError(str(error)) from error
        if record.job.id != id:
            raise ValueError(f"it is the record of job {record.job.id}")
        return record

    def _timestamps(self, id: str) -> tuple[bytes, bytes]:
        _, _, timestamps = (self._directory / f"{id}.job").read_bytes().partition(b"\n")
        half = len(timestamps) // 2
        return timestamps[:half], timestamps[half:]

    def _size(self, id: str) -> int:
        return sum((self._directory / f"{id}{suffix}").stat().st_size for suffix in (".gz", ".job"))

    def _put(self, name: str, pieces: Iterable[bytes]) -> None:
        new, path = self._directory / f"{name}{_NEW}", self._directory / name
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            for piece in pieces:
                left = memoryview(piece)
                while left:
                    left = left[os.write(fd, left) :]
            os.fsync(fd)
        finally:
            os.close(fd)
        new.rename(path)
        directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _compressed(self, ring: RingReader, begin: int, end: int) -> Iterator[bytes]:
        packer = zlib.compressobj(_QUICK, wbits=_GZIP)
        for at in range(begin, end, PIECE):
            self._go_on()
            yield packer.compress(ring.read(at, min(PIECE, end - at))[1])
        yield packer.flush()

    def _uncompressed(self, id: str) -> Iterator[bytes]:
        unpacker = zlib.decompressobj(_GZIP)
        with (self._directory / f"{id}.gz").open("rb") as file:
            while packed := unpacker.unconsumed_tail or file.read(PIECE):
                self._go_on()
                yield unpacker.decompress(packed, PIECE)
        yield unpacker.flush()

    def _go_on(self) -> None:
        if self.stop.is_set():
            raise Cancelled
