"""Readings of a cgroup: every file, those that are missing, the rates between two of them."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import time
from pathlib import Path

import pytest

from tasker.engine.cgroup import Cgroup
from tasker.engine.cgroup_events import CgroupEvents
from tasker.engine.usage import FAST, SHORTEST, Meter, Totals, counted, totals, with_rates
from tasker.usage import Pressure, Usage
from tests.support.stack import Stack
from tests.support.waiting import DEADLINE, until

FILES = {
    "cgroup.events": "populated 1\nfrozen 0\n",
    "cpu.stat": "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\n"
    "nr_periods 50\nnr_throttled 20\nthrottled_usec 1500000\nnr_bursts 0\nburst_usec 0\n",
    "memory.current": "4096\n",
    "memory.peak": "8192\n",
    "memory.swap.current": "12288\n",
    "memory.pressure": "some avg10=7.00 avg60=0.00 avg300=0.00 total=3000000\n"
    "full avg10=5.00 avg60=0.00 avg300=0.00 total=2000000\n",
    "memory.events": "low 0\nhigh 6\nmax 3\noom 1\noom_kill 2\noom_group_kill 0\n",
    "io.stat": "254:0 rbytes=1000 wbytes=20 rios=1 wios=2 dbytes=7 dios=8\n8:16 \n7:0 rbytes=5 wbytes=1 rios=1\n",
    "pids.current": "7\n",
    "pids.events": "max 4\n",
    "cpu.pressure": "some avg10=12.50 avg60=0.00 avg300=0.00 total=1500000\n",
    "io.pressure": "some avg10=34.00 avg60=1.00 avg300=1.00 total=2000000\n"
    "full avg10=30.00 avg60=1.00 avg300=1.00 total=1000000\n",
}


def cgroup(directory: Path, files: dict[str, str]) -> Cgroup:
    for name, text in files.items():
        (directory / name).write_text(text)
    return Cgroup(directory)


def test_a_reading_has_what_the_files_say(tmp_path: Path) -> None:
    usage = Meter().read(cgroup(tmp_path, FILES))
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
        memory_pressure=Pressure(0.07, 0.05, 3.0),
        io_pressure=Pressure(0.34, 0.3, 2.0),
        task_limit_hits=4,
        memory_high_hits=6,
    )


def test_what_the_machine_does_not_have_is_none(tmp_path: Path) -> None:
    usage = Meter().read(cgroup(tmp_path, {"cgroup.events": "populated 1\n", "cpu.stat": "usage_usec 0\n"}))
    assert usage == Usage(time=usage.time if usage else 0.0)


def test_a_cgroup_that_is_gone_has_no_reading(tmp_path: Path) -> None:
    gone = cgroup(tmp_path, FILES)
    for name in FILES:
        (tmp_path / name).unlink()
    assert Meter().read(gone) is None


@pytest.mark.parametrize("first", ["memory.peak", "memory.events", "memory.pressure", "pids.events", "io.stat"])
def test_what_a_cgroup_that_goes_says_no_more_is_kept_and_no_last_reading(tmp_path: Path, first: str) -> None:
    """The kernel removes the files of the controllers first, and cgroup.events last."""
    going = cgroup(tmp_path, FILES)
    meter = Meter()
    meter.read_counters(going)
    before = meter.last
    (tmp_path / "cgroup.events").write_text("populated 0\nfrozen 0\n")
    (tmp_path / first).unlink()
    assert meter.read(going) is None
    assert not meter.final
    assert before is not None
    assert meter.last is not None
    assert (meter.last.memory_peak, meter.last.oom_kills, meter.last.io_read) == (8192, 2, 1005)
    assert (meter.last.task_limit_hits, meter.last.memory_high_hits) == (4, 6)
    assert meter.last.memory_pressure == Pressure(0.07, 0.05, 3.0)


def test_every_file_that_the_last_reading_needs_is_kept_open(tmp_path: Path) -> None:
    """What was opened can be read for as long as the cgroup is there; a name may be gone before."""
    kept = cgroup(tmp_path, FILES)
    kept.keep_open(*FAST)
    whole = counted(kept)
    assert whole is not None
    for name in FILES:
        (tmp_path / name).unlink()
    after = counted(kept)
    assert after is not None
    assert dataclasses.replace(after, time=whole.time) == whole


def test_a_refused_process_is_noted_at_once(tmp_path: Path) -> None:
    """The job may end with its next instruction, and systemd removes the cgroup then."""
    meter, going = Meter(), cgroup(tmp_path, FILES)
    meter.read_counters(going)
    (tmp_path / "pids.events").write_text("max 9\n")
    meter.pids_event(going)
    assert meter.last is not None
    assert meter.last.task_limit_hits == 9


def test_rates_are_of_the_time_since_the_reading_before() -> None:
    before = Usage(time=100.0, cpu_time=1.0, io_read=1000, io_write=5000)
    now = with_rates(Usage(time=102.0, cpu_time=2.0, io_read=5000, io_write=5000), before, 2.0)
    assert (now.cpu_rate, now.io_read_rate, now.io_write_rate) == (0.5, 2000.0, 0.0)


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
    assert rates(tmp_path, [1.0, 1.0 + SHORTEST / 2, 3.0, 3.0 + SHORTEST / 2, 5.0]) == [None, None, 1.0, 1.0, 1.0]


def test_rates_go_on_where_the_clock_is_set_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter([9000.0, 5400.0, 5402.0])
    monkeypatch.setattr(time, "time", lambda: next(said))
    assert rates(tmp_path, [1.0, 3.0, 5.0]) == [None, 1.0, 1.0]


def rates(directory: Path, seconds: list[float]) -> list[float | None]:
    """The CPU rates of a job that uses one core, read at those seconds."""
    clock = iter(seconds)
    meter = Meter(lambda: next(clock))
    busy = cgroup(directory, FILES)
    found = []
    for second in seconds:
        (directory / "cpu.stat").write_text(f"usage_usec {second * 1e6:.0f}\n")
        usage = meter.read(busy)
        assert usage is not None
        assert usage.cpu_time == second
        found.append(usage.cpu_rate)
    return found


def test_totals_are_what_was_read_and_what_systemd_counted_the_larger() -> None:
    meter = Meter()
    assert totals(meter, Totals(), ended=9.0) is None
    assert totals(meter, Totals(cpu_time=1.5), ended=9.0) == Usage(time=9.0, cpu_time=1.5)
    meter.last = Usage(time=8.0, cpu_time=1.0, memory=5, tasks=1, memory_peak=7, io_write=10, cpu_rate=1.0)
    told = Totals(cpu_time=1.5, memory_peak=6, io_read=3, io_write=0)
    assert totals(meter, told, ended=9.0) == Usage(time=8.0, cpu_time=1.5, memory_peak=7, io_read=3, io_write=10)


def test_the_totals_are_read_at_the_end_and_outlive_the_engine(tasker: Stack) -> None:
    go = tasker.directory / "go"
    os.mkfifo(go)
    go.chmod(0o666)
    job = tasker.start_job("sh", "-c", f"read x < {go}")
    for file, text in FILES.items():
        tasker.systemd.do("write", unit=job.unit, file=file, text=text)
    go.write_text("x\n")
    usage = tasker.wait(job).usage
    assert usage is not None
    assert (usage.cpu_time, usage.memory_peak, usage.io_read, usage.oom_kills) == (2.5, 8192, 1005, 2)
    assert (usage.memory, usage.tasks, usage.cpu_rate) == (None, None, None)
    tasker.engine.restart()
    assert tasker.get(job).usage == usage


def test_what_is_told_of_memory_is_read_at_once(tmp_path: Path) -> None:
    """Where memory ran out, systemd knows as early as we do, and removes the cgroup as soon as it is empty."""

    async def main() -> Usage | None:
        events, told, meter = CgroupEvents(), asyncio.Event(), Meter()
        watched = cgroup(tmp_path, FILES)
        meter.read(watched)

        def memory_event() -> None:
            meter.memory_event(watched)
            told.set()

        assert events.watch(watched, memory_event, "memory.events")
        assert not events.watch(watched, memory_event, "memory.nothing")
        (tmp_path / "memory.peak").write_text("16384\n")
        with (tmp_path / "memory.events").open("r+") as file:  # in one write, as the kernel changes it
            file.write(FILES["memory.events"].replace("max 3", "max 7").replace("oom_kill 2", "oom_kill 9"))
        await asyncio.wait_for(told.wait(), DEADLINE)
        for name in FILES:
            (tmp_path / name).unlink()
        assert meter.read(watched) is None
        return totals(meter, Totals(), 1.0)

    usage = asyncio.run(main())
    assert usage is not None
    assert (usage.memory_limit_hits, usage.oom_kills, usage.memory_peak) == (7, 9, 16384)


def test_of_a_job_at_its_memory_limit_only_that_is_read_until_memory_runs_out(tmp_path: Path) -> None:
    """The kernel tells of it 100 times a second, of each such job."""
    meter, short = Meter(), cgroup(tmp_path, FILES)
    meter.memory_event(short)
    (tmp_path / "memory.peak").write_text("16384\n")
    for events, peak in (("max 7\noom 1\noom_kill 2\n", 8192), ("max 8\noom 2\noom_kill 2\n", 16384)):
        (tmp_path / "memory.events").write_text(events)
        meter.memory_event(short)
        assert meter.last is not None
        assert (meter.last.memory_limit_hits, meter.last.memory_peak) == (int(events[4]), peak)
