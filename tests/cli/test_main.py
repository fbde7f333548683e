"""The last line of defence: whatever goes wrong is one line and an exit code, never a traceback."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys

import pytest

from tasker.cli import verbs
from tasker.cli.__main__ import main
from tasker.errors import Reason, TaskerError


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(_options: object) -> int:
        raise error

    monkeypatch.setitem(verbs.VERBS, "get", fail)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (TaskerError(Reason.NOT_FOUND, "cannot find it"), 125, "tasker: cannot find it\n"),
        (TaskerError(Reason.COMMAND_NOT_FOUND, "cannot execute it"), 127, "tasker: cannot execute it\n"),
        (TaskerError(Reason.DENIED, "cannot\nsay \x1b[2Jit"), 125, r"tasker: cannot\nsay \x1b[2Jit" + "\n"),
        (KeyboardInterrupt(), 130, ""),
        (OSError(errno.ENOSPC, "No space left on device"), 125, "tasker: cannot go on: No space left on device\n"),
        (
            ZeroDivisionError("oh"),
            125,
            "tasker: cannot go on: ZeroDivisionError: oh; this is a defect of tasker (TASKER_DEBUG=1 shows where)\n",
        ),
    ],
)
def test_errors_end_here(
    error: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, error)
    assert main(["get", "x"]) == code
    assert capfd.readouterr() == ("", said)


def test_errors_as_json(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    failing(monkeypatch, TaskerError(Reason.AMBIGUOUS, "cannot tell"))
    assert main(["get", "x", "--json"]) == 125
    assert json.loads(capfd.readouterr().err) == {"error": {"reason": "ambiguous", "message": "cannot tell"}}


def test_usage(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["get"]) == 2
    assert main(["run", "--memory", "x", "y"]) == 125
    assert capfd.readouterr().err.count("\n") == 2


def test_a_poor_encoding_is_no_error() -> None:
    command = [sys.executable, "-m", "tasker.cli", "start", "--help"]
    done = subprocess.run(command, env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert r"[OPTION\u2026]" in done.stdout


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_what_is_asked_often_imports_little(option: str) -> None:
    script = f"""
import sys
from tasker.cli.__main__ import main
try:
    main([{option!r}])
except SystemExit as left:
    assert left.code == 0
slow = {{"grpc", "rich", "google", "cryptography", "dataclasses", "asyncio"}} & set(sys.modules)
assert not slow, slow
"""
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
