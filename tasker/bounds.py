"""The values that a field may hold, declared beside its type: `signal: Annotated[int, Range(1, 64)]`.

wire.codec enforces the bounds of every message, job record and archive, when writing and when reading, so no process
sends a value that its peer would refuse. Values within bounds are safe in arithmetic, in names of files and units, and
in system calls. The ranges for requests of users are narrower: see job.check_spec and limits.check_limits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True)
class Range:
    """The numbers from `smallest` to `largest`. NaN is in no range."""

    smallest: float
    largest: float

    def __contains__(self, value: float) -> bool:
        return self.smallest <= value <= self.largest

    def __str__(self) -> str:
        return f"a number from {self.smallest} to {self.largest}"


@dataclass(frozen=True)
class Matching:
    """The texts that `pattern` matches in full; `what` names them in an error."""

    pattern: re.Pattern[str]
    what: str

    def __contains__(self, value: str) -> bool:
        return self.pattern.fullmatch(value) is not None

    def __str__(self) -> str:
        return self.what


Count = Annotated[int, Range(0, (1 << 63) - 1)]
"""Bytes, positions, numbers of things."""
Uid = Annotated[int, Range(0, (1 << 32) - 2)]
"""A uid or gid. setresuid and chown take 2^32 - 1 as -1: leave the id, which is root's, unchanged."""
Pid = Annotated[int, Range(0, 1 << 22)]
"""0: none. proc(5), pid_max."""
SignalNumber = Annotated[int, Range(1, 64)]
Nice = Annotated[int, Range(-20, 19)]
"""See nice(2)."""
ErrorNumber = Annotated[int, Range(0, 4095)]
"""0: no error. The kernel's MAX_ERRNO."""
ExitCode = Annotated[int, Range(0, 255)]
ExitSignal = Annotated[int, Range(0, 127)]
"""The seven bits of a wait status: wider than SignalNumber, so that no exit status is lost."""

Time = Annotated[float, Range(0, 253_402_300_799)]
"""Seconds since the epoch, up to the year 9999."""
Moment = Annotated[float, Range(0, 1e15)]
"""Seconds on CLOCK_MONOTONIC, which is never set: durations are computed from it."""
Seconds = Annotated[float, Range(0, 1e15)]
"""A duration."""
Measure = Annotated[float, Range(0, 1e21)]
"""A rate or a share."""

AnyUint32 = Annotated[int, Range(0, (1 << 32) - 1)]
AnyUint64 = Annotated[int, Range(0, (1 << 64) - 1)]
"""A client's number as protobuf delivers it, not yet checked."""
AnyInt32 = Annotated[int, Range(-(1 << 31), (1 << 31) - 1)]
AnyCores = Annotated[float, Range(-1e21, 1e21)]
"""A client's number of cores, which arrives as a double, not yet checked."""

CpuList = Annotated[str, Matching(re.compile(r"[0-9,-]{1,1024}"), "a list of CPUs")]
"""Numbers and ranges, as measures.parse_cpus writes them: "0-3,8"."""

Serial = Annotated[str, Matching(re.compile(r"[0-9a-f]{1,64}"), "a serial number in lower-case hexadecimal")]
RunId = Annotated[str, Matching(re.compile(r"[0-9a-f]{1,64}"), "the id of a run")]
JobId = Annotated[str, Matching(re.compile(r"[0-9a-z]{1,64}"), "the id of a job")]
Unit = Annotated[str, Matching(re.compile(r"[A-Za-z0-9:_.\\-]{1,255}"), "the name of a unit")]
