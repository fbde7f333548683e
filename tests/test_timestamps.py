"""When what came: a timestamp for every millisecond, coarser with age, never unknown, never torn."""

from __future__ import annotations

import mmap
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasker import timestamps
from tasker.ring import RingReader, RingWriter
from tasker.timestamps import Timestamp, TimestampReader, TimestampWriter
from tests.support.waiting import next_line, until

REPOSITORY = Path(__file__).parent.parent
MOST = timestamps.MOST


class Timestamps:
    """Both sides on memory of this process."""

    def __init__(self) -> None:
        words = memoryview(bytearray(64)).cast("Q")
        area = memoryview(bytearray(timestamps.AREA)).cast("Q")
        self.writer, self.reader = TimestampWriter(words, area), TimestampReader(words, area)

    def add(self, position: int, time: int, oldest: int = 0) -> None:
        self.writer.add(position, time, oldest)


def test_every_byte_has_the_time_at_which_it_came() -> None:
    kept = Timestamps()
    for position, at in ((0, 1000), (10, 1001), (11, 5000)):
        kept.add(position, at)
    assert kept.reader.at(0, 20) == kept.reader.at(9, 20) == Timestamp(1.0, 10)
    assert kept.reader.at(10, 20) == Timestamp(1.001, 11)
    assert kept.reader.at(11, 20) == kept.reader.at(19, 20) == Timestamp(5.0, 20)
    assert kept.reader.at(5, 7) == Timestamp(1.0, 7)  # what comes after that was not asked about


@pytest.mark.parametrize(
    ("since", "position"), [(0, 0), (1.0, 0), (1.0005, 10), (1.001, 10), (2, 11), (5, 11), (5.001, 20)]
)
def test_the_first_byte_since(since: float, position: int) -> None:
    kept = Timestamps()
    for timestamp in ((0, 1000), (10, 1001), (11, 5000)):
        kept.add(*timestamp)
    assert kept.reader.since(since, 20) == position


def test_nothing_came() -> None:
    assert Timestamps().reader.since(0, 0) == 0


def test_a_clock_that_was_set_back() -> None:
    """Everything from the position on is of that time or later, as the clock has it now."""
    kept = Timestamps()
    for timestamp in ((0, 9000), (10, 1000), (20, 2000)):
        kept.add(*timestamp)
    assert kept.reader.since(1.5, 30) == 20
    assert kept.reader.since(0.5, 30) == 0
    assert kept.reader.at(15, 30) == Timestamp(1.0, 20)


def test_where_they_are_full_the_old_become_coarser_and_nothing_unknown() -> None:
    kept = Timestamps()
    for n in range(4 * MOST):
        kept.add(7 * n, n)
    last = 4 * MOST - 1
    written = 7 * last + 7
    for n in random.Random(1).sample(range(4 * MOST), 2000):  # noqa: S311
        time, end = kept.reader.at(7 * n + 3, written)
        assert end > 7 * n + 3
        age = last - n
        assert 0 <= n / 1000 - time <= age * 2 / 1000, f"the timestamp of {n} is of {time}"
    for n in range(last, last - MOST // 3, -1):
        assert kept.reader.at(7 * n, written) == Timestamp(n / 1000, 7 * n + 7)  # the newest are exact
    assert kept.reader.at(0, written).time == 0.0
    assert kept.reader.since(0, written) == 0


def test_those_of_lost_bytes_go_first() -> None:
    """A ring that holds little of what is marked is exact for all it holds; when it began stays known."""
    kept = Timestamps()
    held = MOST // 2
    for n in range(5 * MOST):
        kept.add(n, n, oldest=n - held)
    last = 5 * MOST - 1
    for n in range(last - held, last):
        assert kept.reader.at(n, last + 1) == Timestamp(n / 1000, n + 1)
    assert kept.reader.since(0, last + 1) == 0
    assert kept.reader.since(1.0, last + 1) <= last - held  # not known any more where exactly, and those are lost


def test_a_ring_marks_what_it_takes() -> None:
    writer = RingWriter(1 << 16)
    reader = RingReader(writer.fd)
    pipe, end = os.pipe()
    before = int(time.monotonic() * 1000) / 1000
    for text in (b"one", b"two"):
        os.write(end, text)
        writer.read_from(pipe, 100)
        taken = time.monotonic()
        until(lambda: time.monotonic() > taken + 0.002)  # noqa: B023 # so that the next text comes at another time
    after = time.monotonic()
    first, second = reader.received(0), reader.received(3)
    assert before <= first.time < second.time <= after
    assert (first.end, second.end) == (3, 6)
    assert reader.since(before) == 0
    assert reader.since(second.time) == 3
    assert reader.since(after) == 6
    assert writer.held == 6 + 2 * 16
    reader.free()
    writer.free()
    os.close(pipe)
    os.close(end)


def mark_for_another_process(total: int) -> None:
    """The other process: timestamps as fast as it goes, timestamp n at position 3n with time n. Ends with its stdin."""
    fd = os.memfd_create("timestamps")
    os.ftruncate(fd, 4096 + timestamps.AREA)
    whole = memoryview(mmap.mmap(fd, 4096 + timestamps.AREA))
    words = whole[:4096].cast("Q")
    writer = TimestampWriter(words, whole[4096:].cast("Q"))
    print(fd, flush=True)
    sys.stdin.readline()
    for n in range(total):
        writer.add(3 * n, n, 3 * (n - MOST))
        words[0] = 3 * n + 3  # what a ring calls WRITTEN
    sys.stdin.read()


def test_no_mark_is_torn() -> None:
    """While another process adds and moves timestamps, a reader sees only those that were added, of its byte."""
    total = 20 * MOST
    code = f"from tests.test_timestamps import *; mark_for_another_process({total})"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        path = f"/proc/{process.pid}/fd/{int(next_line(process))}"
        with open(path, "rb") as file:
            whole = memoryview(mmap.mmap(file.fileno(), 4096 + timestamps.AREA, prot=mmap.PROT_READ))
        words = whole[:4096].cast("Q")
        reader = TimestampReader(words, whole[4096:].cast("Q"))
        numbers = random.Random(9)  # noqa: S311
        process.stdin.write(b"go\n")
        process.stdin.flush()
        generations, looks = set(), 0
        while (written := words[0]) < 3 * total:
            if not written:  # spins, because the memory gives no event
                os.sched_yield()
                continue
            position = numbers.randrange(max(0, written - 3 * MOST), written)
            seen, end = reader.at(position, written)
            number = round(seen * 1000)
            assert 3 * number <= position < end, "a timestamp of another byte"
            assert end % 3 == 0
            looks += 1
            if looks % 100 == 0:
                positions, times = (memoryview(part).cast("Q").tolist() for part in reader.copy())
                assert positions == [3 * n for n in times], "positions and times do not belong together"
                assert positions == sorted(positions)
            generations.add(words[timestamps.GENERATION])
        assert looks > 1000
        assert len(generations) > 5  # else nothing was moved under the reader's eyes
