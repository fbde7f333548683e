"""Jobs and login sessions, with the real PAM and logind: a process that leaves a job's limits is reported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker.engine.escape import INSTEAD
from tasker.job import Job, Kind
from tests.support.waiting import until, until_equal
from tests.system.conftest import User, cgroup, run

LEFT = "and left the job's limits"
OPENING = {
    "su": "su - lin -c '{}'",
    "su without -": "su lin -c '{}'",
    "runuser -l": "runuser -l lin -c '{}'",
    "sudo -i": "sudo -iu lin {}",
    "a deep child": 'sh -c \'sh -c "su - lin -c \\"{}\\"; true"; true\'',
}
STAYING = {
    "runuser -u": "runuser -u lin -- {}",
    "setpriv": "setpriv --reuid lin --regid lin --init-groups {}",
    "sudo": "sudo -u lin {}",
}
WHERE = "cat /proc/self/cgroup"


def sessions(name: str) -> list[str]:
    """Login sessions of one account."""
    rows = [line.split() for line in run("loginctl", "list-sessions", "--no-legend").splitlines()]
    return [id for id, _, user, *_ in rows if user == name]


def left_by(job: Job) -> list[str]:
    """What the journal has of sessions that the job opened."""
    return run("journalctl", "-o", "cat", f"TASKER_JOB={job.id}", "TASKER_ACTION=session").splitlines()


@pytest.fixture(autouse=True)
def logged_out(tidy: None) -> Iterator[None]:
    """No session of the account is left by a test."""
    until(lambda: not sessions("lin"))
    yield
    for id in sessions("lin"):
        run("loginctl", "kill-session", "--signal=KILL", id, check=False)


@pytest.mark.parametrize("command", [v for k, v in OPENING.items() if k != "a deep child"])
def test_a_leader_that_opens_a_session_is_ended_with_advice(admin: User, command: str) -> None:
    job = admin.sh(f"exec {command.format('sleep 600')}", user="root")
    outcome = admin.wait(job).outcome
    assert outcome is not None
    assert (outcome.kind, outcome.stopped_by, outcome.signal) == (Kind.STOPPED, "tasker", 9)
    words = outcome.verdict.removeprefix("stopped by tasker: a process opened login session ")
    assert re.fullmatch(r"\w+" + re.escape(f" {LEFT}; {INSTEAD}"), words)
    assert not Path(f"/proc/{job.pid}").exists()
    # What ran in it is killed, too. logind may list the session as closing until somebody kills it (logged_out does).
    until_equal(lambda: run("pgrep", "-u", "lin", "sleep", check=False), "")


def test_a_leader_is_ended_though_a_child_stays_behind(admin: User) -> None:
    job = admin.sh("sleep 600 & exec su - lin -c 'sleep 600'", user="root")
    outcome = admin.wait(job).outcome
    assert outcome is not None
    assert "a process opened login session" in outcome.verdict
    assert not cgroup(job).exists()


@pytest.mark.parametrize("command", OPENING.values(), ids=list(OPENING))
def test_a_child_that_opens_a_session_is_reported_and_goes_on(admin: User, command: str) -> None:
    job = admin.sh(f"{command.format(WHERE)}; echo on; sleep 600", user="root")
    found = re.fullmatch(r"0::/user\.slice/user-\d+\.slice/session-(\w+)\.scope", admin.first_line(job))
    assert found, "it did not move"
    words = f"a process opened login session {found[1]} {LEFT}"
    until(lambda: left_by(job))
    assert left_by(job) == [f"{job.id}: {words}"]
    assert admin.client.get(job.id).state == "running"
    outcome = admin.client.stop(job.id).outcome
    assert outcome is not None
    assert outcome.verdict.endswith(f"; {words}")


@pytest.mark.parametrize("command", STAYING.values(), ids=list(STAYING))
def test_what_the_advice_names_stays_in_the_job(admin: User, command: str) -> None:
    job = admin.sh(f"{command.format(WHERE)}; {command.format('id -un')}", user="root")
    assert admin.output(job).decode().split() == [f"0::/tasker.slice/{job.slice}/{job.unit}", "lin"]
    outcome = admin.wait(job).outcome
    assert outcome is not None
    assert (outcome.kind, left_by(job)) == (Kind.EXITED, [])
    assert "session" not in outcome.verdict


def test_so_does_taskers_own_user(admin: User) -> None:
    job = admin.sh(f"{WHERE}; id -un", user="lin")
    assert admin.output(job).decode().split() == [f"0::/tasker.slice/{job.slice}/{job.unit}", "lin"]


def test_somebody_who_logs_in_meanwhile_is_nothing_to_a_job(admin: User) -> None:
    job = admin.sh("sleep 600", user="root")
    login = ("systemd-run", "--quiet", "--wait", "--pipe", "-p", "PAMName=runuser-l", "-p", "User=lin")
    assert "/session-" in run(*login, "cat", "/proc/self/cgroup")
    outcome = admin.client.stop(job.id).outcome
    assert outcome is not None
    assert (left_by(job), "session" in outcome.verdict) == ([], False)


def test_a_users_job_gains_no_rights_by_sudo(alice: User, admin: User) -> None:
    refused = alice.output(alice.sh("sudo -n true 2>&1; true")).decode()
    assert "no new privileges" in refused
    assert admin.output(admin.sh("sudo -n id -u", user="root")) == b"0\n"
