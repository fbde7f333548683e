"""The verb certs, and what is said where a certificate is not taken, through real processes and TLS."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Machine


@pytest.fixture(scope="module")
def other(machine: Machine) -> Path:
    """The directory of another CA, with a client called mallory."""
    directory = machine.directory / "other"
    machine.out("certs", "init", "--dir", str(directory))
    machine.out("certs", "client", "mallory", "--dir", str(directory))
    return directory


def test_certs(machine: Machine) -> None:
    directory = str(machine.directory / "fresh")
    assert "server.key" in machine.out("certs", "init", "--dir", directory, "--host", "example.org")
    assert json.loads(machine.out("certs", "client", "--json", "--dir", directory, "carol"))["files"] == [
        f"{directory}/clients/carol.crt",
        f"{directory}/clients/carol.key",
    ]
    again = machine.run("certs", "client", "carol", "--dir", directory)
    assert (again.returncode, again.stderr.count("\n")) == (125, 1)
    assert "--force" in again.stderr
    assert machine.run("certs", "client", "carol", "--dir", directory, "--force", "--role", "admin").returncode == 0
    listed = json.loads(machine.out("certs", "list", "--json", "--dir", directory))["certificates"]
    assert [(one["kind"], one["role"]) for one in listed] == [("ca", ""), ("server", ""), ("client", "admin")]
    assert "example.org" in machine.out("certs", "list", "--dir", directory)
    own = machine.out("certs", "show", user="alice")
    assert "CN=alice" in own
    assert "problem" not in own
    stranger = machine.run("certs", "show", TASKER_CERT=f"{directory}/clients/carol.crt")
    assert "problem" in stranger.stdout


def test_a_certificate_that_is_not_taken_says_why(machine: Machine, other: Path) -> None:
    refused = machine.run("list", TASKER_CERT=f"{other}/clients/mallory.crt")
    assert refused.returncode == 125
    assert "not signed by your CA" in refused.stderr
    missing = machine.run("list", TASKER_CERT="/nowhere.crt")
    assert (
        missing.stderr
        == "tasker: cannot find your certificate: /nowhere.crt does not exist; set it with --cert or TASKER_CERT\n"
    )


def test_the_wrong_file_may_be_the_cas(machine: Machine, other: Path) -> None:
    ours = machine.run("list", TASKER_CA=f"{other}/ca.crt")
    theirs = machine.run("list", TASKER_CA=f"{other}/ca.crt", TASKER_CERT=f"{other}/clients/mallory.crt")
    assert (ours.returncode, theirs.returncode) == (125, 125)
    assert ours.stderr.startswith("tasker: cannot use this certificate: it was not signed by your CA")
    assert theirs.stderr.startswith("tasker: cannot trust ")
    for refused in (ours, theirs):
        assert "check --ca (TASKER_CA), or " in refused.stderr


def test_a_certificate_is_shown_where_there_is_no_ca(machine: Machine, other: Path) -> None:
    nowhere = str(machine.directory / "nowhere")
    shown = json.loads(machine.out("certs", "show", "--json", "--dir", nowhere, f"{other}/clients/mallory.crt"))
    assert "CN=mallory" in shown["certificate"]["subject"]
    assert shown["certificate"]["problem"].startswith(f"cannot verify its signature: there is no {nowhere}/ca.crt")
