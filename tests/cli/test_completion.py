"""Completion, by the shells themselves: verbs, options, choices, files, and the ids of jobs that run right now."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tasker.cli.verbs.candidates import TIMEOUT, lines
from tasker.job import JobSpec
from tests.cli.conftest import Machine
from tests.cli.jobs import RUNNING
from tests.cli.needed import needed
from tests.cli.terminal import Terminal
from tests.stub.control import REPOSITORY
from tests.support.waiting import DEADLINE

SCRIPTS = REPOSITORY / "tasker" / "cli" / "prepared"
BASH = """
source "$SCRIPT"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
compopt() { :; }  # bash has it only while it completes
_tasker tasker
((${#COMPREPLY[@]} == 0)) || printf '%s\\n' "${COMPREPLY[@]}"
"""

PATIENT = f"""
import sys
from tasker.cli.__main__ import main
from tasker.cli.verbs import candidates
candidates.TIMEOUT = {DEADLINE}
sys.exit(main())
"""
"""The command line, which waits for the service as long as a busy host takes to answer."""

Complete = Callable[..., list[str]]


@pytest.fixture
def environment(machine: Machine, tmp_path: Path) -> dict[str, str]:
    """With a `tasker` in PATH, and files to be completed in the directory where the shell starts."""
    tool = tmp_path / "bin" / "tasker"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\nexec {sys.executable} -P -c '{PATIENT}' \"$@\"\n")
    tool.chmod(0o755)
    for name in ("one.crt", "two words.crt"):
        (tmp_path / "files").mkdir(exist_ok=True)
        (tmp_path / "files" / name).touch()
    own = machine.environment("alice")
    config = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": "", "PATH": f"{tool.parent}:{own['PATH']}"}
    (tmp_path / ".config" / "tasker").mkdir(parents=True)
    (tmp_path / ".config/tasker/config.toml").write_text('[contexts.prod]\naddress = "localhost:1"\n')
    return own | config


def in_bash(environment: dict[str, str], tmp_path: Path) -> Complete:
    def complete(*words: str) -> list[str]:
        own = {**environment, "SCRIPT": str(SCRIPTS / "completion.bash")}
        command = ["bash", "--norc", "-c", BASH, "-", *words]
        done = subprocess.run(
            command, env=own, cwd=tmp_path / "files", capture_output=True, text=True, timeout=DEADLINE
        )
        assert done.stderr == ""
        return done.stdout.splitlines()

    return complete


def in_fish(environment: dict[str, str], tmp_path: Path) -> Complete:
    def complete(*words: str) -> list[str]:
        line = " ".join(words)
        command = ["fish", "--no-config", "-c", f"source {SCRIPTS / 'completion.fish'}; complete -C '{line}'"]
        done = subprocess.run(
            command, env=environment, cwd=tmp_path / "files", capture_output=True, text=True, timeout=DEADLINE
        )
        assert done.stderr == ""
        return [found.split("\t")[0] for found in done.stdout.splitlines()]

    return complete


@pytest.fixture(params=["bash", "fish"])
def complete(request: pytest.FixtureRequest, environment: dict[str, str], tmp_path: Path) -> Complete:
    needed(request.param)
    return {"bash": in_bash, "fish": in_fish}[request.param](environment, tmp_path)


def test_verbs(complete: Complete) -> None:
    assert complete("tasker", "sto") == ["stop"]
    assert {"start", "list", "ls", "certs", "completion"} <= set(complete("tasker", ""))
    assert "candidates" not in complete("tasker", "c")
    assert complete("tasker", "--json", "att") == ["attach"]
    assert complete("tasker", "--context", "prod", "att") == ["attach"]
    assert set(complete("tasker", "certs", "s")) == {"server", "show"}


def test_options(complete: Complete) -> None:
    assert complete("tasker", "start", "--memory-h") == ["--memory-high"]
    assert complete("tasker", "certs", "client", "--ro") == ["--role"]
    assert set(complete("tasker", "certs", "client", "--role", "")) == {"user", "admin"}
    assert complete("tasker", "top", "--sort", "m") == ["memory"]
    assert set(complete("tasker", "completion", "")) == {"bash", "zsh", "fish"}
    assert complete("tasker", "list", "--ca", "o") == ["one.crt"]


def test_contexts(complete: Complete) -> None:
    assert complete("tasker", "--context", "") == ["prod"]
    assert complete("tasker", "context", "use", "p") == ["prod"]


@pytest.fixture
def job(machine: Machine) -> Iterator[str]:
    one = machine.out("start", "--name", "to: be [completed]", "sleep", "600", user="alice")
    yield one
    machine.out("stop", "--grace", "0", one, user="alice")


def test_jobs_that_run(complete: Complete, machine: Machine, job: str) -> None:
    over = machine.out("start", "true", user="alice")
    with machine.client("alice") as client:
        client.wait(over)
    others = machine.out("start", "sleep", "600")
    assert complete("tasker", "stop", job[:5]) == [job]
    assert job in complete("tasker", "attach", "")
    assert over in complete("tasker", "attach", "")
    assert over not in complete("tasker", "stop", "")
    assert others not in complete("tasker", "stop", "")
    assert complete("tasker", "stop", job, job[:5]) == [job]
    assert complete("tasker", "signal", job[:5]) == [job]
    assert complete("tasker", "signal", job, "USR") == ["USR1", "USR2"]
    machine.out("stop", "--grace", "0", others)


def test_the_jobs_own_command(environment: dict[str, str], tmp_path: Path) -> None:
    complete = in_bash(environment, tmp_path)
    assert "sleep" in complete("tasker", "start", "--memory", "1G", "slee")
    assert "sleep" in complete("tasker", "run", "--", "slee")
    assert complete("tasker", "run", "--", "cat", "o") == ["one.crt"]
    assert complete("tasker", "run", "cat", "--memory-h") == []
    assert complete("tasker", "start", "--ca", "=", "o") == ["one.crt"]


def test_zsh(machine: Machine, environment: dict[str, str], job: str, tmp_path: Path) -> None:
    needed("zsh")
    functions = tmp_path / "functions"
    functions.mkdir()
    (functions / "_tasker").symlink_to(SCRIPTS / "completion.zsh")
    (tmp_path / ".zshrc").write_text(
        f"fpath=({functions} $fpath)\nautoload -U compinit\ncompinit -u -D\nPROMPT='ready: '\ncd {tmp_path / 'files'}\n"
    )
    with Terminal(80, 24) as terminal:
        zsh = machine.program(terminal, ["zsh", "-i"], **environment, ZDOTDIR=str(tmp_path))
        terminal.until_shown("ready:")
        for typed, shown in (
            ("tasker sto\t", "tasker stop"),
            ("start --memory-h\t", "tasker start --memory-high="),
            (f"stop {job[:5]}\t", f"tasker stop {job}"),
            ("certs client --role a\t", "tasker certs client --role admin"),
            ("--context p\t", "tasker --context prod"),
            ("list --ca o\t", "tasker list --ca one.crt"),
        ):
            line = typed if typed.startswith("tasker ") else f"tasker {typed}"
            terminal.type(line.encode())
            terminal.until_shown(shown)
            terminal.type(b"\x15")  # the line is emptied
        terminal.type(b"exit\n")
        assert zsh.wait(DEADLINE) == 0


def test_nothing_that_a_service_says_means_anything_to_a_shell() -> None:
    named = replace(RUNNING, spec=JobSpec(("x",), name="$(touch /tmp/x)\n\tq"))
    hostile = [replace(RUNNING, id=id) for id in ("$(id)", "a;b", "a b", "`x`", "", "é")]
    assert lines([*hostile, named]) == [f"{RUNNING.id}\trunning, alice: $(touch /tmp/x)\\n\\tq"]


def test_a_service_that_is_away_keeps_nobody_waiting(machine: Machine) -> None:
    machine.out("list")  # the address in the environment is right
    begun = time.monotonic()
    for address in ("localhost:1", "no-such-host.invalid:8275", "10.255.255.1:8275"):
        done = machine.run("candidates", "job", "--address", address)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert machine.run("candidates", "context", TASKER_CONTEXT="none").stdout == ""
    assert time.monotonic() - begun < DEADLINE  # three times TIMEOUT and three starts of Python
    assert TIMEOUT < 2
