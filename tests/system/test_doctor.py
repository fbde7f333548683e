"""`tasker doctor` on a machine where the service is installed: all is well, and then one thing at a time is not."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tasker.identity import Role
from tests.support.waiting import DEADLINE
from tests.system.conftest import ETC, User, run, until_serving

FRONTEND, LOCAL_FRONTEND = "tasker-frontend@1.service", "tasker-frontend@local.service"


def doctor(*through: str) -> tuple[int, dict[str, list[Any]]]:
    """Its exit code, and what it found, by what was looked at; `through` is what runs it as somebody else."""
    command = [*through, "tasker", "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)
    checks: dict[str, list[Any]] = {}
    for one in json.loads(done.stdout)["checks"]:
        checks.setdefault(one["check"], []).append(one)
    return done.returncode, checks


def wrong(checks: dict[str, list[Any]]) -> list[Any]:
    return [one for found in checks.values() for one in found if one["verdict"] == "wrong"]


def test_all_is_well(admin: User) -> None:
    code, checks = doctor()
    assert (code, wrong(checks)) == (0, [])
    for name in ("systemd", "cgroups", "pressure", "configuration", "tasker.service", "tasker-collector.service",
                 "tasker.socket", FRONTEND, LOCAL_FRONTEND, "frontend memory", "CA", "server certificate", "keys",
                 "engine socket", "local socket", "disk", "your certificate", "local TLS", "port", "service",
                 "clocks"):  # fmt: skip
        assert [one["verdict"] for one in checks[name]] == ["ok"], checks[name]
    assert "root, admin, over unix:/run/tasker-local/socket" in checks["service"][0]["text"]


def test_whose_shared_memory_a_logout_removes(admin: User) -> None:
    """Of the owners that have certificates and accounts here, lin lingers and guest does not."""
    for name in ("lin", "guest"):
        User(name, Role.USER)
    _, checks = doctor()
    (found,) = checks["shared memory"]
    assert found["verdict"] == "note"
    assert "the last login session of guest ends" in found["text"]
    run("loginctl", "enable-linger", "guest")  # what it says
    try:
        assert [one["verdict"] for one in doctor()[1]["shared memory"]] == ["ok"]
    finally:
        run("loginctl", "disable-linger", "guest")


def test_a_local_frontend_that_is_stopped(admin: User) -> None:
    run("systemctl", "stop", LOCAL_FRONTEND)
    try:
        code, checks = doctor()
    finally:
        run("systemctl", "start", LOCAL_FRONTEND)
    assert code == 1
    assert checks[LOCAL_FRONTEND][0]["verdict"] == checks["local socket"][0]["verdict"] == "wrong"
    assert f"systemctl restart {LOCAL_FRONTEND}" in checks["local socket"][0]["todo"]
    assert "over localhost:8275" in checks["service"][0]["text"]


def test_a_frontend_that_is_stopped(admin: User) -> None:
    run("systemctl", "stop", FRONTEND)
    try:
        code, checks = doctor()
    finally:
        run("systemctl", "start", FRONTEND)
        until_serving()
    assert code == 1
    assert checks[FRONTEND][0]["verdict"] == "wrong"
    assert f"systemctl enable --now {FRONTEND}" in checks[FRONTEND][0]["todo"]
    assert "connection refused" in checks["port"][0]["text"]
    assert checks["tasker.service"][0]["verdict"] == "ok"


@pytest.mark.parametrize("path", [ETC / "ca.key", ETC / "server.key"], ids=str)
def test_a_key_that_others_may_read(admin: User, path: Path) -> None:
    path.chmod(0o644)
    try:
        code, checks = doctor()
    finally:
        path.chmod(0o600)
    assert code == 1
    assert [one["todo"].split(",")[0] for one in checks["keys"]] == [f"run chmod 600 {path}"]


def test_a_configuration_that_cannot_be_used(admin: User) -> None:
    path = ETC / "tasker.toml"
    before = path.read_text()
    path.write_text("[server]\nlisten = 1\n")
    try:
        code, checks = doctor()
    finally:
        path.write_text(before)
    assert code == 1
    assert "server.listen" in checks["configuration"][0]["text"]


def test_nobody_may_ask_too(admin: User) -> None:
    """What needs root is said, and what does not is checked all the same."""
    code, checks = doctor("env", "HOME=/", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    assert code == 1
    assert checks["tasker.service"][0]["verdict"] == "ok"
    assert checks["cgroups"][0]["verdict"] == "ok"
    assert "cannot find your certificate" in checks["your certificate"][0]["text"]
