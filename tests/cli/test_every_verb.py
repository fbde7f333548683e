"""Every verb, on a terminal: --json is JSON there, too, and the verbs that are about no job look as they should."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker.cli.grammar.verbs import VERBS
from tests.cli.conftest import Machine
from tests.cli.golden import check
from tests.cli.terminal import Terminal
from tests.support.waiting import DEADLINE

OWNER = "vera"
LINES = {
    "start": ("start --json -- true", "job"),
    "run": ("run --json -- echo hello", "attached"),
    "stop": ("stop --json ENDED", "jobs"),
    "pause": ("pause --json JOB", "jobs"),
    "resume": ("resume --json JOB", "jobs"),
    "signal": ("signal --json JOB CONT", "jobs"),
    "limit": ("limit --json JOB --tasks 100", "job"),
    "wait": ("wait --json ENDED", "job"),
    "attach": ("attach --json ENDED", "attached"),
    "logs": ("logs --json ENDED", "attached"),
    "detach": ("detach --json JOB", "streams"),
    "get": ("get --json JOB", "job"),
    "list": ("list --json", "jobs"),
    "top": ("top --json --once", "jobs"),
    "watch": ("watch --json ENDED", "snapshot"),
    "archive": ("archive --json ENDED", "jobs"),
    "info": ("info --json", "info"),
    "doctor": ("doctor --json", "checks"),
    "context": ("context --json list", "contexts"),
    "completion": ("completion --json bash", "script"),
    "certs": ("certs --json show", "certificate"),
}
"""By verb: a command line, and a key of the first line that it prints.

All lines share two jobs: JOB, which runs until the end of the last test, and ENDED.
"""
INFO = {
    r"\d{4}-\d\d-\d\d \d\d:\d\d": "2027-01-02 03:04",
    r"in \d+d \d+h": "in 824d 23h",
    r"\d+ of (?=1000)": "3 of ",
    r"(?<=    )\d+ of (?=100 )": "1 of ",
    r"tasker \d+\.\d+\.\d+": "tasker 1.2.3",
    r"\d+[KM](?= of memory, of 1G)": "16M",
    r"\d+[KM](?= of memory, of 2G)": "48M",
}
"""What varies of it."""


@pytest.fixture(scope="module")
def words(machine: Machine) -> Iterator[dict[str, str]]:
    job = machine.out("start", "--", "sleep", "600", user=OWNER)
    ended = machine.out("start", "--", "echo", "was here", user=OWNER)
    machine.out("wait", ended, user=OWNER)
    yield {"JOB": job, "ENDED": ended}
    machine.out("stop", job, user=OWNER)


def test_no_verb_is_left_out() -> None:
    assert LINES.keys() == VERBS.keys(), "LINES in tests/cli/test_every_verb.py has other rows than VERBS"


@pytest.mark.parametrize("verb", LINES)
def test_json_on_a_terminal(machine: Machine, words: dict[str, str], verb: str) -> None:
    line, key = LINES[verb]
    with Terminal(100, 10) as terminal:
        command = machine.command(*(words.get(word, word) for word in line.split()))
        process = machine.program(terminal, command, **environment(machine))
        if verb == "watch":  # without end
            terminal.until(lambda: terminal.raw.count(b"\n") > 0)
            process.terminate()
        code = process.wait(DEADLINE)
        terminal.settle()
        documents = [json.loads(text) for text in terminal.raw.split(b"\x1b]2;")[0].decode().splitlines()]
    assert key in documents[0]
    assert code == 0 or verb in ("doctor", "watch"), documents


def environment(machine: Machine) -> dict[str, str]:
    return {key: value for key, value in machine.environment(OWNER).items() if key.startswith("TASKER_")}


def shown(machine: Machine, terminal: Terminal, *words: str) -> list[str]:
    assert machine.program(terminal, machine.command(*words), **environment(machine)).wait(DEADLINE) == 0
    return terminal.settle()


def test_start(machine: Machine) -> None:
    with Terminal(90, 4) as terminal:
        rows = shown(machine, terminal, "start", "--", "true")
        check("start", rows, {rows[0]: "k3v9x2mq"})


def test_info(machine: Machine) -> None:
    info = json.loads(machine.out("info", "--json", user=OWNER))["info"]
    words = {info["hostname"]: "machine", machine.tasker.address: "localhost:8275", info["caller"]["serial"]: "4f3a"}
    with Terminal(160, 30) as terminal:
        check("info", shown(machine, terminal, "info"), words, INFO)


def test_certs_list(machine: Machine, tmp_path: Path) -> None:
    machine.out("certs", "init", "--dir", str(tmp_path), "--host", "machine")
    listed = json.loads(machine.out("certs", "list", "--json", "--dir", str(tmp_path)))["certificates"]
    serials = {one["serial"]: "4f3a" for one in listed}
    with Terminal(90, 6) as terminal:
        rows = shown(machine, terminal, "certs", "list", "--dir", str(tmp_path))
        check("certs-list", rows, serials, {r"in [\dhd ]+(?=  )": "in 1d"})


def test_contexts(machine: Machine, tmp_path: Path) -> None:
    certificate, key = machine.tasker.certificate(OWNER)
    files = ("--ca", str(machine.directory / "ca.crt"), "--cert", str(certificate), "--key", str(key))
    home = {"HOME": str(tmp_path)}
    with Terminal(160, 8) as terminal:
        for name, address in (("prod", "tasker.example.org:8275"), ("lab", "localhost:8275")):
            words = ("context", "add", name, "--address", address, *files)
            assert machine.program(terminal, machine.command(*words), **home).wait(DEADLINE) == 0
        assert machine.program(terminal, machine.command("context", "list"), **home).wait(DEADLINE) == 0
        check("contexts", terminal.settle(), {str(machine.directory): "/home/vera"})
