"""A process that traces another and never waits for it: as long as it lives, nobody else can reap that one."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

from tests.support.waiting import next_line

_SEIZE = """
import ctypes, os, sys
number, option = int(sys.argv[1]), int(sys.argv[2])
assert ctypes.CDLL(None, use_errno=True).ptrace(0x4206, number, None, option) == 0, ctypes.get_errno()
print("traced", flush=True)
sys.stdin.read()
"""
EXIT_STOP = 0x40
"""PTRACE_O_TRACEEXIT: one that is about to be dead stands still until its tracer says more, even if it was killed."""


@contextlib.contextmanager
def traced(pid: int, option: int = 0) -> Iterator[None]:
    command = [sys.executable, "-c", _SEIZE, str(pid), str(option)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as tracer:
        try:
            assert next_line(tracer) == b"traced\n"
            yield
        finally:
            tracer.kill()
