"""How a test waits: every wait has a limit, and a wait that fails says what it waited for.

until    evaluates a condition until it holds: for the state of another process that sends no event to the test
limit    bounds a block of code that would wait forever: readline(), join(), a loop over a stream
readable waits until a descriptor can be read: a pipe, a socket, a pidfd
next_line reads the next line that a process prints

tests/conftest.py puts a limit around every test, so that a wait without a limit of its own ends, too.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import AnyStr, TypeVar

import pytest

BOOTED = Path("/run/systemd/system").exists()
"""Whether systemd is process 1 (sd_booted(3)): the disposable machine, whose emulated processor is slow."""
DEADLINE = 180.0 if BOOTED else 60.0
"""Seconds that one wait may take. No wait comes near it, except on a host that is busy with other work."""
TEST_DEADLINE = 540.0 if BOOTED else 300.0
"""Seconds that one test may take, and each of its setup and teardown. Below the faulthandler_timeout of tests/run."""
_AGAIN = 10.0
"""Seconds after which a limit that has passed is raised again, because cleaning up after it may block, too."""
_LONGEST_PAUSE = 0.1
"""Seconds between two evaluations of a condition, at most."""

_T = TypeVar("_T")


def until(look: Callable[[], _T], accept: Callable[[_T], object] = bool, what: str = "") -> _T:
    """Call `look` until `accept` is true of its result; return that result.

    The pauses between two calls are a twentieth of the time waited so far: the observed process needs the processor
    more than the test does. Fails after DEADLINE with `what`, or else with the source of `look`, and the last result.
    """
    begun = time.monotonic()
    while not accept(value := look()):
        waited = time.monotonic() - begun
        if waited > DEADLINE:
            pytest.fail(f"waited {DEADLINE:.0f} s for this: {what or source(look)}; last seen: {value!r}")
        select.select([], [], [], min(max(waited / 20, 0.001), _LONGEST_PAUSE))
    return value


def until_equal(look: Callable[[], object], wanted: object) -> None:
    """Call `look` until its result equals `wanted`."""
    until(look, lambda value: value == wanted, f"{wanted!r}")


def source(condition: Callable[..., object]) -> str:
    """The source of a condition, as its failure shows it."""
    try:
        return inspect.getsource(condition).strip()
    except (OSError, TypeError):
        return repr(condition)


@contextlib.contextmanager
def limit(what: str, seconds: float = DEADLINE) -> Iterator[None]:
    """Fail when the block takes longer than `seconds`, at the line where it waits.

    Within another limit, the one that passes first counts. Uses SIGALRM, so only the main thread has limits; in any
    other thread the block runs without one, and the main thread's wait for that thread is what needs a limit.
    """
    main = threading.current_thread() is threading.main_thread()
    outer = signal.getitimer(signal.ITIMER_REAL)[0]
    if not main or 0 < outer <= seconds:
        yield
        return

    def passed(_signal: int, _frame: FrameType | None) -> None:
        pytest.fail(f"waited {seconds:.0f} s for this: {what}")

    begun = time.monotonic()
    handler = signal.signal(signal.SIGALRM, passed)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if outer:
            signal.setitimer(signal.ITIMER_REAL, max(outer - (time.monotonic() - begun), 0.001), _AGAIN)


def readable(what: str, *descriptors: int, within: float = DEADLINE) -> list[int]:
    """Wait until at least one of the descriptors can be read: those that can. Works in every thread."""
    ready, _, _ = select.select(descriptors, [], [], within)
    if not ready:
        pytest.fail(f"waited {within:.0f} s for this: {what}")
    return ready


def join(thread: threading.Thread, within: float = DEADLINE) -> None:
    """Wait for the end of a thread."""
    thread.join(within)
    if thread.is_alive():
        pytest.fail(f"waited {within:.0f} s for this: the end of the thread {thread.name}")


def suspend(pid: int) -> None:
    """Stop a child process with SIGSTOP and wait until it stands still: it may go on for a moment after the signal."""
    os.kill(pid, signal.SIGSTOP)
    with limit(f"process {pid} is stopped"):
        os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)


def until_dead(pid: int) -> None:
    """Wait until a process has ended; it may be a zombie still."""
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            readable(f"the end of process {pid}", descriptor)
        finally:
            os.close(descriptor)


def until_gone(pid: int) -> None:
    """Wait until a process has ended and was reaped. The end is an event; the reaping is one for its parent alone."""
    until_dead(pid)
    until(lambda: not os.path.exists(f"/proc/{pid}"), what=f"process {pid} is reaped")


def next_line(process: subprocess.Popen[AnyStr], text: str = "", *, stderr: bool = False) -> AnyStr:
    """The next line with `text` in it that a process prints on its stdout or stderr. Lines before it are dropped."""
    stream = process.stderr if stderr else process.stdout
    assert stream is not None
    what = f"a line with {text!r} from {process.args!r}"
    with limit(what):
        for found in stream:
            if text in (found if isinstance(found, str) else found.decode(errors="replace")):
                return found
    raise AssertionError(f"the output ended without this: {what}")
