"""The limits of the tests themselves: whatever blocks is interrupted, and the failure says what was waited for."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.waiting import limit, next_line, suspend, until, until_equal, until_gone

REPOSITORY = Path(__file__).parent.parent
SOON = 0.05


def test_what_becomes_true_is_returned() -> None:
    seen = iter(range(100))
    assert until(lambda: next(seen), lambda number: number > 5) == 6


def test_what_never_becomes_true_is_named_with_the_last_that_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "DEADLINE", SOON)
    with pytest.raises(pytest.fail.Exception, match=r"the moon is full; last seen: 'half'$"):
        until(lambda: "half", lambda phase: phase == "full", "the moon is full")
    with pytest.raises(pytest.fail.Exception, match=r"for this: 'full'; last seen: 'half'$"):
        until_equal(lambda: "half", "full")
    with pytest.raises(pytest.fail.Exception, match=r"until\(lambda: 2 - 2\)"):
        until(lambda: 2 - 2)


def read_a_pipe() -> None:
    reading, writing = os.pipe()
    try:
        os.read(reading, 1)
    finally:
        os.close(reading)
        os.close(writing)


def receive() -> None:
    one, other = socket.socketpair()
    with one, other:
        one.recv(1)


def wait_for_a_process() -> None:
    with subprocess.Popen(["sleep", "600"]) as process:
        try:
            process.wait()
        finally:
            process.kill()


def wait_in_a_loop() -> None:
    asyncio.run(asyncio.Event().wait())


def wait_in_its_cleanup_too() -> None:
    """The limit is raised again."""
    try:
        threading.Event().wait()
    finally:
        threading.Event().wait()


@pytest.mark.parametrize(
    "block",
    [
        threading.Lock().acquire,
        threading.Event().wait,
        queue.Queue[int]().get,
        read_a_pipe,
        receive,
        wait_for_a_process,
        wait_in_a_loop,
        wait_in_its_cleanup_too,
    ],
    ids=lambda block: getattr(block, "__name__", "block"),
)
def test_whatever_blocks_is_interrupted(monkeypatch: pytest.MonkeyPatch, block: Callable[[], object]) -> None:
    monkeypatch.setattr(waiting, "_AGAIN", SOON)
    if isinstance(getattr(block, "__self__", None), type(threading.Lock())):
        block()  # the first acquire() does not block
    with pytest.raises(pytest.fail.Exception, match=r"waited 0 s for this: an end of it"), limit("an end of it", SOON):
        block()
    assert signal.getitimer(signal.ITIMER_REAL)[0] > 1  # the limit of this test is in force again


def test_the_outer_limit_holds_within_an_inner_one() -> None:
    never = threading.Event()
    with limit("the outer", 3600):
        with limit("the inner", SOON), pytest.raises(pytest.fail.Exception, match="the inner"):
            never.wait()
        assert signal.getitimer(signal.ITIMER_REAL)[0] > SOON
    with pytest.raises(pytest.fail.Exception, match="the outer"), limit("the outer", SOON), limit("the inner", 3600):
        never.wait()


def test_a_line_that_does_not_come_is_named() -> None:
    command = [sys.executable, "-c", "print('one'); print('two')"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert next_line(process, "tw") == "two\n"
        with pytest.raises(AssertionError, match="the output ended without this: a line with 'three'"):
            next_line(process, "three")


def test_a_suspended_process_stands_still_when_the_call_returns() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        suspend(process.pid)
        assert Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
        process.kill()


def test_a_process_that_is_reaped_is_gone() -> None:
    process = subprocess.Popen(["sleep", "600"])
    reaper = threading.Thread(target=process.wait)
    reaper.start()
    process.kill()
    until_gone(process.pid)
    waiting.join(reaper)


def test_a_test_that_hangs_fails_by_itself(tmp_path: Path) -> None:
    """As tests/conftest.py has it for every test."""
    (tmp_path / "test_hangs.py").write_text("import threading\ndef test_hangs():\n    threading.Event().wait()\n")
    code = f"import sys, tests.support.waiting as w; w.TEST_DEADLINE = {SOON}; import pytest, tests.conftest as c; "
    code += "sys.exit(pytest.main([sys.argv[1], '--rootdir', sys.argv[1], '-p', 'no:cacheprovider'], [c]))"
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, timeout=waiting.DEADLINE)
    assert done.returncode == 1, done.stdout
    assert "for this: the end of test_hangs.py::test_hangs" in done.stdout
    assert ">       threading.Event().wait()" in done.stdout or ">   threading.Event().wait()" in done.stdout
