"""The last line of defence: whatever goes wrong is one line and an exit code, never a traceback."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasker.cli.__main__ import main
from tasker.cli.grammar.verbs import load
from tasker.errors import Reason, TaskerError
from tests.support.waiting import DEADLINE


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(_options: object) -> int:
        raise error

    monkeypatch.setattr(load("get"), "run", fail)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (TaskerError(Reason.NOT_FOUND, "cannot find it"), 125, "tasker: cannot find it\n"),
        (TaskerError(Reason.COMMAND_NOT_FOUND, "cannot execute it"), 127, "tasker: cannot execute it\n"),
        (TaskerError(Reason.DENIED, "cannot\nsay \x1b[2Jit"), 125, r"tasker: cannot\nsay \x1b[2Jit" + "\n"),
        (KeyboardInterrupt(), 130, ""),
        (OSError(errno.EIO + 1000, "odd"), 125, "tasker: cannot continue: odd\n"),
        (
            ZeroDivisionError("oh"),
            125,
            "tasker: cannot continue: ZeroDivisionError: oh; this is a bug in tasker (TASKER_DEBUG=1 shows where)\n",
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
    assert main(["--address", "localhost", "list"]) == 2
    assert main(["start", "--memory", "0", "x"]) == 2
    assert capfd.readouterr().err.count("\n") == 4


def test_usage_as_json(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "lst"]) == 2
    message = "cannot find the verb 'lst'; did you mean list?"
    assert json.loads(capfd.readouterr().err) == {"error": {"reason": "invalid", "message": message}}
    assert main(["run", "--json", "--nope", "x"]) == 125
    assert json.loads(capfd.readouterr().err)["error"]["reason"] == "invalid"


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """A command line with redirections; `tasker` is the one here."""
    return subprocess.run(["sh", "-c", line.replace("tasker", f"{sys.executable} -m tasker.cli", 1)],
                          capture_output=True, text=True)  # fmt: skip


def test_a_full_disk_is_told_of_once(tmp_path: Path) -> None:
    done = shell(f"tasker certs init --dir {tmp_path / 'new'} > /dev/full")
    said = "tasker: cannot write to standard output: No space left on device; redirect it to a writable file\n"
    assert (done.returncode, done.stderr) == (125, said)


@pytest.mark.parametrize("asked", ["--help", "--version", "help list", "list --wide --help", "certs --help x"])
def test_help_that_cannot_be_written_is_told_of(asked: str) -> None:
    done = shell(f"tasker {asked} > /dev/full")
    assert done.returncode == 125
    assert done.stderr.startswith("tasker: cannot write to standard output: No space left on device")
    assert done.stderr.count("\n") == 1
    assert shell(f"tasker {asked} >&-").returncode == 125


def test_a_closed_stderr_is_nobodys_error(tmp_path: Path) -> None:
    done = shell(f"tasker certs init --dir {tmp_path / 'new'} 2>&-")
    assert (done.returncode, done.stdout.count("made ")) == (0, 4)
    assert shell("tasker list --nope 2>&-").returncode == 2


def test_a_poor_encoding_is_no_error() -> None:
    command = [sys.executable, "-m", "tasker.cli", "start", "--help"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=DEADLINE)
    assert (done.returncode, done.stderr) == (0, "")
    assert r"[OPTION\u2026]" in done.stdout


@pytest.mark.parametrize("line", ["--help", "--version", "start --help", "help list"])
def test_what_is_asked_often_imports_nothing(line: str) -> None:
    script = f"""
import sys
before = set(sys.modules)
from tasker.cli.__main__ import main
assert main({line.split()!r}) == 0
more = set(sys.modules) - before - {{"tasker", "tasker.cli", "tasker.cli.__main__"}}
assert not more, more
"""
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, timeout=DEADLINE)


SLOW = {"grpc", "cryptography", "google", "rich", "asyncio", "dataclasses", "typing"}
"""What takes longer to import than these verbs need."""


@pytest.mark.parametrize("contexts", ["", '[contexts.prod]\naddress = "localhost:1"\n'], ids=["no file", "a file"])
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("context list", 0),
        ("completion bash", 0),
        ("candidates context", 0),
        ("lits", 2),
        ("context --nope", 2),
        ("completion tcsh", 2),
        ("context list list", 2),
    ],
)
def test_only_the_verb_that_was_typed_is_imported(line: str, code: int, contexts: str, tmp_path: Path) -> None:
    (tmp_path / "tasker").mkdir()
    if contexts:
        (tmp_path / "tasker" / "config.toml").write_text(contexts)
    script = f"""
import sys
before = set(sys.modules)
from tasker.cli.__main__ import main
code = main({line.split()!r})
print(*sorted(set(sys.modules) - before), file=sys.stderr)
sys.exit(code)
"""
    command = [sys.executable, "-c", script]
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == code, done.stderr
    imported = set(done.stderr.splitlines()[-1].split())
    assert imported & (SLOW - {"typing"} if contexts else SLOW) == set()  # tomllib imports typing
    verbs = {name.rpartition(".")[2] for name in imported if name.startswith("tasker.cli.verbs.")}
    assert verbs == {line.split()[0]} - {"lits"}


def test_rows_for_a_pipe_are_printed_without_rich(tmp_path: Path) -> None:
    """On a terminal rich is what prints them."""
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    assert main(["certs", "init", "--dir", str(tmp_path)]) == 0
    script = f"""
import sys
from tasker.cli.__main__ import main
assert main(["certs", "show", {str(tmp_path / "ca.crt")!r}]) == 0
assert "rich" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True, timeout=DEADLINE)
