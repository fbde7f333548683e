"""A job forges entries of the audit trail: no documented search shows them, and each shows the true ones."""

from __future__ import annotations

import contextlib
import re
import shlex
import socket
from pathlib import Path

import pytest

from tasker import issuing
from tasker.client import Client
from tasker.errors import TaskerError
from tasker.identity import Role
from tasker.job import Job
from tasker.journal import FRONTEND, MESSAGES, search
from tests.support.searches import INSTALLED, searches, texts
from tests.support.waiting import DEADLINE, until
from tests.system.conftest import ADDRESS, ETC, MOST, User, moment, run

FORGERY = """
import os, socket
journald = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
journald.connect("/run/systemd/journal/socket")
job = os.environ["TASKER_JOB"]
for action, id in {messages!r}.items():
    fields = dict(MESSAGE=job + ": forged", MESSAGE_ID=id, PRIORITY="6", SYSLOG_IDENTIFIER="tasker")
    fields |= dict(TASKER_ACTION=action, TASKER_JOB=job, TASKER_OWNER="alice", TASKER_ACTOR="alice")
    for name in ("_SYSTEMD_UNIT", "OBJECT_SYSTEMD_UNIT", "UNIT", "COREDUMP_UNIT"):
        fields[name] = "{frontend}" if action in ("login", "disconnect") else "tasker.service"
    journald.send("".join(name + "=" + value + "\\n" for name, value in fields.items()).encode())
"""


def forge(alice: User) -> Job:
    """A job of alice that has written an entry of every kind, with the fields that the services write, and more."""
    script = FORGERY.format(messages=MESSAGES, frontend=FRONTEND)
    job = alice.wait(alice.start("python3", "-c", script))
    assert job.outcome is not None
    assert job.outcome.exit_code == 0, alice.output(job)
    return job


def shown(search: str, since: str) -> list[str]:
    return run(*shlex.split(search), "-q", "-o", "cat", f"--since={since}").splitlines()


def filled_in(search: str, job: Job) -> str:
    """A documented search, with this job, its owner and its starter in place of the examples."""
    for field, value in (("TASKER_JOB", job.id), ("TASKER_OWNER", "alice"), ("TASKER_ACTOR", "alice")):
        search = re.sub(rf"(?<= {field}=)\S+", value, search)
    return search


def connect_often(begin: str) -> list[str]:
    """What a search for ended connections shows, after more than half of those that a frontend takes."""
    with contextlib.ExitStack() as stack:
        for _ in range(MOST):
            stack.enter_context(socket.create_connection(("127.0.0.1", 8275), DEADLINE, ("127.0.0.2", 0)))
        return shown(search("TASKER_ACTION", "disconnect", FRONTEND), begin)


def test_no_documented_search_shows_what_a_job_has_forged(few: None, alice: User, bob: User) -> None:
    begin = moment()
    job = forge(alice)
    running = alice.start("sleep", "600")
    with pytest.raises(TaskerError):
        bob.client.stop(running.id)  # refused: the true entry that a search for refusals shows
    pair = issuing.make_client(issuing.make_ca(), "mallory", Role.USER)
    ca = (ETC / "ca.crt").read_bytes()
    with Client(ADDRESS, ca=ca, certificate=pair.certificate, key=pair.key) as mallory, pytest.raises(TaskerError):
        mallory.info()  # and for logins
    forged = f"{job.id}: forged"
    unsafe = f"journalctl TASKER_JOB={job.id}"
    until(lambda: shown(unsafe, begin).count(forged), lambda count: count == len(MESSAGES), "all kinds are forged")
    until(lambda: shown(search("TASKER_ACTION", "refuse"), begin), what="the refusal")
    until(lambda: shown(search("TASKER_ACTION", "login", FRONTEND), begin), what="the failed login")
    until(lambda: connect_often(begin), what="connections are ended")

    documented = {found for _, text in texts(Path("/"), INSTALLED) for found in searches(text)}
    documented |= {search("TASKER_JOB", job.id), search("TASKER_ACTION", "login", FRONTEND)}
    assert len(documented) >= 8
    for found in documented:
        lines = shown(filled_in(found, job), begin)
        assert lines, f"{found} shows nothing"
        assert forged not in lines, f"{found} shows what a job has forged"
