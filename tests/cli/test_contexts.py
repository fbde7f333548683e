"""Several machines by name: what is kept of them, which one is asked, and all of them at once."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker.cli.service import configfile, contexts, settings
from tasker.errors import TaskerError
from tests.cli.conftest import Machine
from tests.cli.terminal import Terminal
from tests.support.waiting import DEADLINE, next_line, until

WRITTEN = """\
# of alice
address = "old:1"  # the old one

[contexts.prod]
# the new one
address = "prod:1"
ca = "ca.crt"
"""


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path)}


def path(home: dict[str, str]) -> Path:
    return Path(configfile.config_path(home))


def written(home: dict[str, str], text: str) -> Path:
    file = path(home)
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return file


def test_the_first_is_used_and_the_file_is_ones_own(home: dict[str, str]) -> None:
    assert contexts.add(home, "prod", {"address": "prod:1", "ca": "/c"})
    assert not contexts.add(home, "lab", {"address": "lab:1"})
    assert path(home).stat().st_mode & 0o777 == 0o600
    assert path(home).read_text() == (
        'context = "prod"\n[contexts.prod]\naddress = "prod:1"\nca = "/c"\n\n[contexts.lab]\naddress = "lab:1"\n'
    )
    assert sorted(file.name for file in path(home).parent.iterdir()) == [".config.toml.lock", "config.toml"]


ADDING = """\
import os, sys
from tasker.cli.service import contexts
print("here", flush=True)
sys.stdin.read()
for n in range(20):
    contexts.add(os.environ, f"{sys.argv[1]}{n}", {"address": "h:1"})
"""


def test_two_at_the_same_moment_are_both_there(home: dict[str, str]) -> None:
    adding = [
        subprocess.Popen(
            [sys.executable, "-c", ADDING, name],
            env={**os.environ, "XDG_CONFIG_HOME": "", **home},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for name in ("a", "b")
    ]
    for process in adding:
        assert next_line(process) == b"here\n"
    for process in adding:
        assert process.stdin is not None
        process.stdin.close()  # both begin
    assert [process.wait(DEADLINE) for process in adding] == [0, 0]
    assert sorted(configfile.load(home).contexts) == sorted(f"{name}{n}" for name in "ab" for n in range(20))


def test_comments_and_all_else_are_kept(home: dict[str, str]) -> None:
    file = written(home, WRITTEN)
    assert not contexts.add(home, "lab", {"address": "lab:1"})  # the file's own address is in use
    contexts.use(home, "lab")
    own = configfile.load(home)
    assert (own.context, own.values, list(own.contexts)) == ("lab", {"address": "old:1"}, ["prod", "lab"])
    for line in WRITTEN.splitlines():
        assert line in file.read_text()
    contexts.add(home, "prod", {"address": "prod:2"}, force=True)
    assert "# the new one" in file.read_text()
    assert configfile.load(home).contexts["prod"] == {"address": "prod:2"}
    assert contexts.remove(home, "lab").context == ""
    assert contexts.remove(home, "prod").contexts == {}
    assert file.read_text().strip() == '# of alice\naddress = "old:1"  # the old one'


def test_a_link_stays_one(home: dict[str, str], tmp_path: Path) -> None:
    file = written(home, "")
    file.unlink()
    file.symlink_to(tmp_path / "dotfiles.toml")
    contexts.add(home, "prod", {"address": "prod:1"})
    assert file.is_symlink()
    assert "prod:1" in (tmp_path / "dotfiles.toml").read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("context = 1", "context must be a string"),
        ("contexts = 1", "contexts must be sections like [contexts.prod]"),
        ("[contexts.'a b']", "cannot name a context 'a b'"),
        ("[contexts.a]\nport = 1", "there is no key 'port' in [contexts.a]; the keys are address, ca, cert, key"),
        ("[contexts.a]\nca = 1", "ca in [contexts.a] must be a string"),
    ],
)
def test_a_bad_file(home: dict[str, str], text: str, said: str) -> None:
    file = written(home, text)
    with pytest.raises(TaskerError) as refused:
        contexts.add(home, "b", {"address": "b:1"})
    assert refused.value.message.startswith(f"cannot use {file}: {said}")
    assert file.read_text() == text


def test_which_one_is_asked(home: dict[str, str]) -> None:
    written(
        home,
        'address = "file:1"\ncontext = "a"\n[contexts.a]\naddress = "a:1"\n'
        '[contexts.b]\naddress = "b:1"\ncert = "b.crt"',
    )

    def address(flags: dict[str, str] | None = None, **variables: str) -> str:
        return settings.find(flags or {}, {**home, **variables}, "alice").address

    assert address() == "a:1"
    assert address(TASKER_CONTEXT="b") == "b:1"
    assert address(TASKER_CONTEXT="b", TASKER_ADDRESS="env:1") == "env:1"
    assert address({"context": "b"}, TASKER_CONTEXT="a", TASKER_ADDRESS="env:1") == "b:1"
    assert address({"context": "b", "address": "flag:1"}) == "flag:1"
    found = settings.find({"context": "b"}, {**home, "TASKER_CERT": "/env.crt", "TASKER_KEY": "/env.key"}, "alice")
    assert (found.cert.name, found.key.name) == ("b.crt", "b.key")
    for name, said in (("bb", "did you mean b?"), ("zzz", "tasker context list")):
        with pytest.raises(TaskerError, match="cannot find the context") as refused:
            address({"context": name})
        assert said in refused.value.message


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of something that takes connections and never says a word."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield f"localhost:{sock.getsockname()[1]}"


def test_all_of_them_at_once(machine: Machine, tmp_path: Path, silent: str) -> None:
    environment = machine.environment("alice")
    own = {
        "HOME": str(tmp_path),
        "TASKER_ADDRESS": "",
        "TASKER_CA": "",
        "TASKER_CERT": "",
        "XDG_CONFIG_HOME": "",
        "user": "alice",
    }
    there = {"--ca": environment["TASKER_CA"], "--cert": environment["TASKER_CERT"]}
    files = [word for pair in there.items() for word in pair]
    refused = machine.run("context", "add", "prod", **own)
    assert (refused.returncode, refused.stderr.count("--address HOST:PORT")) == (2, 1)
    missing = machine.run("context", "add", "prod", "--address", "h:1", "--ca", "/nowhere", **own)
    assert (missing.returncode, "cannot find the CA's certificate" in missing.stderr) == (125, True)
    added = machine.run("context", "add", "prod", "--address", environment["TASKER_ADDRESS"], *files, **own)
    assert (added.stdout, added.stderr) == ("added prod and made it the current context\n", "")
    for name, address in (("down", "localhost:1"), ("silent", silent)):
        assert machine.run("context", "add", name, "--address", address, *files, **own).stdout == f"added {name}\n"
    job = machine.run("start", "--name", "far", "sleep", "60", **own).stdout.strip()  # in the context in use
    assert job

    def answered(*words: str) -> subprocess.CompletedProcess[str]:
        """When the service has answered within 5 s, for longer than which nobody waits."""
        return until(lambda: machine.run(*words, "--all-contexts", **own), lambda done: job in done.stdout)

    listed = answered("list", "--mine", "--running")
    assert listed.returncode == 125
    header, *rows = listed.stdout.splitlines()
    assert header.split()[:2] == ["MACHINE", "ID"]
    assert [row.split()[:2] for row in rows if job in row] == [["prod", job]]
    assert "tasker: down: cannot reach localhost:1" in listed.stderr
    assert "tasker: silent: cannot get an answer within 5s" in listed.stderr
    found = json.loads(answered("list", "--json").stdout)["jobs"]
    assert [one["machine"] for one in found if one["id"] == job] == ["prod"]
    seen = answered("top", "--once")
    header, *rows = seen.stdout.splitlines()
    assert (seen.returncode, header.split()[:2]) == (125, ["MACHINE", "ID"])
    assert [row.split()[:2] for row in rows if job in row] == [["prod", job]]
    assert "tasker: down: cannot reach localhost:1" in seen.stderr
    assert "tasker: silent: cannot get an answer within 5s" in seen.stderr
    sample = json.loads(answered("top", "--once", "--json").stdout)
    assert [one["machine"] for one in sample["jobs"] if one["id"] == job] == ["prod"]
    elsewhere = {**own, "TASKER_ADDRESS": "localhost:1"}
    assert machine.run("stop", job, **elsewhere).returncode == 125
    assert machine.run("--context", "prod", "stop", job, **elsewhere).returncode == 0
    named = json.loads(machine.run("context", "list", "--json", **own).stdout)["contexts"]
    assert [(one["name"], one["used"]) for one in named] == [("prod", True), ("down", False), ("silent", False)]
    assert named[0]["key"].endswith("alice.key")
    removed = machine.run("context", "rm", "prod", **own).stdout
    assert removed == "removed prod, which was the current context; choose another one, e.g. tasker context use down\n"


def test_a_live_table_of_all_of_them(machine: Machine, tmp_path: Path) -> None:
    environment = machine.environment("alice")
    address = {"TASKER_ADDRESS": "", "TASKER_CA": "", "TASKER_CERT": "", "HOME": str(tmp_path)}
    files = ["--ca", environment["TASKER_CA"], "--cert", environment["TASKER_CERT"]]
    down = (("two", "localhost:1"), ("three", "localhost:2"))
    for name, where in (("one", environment["TASKER_ADDRESS"]), *down):
        machine.run("context", "add", name, "--address", where, *files, user="alice", **address)
    job = machine.out("start", "--name", "both", "sleep", "60")
    with Terminal(120, 20) as terminal:
        shown = machine.spawn(terminal, "top", "--all-contexts", **address)
        terminal.until(lambda: any("one" in row and job in row for row in terminal.screen.rows()))
        terminal.until(lambda: all(f"{name}: cannot reach {where}" in "\n".join(terminal.screen.rows())
                                   for name, where in down))  # fmt: skip
        terminal.until_shown("all contexts")
        terminal.type(b"q")
        assert shown.wait(DEADLINE) == 0
    machine.run("context", "rm", "one", **address)
    with Terminal(120, 20) as terminal:
        shown = machine.spawn(terminal, "top", "--all-contexts", **address)
        assert shown.wait(DEADLINE) == 125
        for name, where in down:
            terminal.until_shown(f"tasker: {name}: cannot reach {where}")
    machine.out("stop", "--grace", "0", job)


def test_what_takes_longer_than_a_second_is_reported(machine: Machine, silent: str) -> None:
    with Terminal(80, 4) as terminal:
        command = machine.spawn(terminal, "--address", silent, "info")
        terminal.until_shown(f"calling {silent}")
        command.kill()
        command.wait(DEADLINE)
