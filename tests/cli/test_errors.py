"""What a person is told who was nearly right, and what is told where it could be lost."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker import certfiles
from tasker.cli.service.nearest import nearest
from tests.cli.conftest import Machine
from tests.support.port import Port
from tests.support.waiting import DEADLINE, until_equal

KNOWN = {"k3v9x2mq": "nap", "7tzr09aw": "", "aaaaaaaa": "\x1b[2J"}


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("k3v8", "k3v9x2mq (nap)"),
        ("K3V9x2mw", "k3v9x2mq (nap)"),
        ("nap", "k3v9x2mq (nap)"),
        ("7tzr90aw", "7tzr09aw"),
        ("aaab", r"aaaaaaaa (\x1b[2J)"),
        ("zzzz", ""),
    ],
)
def test_the_nearest_job(word: str, near: str) -> None:
    assert nearest(word, KNOWN) == near
    assert nearest(word, {}) == ""


@pytest.fixture
def job(machine: Machine) -> Iterator[str]:
    one = machine.out("start", "--name", "lonely", "sleep", "600")
    yield one
    machine.out("stop", "--grace", "0", one)


@pytest.mark.parametrize("verb", ["get", "attach", "stop", "detach"])
def test_near_ids_are_reported(machine: Machine, job: str, verb: str) -> None:
    for typed in (job[:-1] + ("0" if job[-1] != "0" else "1"), "lonely"):
        assert machine.run(verb, typed).returncode == 125
        said = f"tasker: cannot find job {typed!r}; did you mean {job} (lonely)?\n"
        until_equal(lambda: machine.run(verb, typed).stderr, said)  # noqa: B023 # a service that is slow is not asked
    told = {"reason": "not-found", "message": f"cannot find job 'lonely'; did you mean {job} (lonely)?"}
    until_equal(lambda: json.loads(machine.run(verb, "--json", "lonely").stderr.splitlines()[0])["error"], told)
    far = machine.run(verb, "!!!!!!")
    assert "did you mean" not in far.stderr


def test_a_job_that_was_started_is_told_of_wherever_that_is_possible(machine: Machine) -> None:
    for options in ([], ["--json"]):
        command = [*machine.command("start", *options, "sleep", "600")]
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                command, env=machine.environment(), stdout=full, stderr=subprocess.PIPE, text=True, timeout=DEADLINE
            )
        assert done.returncode == 125
        said = json.loads(done.stderr)["error"]["message"] if options else done.stderr.removeprefix("tasker: ")
        assert said.startswith("cannot print the id of job ")
        assert "No space left on device; the job runs" in said
        id = said.split()[6].rstrip(":")
        assert json.loads(machine.out("get", "--json", id))["job"]["state"] == "running"
        machine.out("stop", "--grace", "0", id)


def test_the_wrong_ca_is_told_of_by_every_verb(machine: Machine, tmp_path: Path) -> None:
    certfiles.init(tmp_path, ["localhost"])
    for words in (["list", "--mine"], ["list"], ["info"]):
        done = machine.run(*words, "--ca", str(tmp_path / "ca.crt"))
        assert done.returncode == 125
        assert "it was not signed by your CA; check --ca (TASKER_CA)" in done.stderr


def test_revoked_certificates_are_listed_as_such(machine: Machine, tmp_path: Path) -> None:
    certfiles.init(tmp_path, ["localhost"])
    directory = ("--dir", str(tmp_path))
    machine.out("certs", "client", "bob", *directory)
    serial = json.loads(machine.out("certs", "show", "bob", "--json", *directory))["certificate"]["serial"]
    (tmp_path / "tasker.toml").write_text(f'[server]\nrevoked = ["{serial.upper()}"]\n')
    listed = json.loads(machine.out("certs", "list", "--json", *directory))["certificates"]
    assert [one["problem"] for one in listed] == ["", "", "revoked"]
    assert "revoked" in machine.out("certs", "show", "bob", *directory)
    (tmp_path / "tasker.toml").write_text("nonsense")
    assert machine.run("certs", "list", *directory).returncode == 0


def test_a_service_that_is_away_costs_no_second_look(machine: Machine) -> None:
    with Port() as port:
        done = machine.run("get", "k3v9", "--address", f"localhost:{port.number}")
    assert done.stderr.count("\n") == 1
    assert "cannot reach localhost" in done.stderr
