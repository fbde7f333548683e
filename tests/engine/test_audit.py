"""Who did what, and who was refused it, in the journal; and that nobody can flood it."""

from __future__ import annotations

import contextlib
import select
import signal

import pytest

from tasker import wire
from tasker.errors import TaskerError
from tasker.job import Job
from tasker.journal import MESSAGES
from tests.support.stack import ALICE, BOB, ROOT, Stack


def heard(tasker: Stack, action: str) -> dict[str, str]:
    """The next message of that kind."""
    while True:
        fields = dict(line.split("=", 1) for line in tasker.journal.recv(1 << 16).decode().splitlines())
        if fields["TASKER_ACTION"] == action:
            assert fields["MESSAGE_ID"] == MESSAGES["omit" if "TASKER_OMITTED" in fields else action]
            return fields


def by(fields: dict[str, str]) -> tuple[str, str, str]:
    return fields["TASKER_ACTOR"], fields["TASKER_ROLE"], fields["TASKER_SERIAL"]


def about(fields: dict[str, str], job: Job) -> bool:
    names = ("TASKER_JOB", "TASKER_OWNER", "OBJECT_SYSTEMD_UNIT")
    return tuple(fields[name] for name in names) == (job.id, job.owner, job.unit)


def test_whatever_a_caller_does_to_a_job_is_written_down(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE)
    fields = heard(tasker, "start")
    assert by(fields) == ("alice", "user", "a1")
    assert about(fields, job)
    requests: list[tuple[str, wire.Message, str]] = [
        ("signal", wire.SignalJob(ROOT, job.id, signal.SIGCONT), "root sent SIGCONT"),
        ("pause", wire.PauseJob(ROOT, job.id), "root paused it"),
        ("resume", wire.ResumeJob(ROOT, job.id), "root resumed it"),
        ("attach", wire.AttachJob(ROOT, job.id), "root attached"),
        ("stop", wire.StopJob(ROOT, job.id, 3.0), "root stops it, within 3 s"),
    ]
    for action, request, message in requests:
        tasker.ask(request)
        fields = heard(tasker, action)
        assert by(fields) == ("root", "admin", "ad")
        assert about(fields, job)
        assert fields["MESSAGE"] == f"{job.id}: {message}"


def test_questions_are_not(tasker: Stack) -> None:
    job = tasker.start_job("true")
    listing = wire.ListJobs(BOB, "", False, False, "")
    for request in (wire.WaitJob(BOB, job.id, False), wire.GetJob(BOB, job.id), listing):
        tasker.ask(request)
    tasker.journal.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            assert b"TASKER_ACTOR=bob" not in tasker.journal.recv(1 << 16)


def test_what_was_refused_says_who_what_and_why(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE)
    with pytest.raises(TaskerError) as caught:
        tasker.ask(wire.StopJob(BOB, job.id, None))
    fields = heard(tasker, "refuse")
    assert by(fields) == ("bob", "user", "b0")
    assert about(fields, job)
    assert (fields["TASKER_REASON"], fields["TASKER_REFUSED"]) == ("denied", "stop")
    assert fields["MESSAGE"] == f"bob: {caught.value.message}"
    with pytest.raises(TaskerError):
        tasker.start_job("/nothing/there", caller=ALICE)
    fields = heard(tasker, "refuse")
    assert (fields["TASKER_ACTOR"], fields["TASKER_REASON"]) == ("alice", "command-not-found")


def test_what_a_caller_does_without_end_is_written_down_so_often_and_then_counted(tasker: Stack) -> None:
    """The numbers come even when nothing follows: here at the end of the engine, else at the end of the minute."""
    job = tasker.start_job("sleep", "60", caller=ALICE)
    lines: list[bytes] = []
    with tasker.connect() as peer:
        for _ in range(310):
            peer.ask(wire.SignalJob(ALICE, job.id, signal.SIGCONT))
            with pytest.raises(TaskerError):
                peer.ask(wire.StopJob(BOB, job.id, None))
            while select.select([tasker.journal], [], [], 0)[0]:  # the socket holds ten messages
                lines.append(tasker.journal.recv(1 << 16))
    assert sum(b"TASKER_ACTION=refuse\n" in line for line in lines) == 20
    assert sum(b"TASKER_ACTION=signal\n" in line for line in lines) == 300
    tasker.engine.end()
    refused, done = heard(tasker, "refuse"), heard(tasker, "omit")
    assert refused["MESSAGE"] == "… and 290 more refused requests of bob in the last minute were not logged"
    assert (refused["TASKER_ACTOR"], refused["TASKER_OMITTED"]) == ("bob", "290")
    assert done["MESSAGE"] == "… and 10 more actions of alice in the last minute were not logged"
    assert (done["TASKER_ACTOR"], done["TASKER_OMITTED"]) == ("alice", "10")
