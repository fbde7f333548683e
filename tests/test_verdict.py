"""What people are told of an end: a table of ends and their lines."""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import Any

import pytest

from tasker.job import Kind, Outcome
from tasker.limits import Limits
from tasker.usage import Pressure, Usage
from tasker.verdict import verdict

MIB = 1 << 20
HALF = Limits(cpu=0.5, memory=512 * MIB, run_time=7200.0)
HELD = Usage(time=1.0, periods=1000, throttled_periods=340)
FULL = Usage(time=1.0, memory_limit_hits=3, memory_peak=512 * MIB, oom_kills=1)
SLOWED = Usage(time=1.0, memory_high_hits=9, memory_pressure=Pressure(0.5, 0.5, 88.0))
HIGH = Limits(memory=64 * MIB, memory_high=16 * MIB, tasks=5)
OWNERS = "the quota of 2G on all of alice's jobs"
TERM, KILL = signal.SIGTERM, signal.SIGKILL

EXITED = Outcome(Kind.EXITED, exit_code=0)
OOM = Outcome(Kind.OUT_OF_MEMORY, signal=KILL)
STOPPED = Outcome(Kind.STOPPED, signal=TERM, stopped_by="alice")
LATE = Outcome(Kind.STOPPED, signal=KILL, stopped_by="alice", killed=True)
RUN = {"limits": HALF, "usage": HELD}


@pytest.mark.parametrize(
    ("outcome", "known", "line"),
    [
        (EXITED, {"seconds": 125.0}, "exited with code 0 after 2m 5s"),
        (
            EXITED,
            RUN | {"seconds": 125.0},
            "exited with code 0 after 2m 5s; the CPU limit of 0.5 held it back 34 % of the time",
        ),
        (EXITED, RUN | {"usage": Usage(time=1.0, periods=100, throttled_periods=4)}, "exited with code 0"),
        (EXITED, {"usage": HELD}, "exited with code 0"),
        (Outcome(Kind.SIGNALLED, signal=11, core_dumped=True), {}, "killed by SIGSEGV (core dumped)"),
        (
            Outcome(Kind.SIGNALLED, signal=KILL, stopped_by="bob"),
            {"seconds": 3.0},
            "killed by SIGKILL, sent by bob after 3.0s",
        ),
        (STOPPED, {"seconds": 180.0, "grace": 10.0}, "stopped by alice after 3m (SIGTERM)"),
        (
            Outcome(Kind.STOPPED, exit_code=9, stopped_by="systemctl"),
            {"seconds": 60.0},
            "stopped by systemctl after 1m (code 9)",
        ),
        (LATE, {"seconds": 180.0, "grace": 10.0}, "stopped by alice: killed after the grace period of 10s"),
        (LATE, {"grace": 0.0}, "stopped by alice: killed at once"),
        (LATE, {}, "stopped by alice (killed)"),
        (
            Outcome(Kind.STOPPED, signal=KILL, stopped_by="tasker", killed=True),
            {"why": "it left its scope", "grace": 0.0},
            "stopped by tasker: it left its scope",
        ),
        (OOM, {"limits": HALF, "usage": FULL}, "killed: out of memory, limit 512M reached 3 times (peak 512M)"),
        (
            OOM,
            {"limits": HALF, "usage": Usage(time=1.0, memory_limit_hits=1)},
            "killed: out of memory, limit 512M reached once",
        ),
        (
            OOM,
            {"limits": HALF, "usage": FULL, "whole": False},
            "killed: out of memory, limit 512M reached at least 3 times (peak at least 512M)",
        ),
        (OOM, {"limits": HALF, "whole": False}, "killed: out of memory, limit 512M reached"),
        (
            OOM,
            {"limits": HALF, "whole": False, "usage": Usage(time=1.0, memory_peak=60 * MIB), "quotas": (OWNERS,)},
            f"killed: out of memory, limit 512M or {OWNERS} reached (peak at least 60M)",
        ),
        (
            OOM,
            {"limits": HALF, "usage": Usage(time=1.0, memory_peak=300 * MIB), "quotas": (OWNERS,)},
            "killed: out of memory, the quota of 2G on all of alice's jobs reached (peak 300M)",
        ),
        (OOM, {"quotas": ("a", "b")}, "killed: out of memory, a or b reached"),
        (OOM, {"usage": Usage(time=1.0)}, "killed: out of memory, the machine had none left"),
        (
            OOM,
            {"limits": HALF, "usage": replace(FULL, task_limit_hits=1, periods=100, throttled_periods=50)},
            "killed: out of memory, limit 512M reached 3 times (peak 512M); "
            "the CPU limit of 0.5 held it back 50 % of the time; a limit on tasks refused 1 process",
        ),
        (
            Outcome(Kind.EXITED, exit_code=2),
            {"limits": HIGH, "usage": Usage(time=1.0, task_limit_hits=3), "seconds": 1.0},
            "exited with code 2 after 1.0s; the tasks limit of 5 refused 3 processes",
        ),
        (
            Outcome(Kind.EXITED, exit_code=2),
            {"limits": HIGH, "usage": Usage(time=1.0, task_limit_hits=1), "refusing": ("limit a", "limit b")},
            "exited with code 2; limit a or limit b refused 1 process",
        ),
        (
            EXITED,
            {"limits": HIGH, "usage": SLOWED, "seconds": 100.0},
            "exited with code 0 after 1m 40s; held back 88 % of the time by memory-high 16M",
        ),
        (
            EXITED,
            {"limits": HIGH, "usage": replace(SLOWED, memory_limit_hits=1), "seconds": 80.0},
            "exited with code 0 after 1m 20s; "
            "held back 100 % of the time by memory-high 16M and the memory limit of 64M",
        ),
        (
            EXITED,
            {"limits": HIGH, "usage": replace(SLOWED, memory_high_hits=0, memory_limit_hits=1), "seconds": 880.0},
            "exited with code 0 after 14m 40s; held back 10 % of the time by the memory limit of 64M",
        ),
        (EXITED, {"limits": HIGH, "usage": SLOWED, "seconds": 8800.0}, "exited with code 0 after 2h 26m"),
        (EXITED, {"limits": HIGH, "usage": replace(SLOWED, memory_high_hits=0)}, "exited with code 0"),
        (
            STOPPED,
            {"limits": HIGH, "usage": replace(SLOWED, memory_pressure=None), "seconds": 180.0, "grace": 10.0},
            "stopped by alice after 3m (SIGTERM); memory-high 16M reached 9 times",
        ),
        (
            Outcome(Kind.TIMED_OUT, signal=TERM),
            {"limits": HALF, "usage": Usage(time=1.0, task_limit_hits=2), "seconds": 7200.0},
            "ended: its run time of 2h was over; a limit on tasks refused 2 processes",
        ),
        (
            Outcome(Kind.TIMED_OUT, signal=TERM),
            {"limits": HALF, "seconds": 7200.3},
            "ended: its run time of 2h was over",
        ),
        (Outcome(Kind.TIMED_OUT, signal=TERM), {}, "ended: its run time was over"),
        (Outcome(Kind.RUN_ENDED), RUN | {"seconds": 5.0}, "ended with the service"),
        (Outcome(Kind.UNKNOWN), {}, "ended; its exit status is unknown"),
    ],
)
def test_the_line(outcome: Outcome, known: dict[str, Any], line: str) -> None:
    arguments = {"limits": Limits(), "usage": None, "seconds": None} | known
    assert verdict(outcome, **arguments) == line


@pytest.mark.parametrize("kind", list(Kind))
def test_every_end_has_a_line(kind: Kind) -> None:
    assert verdict(Outcome(kind), Limits(), None, None)
