"""Readings of a cgroup: every file, those that are missing, the rates between two of them."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from tasker.engine.cgroup import Cgroup
from tasker.engine.table import Entry
from tasker.engine.usage import measure, read, with_rates
from tasker.usage import Pressure, Usage
from tests.engine.jobs import a_job
from tests.stack import Stack, until

FILES = {
    "cpu.stat": "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\n"
    "nr_periods 50\nnr_throttled 20\nthrottled_usec 1500000\nnr_bursts 0\nburst_usec 0\n",
    "memory.current": "4096\n",
    "memory.peak": "8192\n",
    "memory.swap.current": "12288\n",
    "memory.events": "low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\noom_group_kill 0\n",
    "io.stat": "254:0 rbytes=1000 wbytes=20 rios=1 wios=2 dbytes=7 dios=8\n8:16 \n7:0 rbytes=5 wbytes=1 rios=1\n",
    "pids.current": "7\n",
    "cpu.pressure": "some avg10=12.50 avg60=0.00 avg300=0.00 total=1500000\n",
    "io.pressure": "some avg10=34.00 avg60=1.00 avg300=1.00 total=2000000\n"
    "full avg10=30.00 avg60=1.00 avg300=1.00 total=1000000\n",
}


def cgroup(directory: Path, files: dict[str, str]) -> Cgroup:
    for name, text in files.items():
        (directory / name).write_text(text)
    return Cgroup(directory)


def test_a_reading_has_what_the_files_say(tmp_path: Path) -> None:
    usage = read(cgroup(tmp_path, FILES))
    assert usage == Usage(
        time=usage.time if usage else 0.0,
        cpu_time=2.5,
        periods=50,
        throttled_periods=20,
        throttled_time=1.5,
        memory=4096,
        memory_peak=8192,
        swap=12288,
        memory_limit_hits=3,
        oom_kills=2,
        io_read=1005,
        io_write=21,
        tasks=7,
        cpu_pressure=Pressure(0.125, 0.0, 1.5),
        memory_pressure=None,
        io_pressure=Pressure(0.34, 0.3, 2.0),
    )


def test_what_the_machine_does_not_have_is_none(tmp_path: Path) -> None:
    usage = read(cgroup(tmp_path, {"cpu.stat": "usage_usec 0\nuser_usec 0\nsystem_usec 0\n"}))
    assert usage == Usage(time=usage.time if usage else 0.0)


def test_a_cgroup_that_is_gone_has_no_reading(tmp_path: Path) -> None:
    gone = cgroup(tmp_path, FILES)
    for name in FILES:
        (tmp_path / name).unlink()
    assert read(gone) is None


def test_rates_are_of_the_time_since_the_reading_before() -> None:
    before = Usage(time=100.0, cpu_time=1.0, io_read=1000, io_write=5000)
    now = with_rates(Usage(time=102.0, cpu_time=2.0, io_read=5000, io_write=5000), before)
    assert (now.cpu_rate, now.io_read_rate, now.io_write_rate) == (0.5, 2000.0, 0.0)
    assert with_rates(before, None) == before


def test_get_shows_the_use_of_a_running_job(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60")
    for file, text in FILES.items():
        tasker.systemd.do("write", unit=job.unit, file=file, text=text)
    first = tasker.get(job).usage
    assert first is not None
    assert (first.cpu_time, first.memory_peak, first.tasks) == (2.5, 8192, 7)
    more = FILES["cpu.stat"].replace("2500000", "9500000")
    tasker.systemd.do("write", unit=job.unit, file="cpu.stat", text=more)
    until(lambda: (tasker.get(job).usage or first).cpu_rate)
    assert tasker.get(job).usage.cpu_time == 9.5  # type: ignore[union-attr]


def test_a_reading_right_after_another_has_the_rates_of_that_one(tmp_path: Path) -> None:
    """Over so short a time a rate says nothing: the kernel counts in steps of some milliseconds."""

    async def run() -> None:
        entry = Entry(a_job("abc"), cgroup=cgroup(tmp_path, FILES))
        first = measure(entry)
        assert first is not None
        entry.reading = dataclasses.replace(first, cpu_rate=0.25)
        second = measure(entry)
        assert second is not None
        assert second.cpu_rate == 0.25
        entry.reading = dataclasses.replace(first, time=first.time - 10, cpu_time=0.0)
        third = measure(entry)
        assert third is not None
        assert third.cpu_rate == pytest.approx(0.25, abs=0.01)

    asyncio.run(run())
