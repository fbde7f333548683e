"""Stops, ends and outcomes, and what is kept of them."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
import time

import pytest

from tasker import wire
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity
from tasker.job import Job, Kind, Outcome
from tasker.lifecycle import State
from tasker.limits import Limits
from tests.support.stack import ALICE, BOB, ROOT, Stack
from tests.support.waiting import join, until_equal

DEAF = "exec 2>/dev/null; trap '' TERM; echo ready; while :; do sleep 0.01; done"
"""A job that SIGTERM does not end."""


def ready(tasker: Stack, script: str, caller: Identity = ALICE, grace: float | None = None) -> Job:
    """A job that has printed something."""
    job = tasker.start_job("sh", "-c", script, caller=caller, grace=grace)
    tasker.until_printed(job)
    return job


def stop(tasker: Stack, job: Job, grace: float | None = None, caller: Identity = ALICE) -> Job:
    reply = tasker.ask(wire.StopJob(caller, job.id, grace))
    assert isinstance(reply, wire.JobReply)
    return reply.job


def test_an_exit_code_is_the_outcome(tasker: Stack) -> None:
    ended = tasker.wait(tasker.start_job("sh", "-c", "exit 3"))
    assert ended.outcome == Outcome(Kind.EXITED, exit_code=3)
    assert ended.state is State.ENDED
    assert ended.started is not None
    assert ended.ended is not None
    assert ended.created <= ended.started <= ended.ended + 0.5
    tasker.systemd.until_no_units()


def test_a_signal_is_the_outcome(tasker: Stack) -> None:
    ended = tasker.wait(tasker.start_job("sh", "-c", "kill -SEGV $$"))
    assert ended.outcome == Outcome(Kind.SIGNALLED, signal=signal.SIGSEGV)


def test_a_stop_asks_and_the_answer_is_the_ended_job(tasker: Stack) -> None:
    job = ready(tasker, "exec 2>/dev/null; trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 0.01; done")
    assert stop(tasker, job).outcome == Outcome(Kind.STOPPED, exit_code=9, stopped_by="alice")
    assert tasker.output(job) == b"ready\nbye\n"


def test_after_the_grace_everything_is_killed(tasker: Stack) -> None:
    job = ready(tasker, DEAF)
    begun = time.monotonic()
    outcome = stop(tasker, job, grace=0.5).outcome
    assert time.monotonic() - begun >= 0.5
    assert outcome == Outcome(Kind.STOPPED, signal=signal.SIGKILL, stopped_by="alice", killed=True)


def test_a_stopped_process_group_is_continued_so_that_it_can_end(tasker: Stack) -> None:
    job = ready(tasker, "trap 'exit 0' TERM; echo ready; kill -STOP $$; while :; do sleep 0.01; done")
    assert stop(tasker, job).outcome == Outcome(Kind.STOPPED, exit_code=0, stopped_by="alice")


def test_stopping_again_is_harmless_and_the_earlier_deadline_counts(tasker: Stack) -> None:
    job = ready(tasker, DEAF)
    answers: list[Job] = []
    patient = threading.Thread(target=lambda: answers.append(stop(tasker, job, grace=3600)))
    patient.start()
    tasker.until_state(job, State.STOPPING)
    assert tasker.get(job).stopping_by == "alice"
    answers.append(stop(tasker, job, grace=0, caller=ROOT))
    join(patient)
    answers.append(stop(tasker, job))
    assert {answer.outcome for answer in answers} == {
        Outcome(Kind.STOPPED, signal=signal.SIGKILL, stopped_by="alice", killed=True)
    }
    assert {answer.stopping_by for answer in answers} == {""}


def test_a_stop_that_lands_while_it_starts_is_carried_out(tasker: Stack) -> None:
    tasker.systemd.plan(hold="removed")
    with tasker.connect() as starter, tasker.connect() as stopper:
        starter.send(1, wire.StartJob(ALICE, tasker.spec("sleep", "60")))
        tasker.systemd.until_called()
        id = tasker.list()[0].id
        stopper.send(1, wire.StopJob(ALICE, id, None))
        until_equal(lambda: tasker.list()[0].state, State.STOPPING)
        tasker.systemd.do("release")
        stopped = stopper.receive()[0].message
    assert isinstance(stopped, wire.JobReply)
    assert stopped.job.outcome == Outcome(Kind.STOPPED, signal=signal.SIGTERM, stopped_by="alice")


def test_out_of_memory_is_systemds_word_not_a_guess(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60")
    tasker.systemd.do("oom", unit=job.unit)
    outcome = tasker.wait(job).outcome
    assert outcome is not None
    assert outcome.kind is Kind.OUT_OF_MEMORY


@pytest.mark.parametrize("asked", [None, 100 << 20])
def test_out_of_memory_names_the_limit_that_an_admin_set(tasker: Stack, asked: int | None) -> None:
    job = tasker.start_job("sleep", "60", limits=Limits(memory=asked))
    tasker.systemd.do("set", unit=job.unit, key="MemoryMax", value=30 << 20)
    tasker.systemd.do("oom", unit=job.unit)
    outcome = tasker.wait(job).outcome
    assert outcome is not None
    assert "limit 30M reached" in outcome.verdict
    ended = tasker.get(job)
    assert (ended.in_force, ended.differing) == (Limits(memory=30 << 20), ("memory",))


@pytest.mark.parametrize(
    ("asked", "said", "differing"),
    [(None, 300_000, ("cpu",)), (1.0, 300_000, ("cpu",)), (0.3, 300_000, ()), (0.3, (1 << 64) - 1, ())],
)
def test_what_held_it_back_is_the_limit_that_an_admin_set(
    tasker: Stack, asked: float | None, said: int, differing: tuple[str, ...]
) -> None:
    job = tasker.start_job("sleep", "60", limits=Limits(cpu=asked))
    (tasker.systemd.cgroup(job.unit) / "cpu.stat").write_text("usage_usec 1\nnr_periods 100\nnr_throttled 34\n")
    tasker.systemd.do("set", unit=job.unit, key="CPUQuotaPerSecUSec", value=said)
    outcome = stop(tasker, job, caller=ROOT).outcome
    assert outcome is not None
    assert "; the CPU limit of 0.3 held it back 34 % of the time" in outcome.verdict
    ended = tasker.get(job)
    assert (ended.in_force, ended.differing) == (Limits(cpu=0.3) if differing else None, differing)


def test_a_plain_kill_is_not_out_of_memory(tasker: Stack) -> None:
    outcome = tasker.wait(tasker.start_job("sh", "-c", "kill -KILL $$")).outcome
    assert outcome == Outcome(Kind.SIGNALLED, signal=signal.SIGKILL)


def test_the_run_time_is_systemds_to_end(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", limits=tasker.limits(run_time=1))
    outcome = tasker.wait(job).outcome
    assert outcome == Outcome(Kind.TIMED_OUT, signal=signal.SIGTERM)


def test_what_the_leader_leaves_behind_is_killed_and_its_output_kept(tasker: Stack) -> None:
    told = tasker.directory / "told"
    os.mkfifo(told)
    told.chmod(0o666)
    child = f"echo child; echo > {told}; exec sleep 60"
    job = tasker.start_job("sh", "-c", f"setsid sh -c '{child}' & read x < {told}; exit 4")
    assert tasker.wait(job).outcome == Outcome(Kind.EXITED, exit_code=4)
    assert tasker.output(job) == b"child\n"
    tasker.systemd.until_no_units()


def test_two_hundred_jobs_that_end_at_once_end_as_they_did(tasker: Stack) -> None:
    """dbus-daemon takes 128 calls of one connection at a time."""
    owner = '[owner]\nrunning = 1000\nstarts = "none"\n'
    tasker.configure(f'[server]\n{owner}[output]\nmemory = "none"\n[retention]\nended = 1000\n')
    tasker.engine.restart()
    go = tasker.directory / "go"
    os.mkfifo(go)
    go.chmod(0o666)
    jobs = [tasker.start_job("sh", "-c", f"read x < {go}; exit 5") for _ in range(200)]
    opened = os.open(go, os.O_RDWR)  # not only to write, so that nobody sees the end of the file early
    try:
        os.write(opened, b"go\n" * 200)
        outcomes = [tasker.wait(job).outcome for job in jobs]
    finally:
        os.close(opened)
    assert outcomes == [Outcome(Kind.EXITED, exit_code=5)] * 200
    assert "cannot learn" not in tasker.engine.log
    tasker.systemd.until_no_units()


def test_past_a_number_of_waiting_stops_one_is_told_so_and_counts_all_the_same(tasker: Stack) -> None:
    job = ready(tasker, DEAF)
    with tasker.connect() as peer:
        for number in range(1, 66):
            peer.send(number, wire.StopJob(ALICE, job.id, 3600.0))
        refused = peer.receive()[0].message  # the 65th
        assert isinstance(refused, wire.Failed)
        assert refused.reason is Reason.EXHAUSTED
        with pytest.raises(TaskerError, match="64 callers wait already"):
            stop(tasker, job, grace=0, caller=ROOT)
        outcome = tasker.wait(job).outcome
    assert outcome == Outcome(Kind.STOPPED, signal=signal.SIGKILL, stopped_by="alice", killed=True)


def test_only_owner_and_admin_stop_and_attach(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE, environment={"SECRET": "x"})
    for request in (wire.StopJob(BOB, job.id, None), wire.AttachJob(BOB, job.id)):
        with pytest.raises(TaskerError, match=r"of alice as bob: only its owner or an admin may") as caught:
            tasker.ask(request)
        assert caught.value.reason is Reason.DENIED
    assert tasker.get(job, BOB).spec.environment == {"SECRET": ""}
    assert tasker.get(job, ALICE).spec.environment == tasker.get(job, ROOT).spec.environment == {"SECRET": "x"}
    assert stop(tasker, job, caller=ROOT).outcome == Outcome(Kind.STOPPED, signal=signal.SIGTERM, stopped_by="root")


def test_ids_by_prefix(tasker: Stack) -> None:
    jobs = [tasker.start_job("true") for _ in range(40)]
    one = jobs[0]
    assert tasker.get(one).id == one.id
    unique = next(n for n in range(1, 9) if sum(job.id[:n] == one.id[:n] for job in jobs) == 1)
    reply = tasker.ask(wire.GetJob(BOB, one.id[:unique]))
    assert isinstance(reply, wire.JobReply)
    assert reply.job.id == one.id
    letters = [job.id[0] for job in jobs]
    shared = next(letter for letter in letters if letters.count(letter) > 1)  # 40 ids, 32 letters
    for prefix, reason in ((shared, Reason.AMBIGUOUS), ("zzzzzzzzz", Reason.NOT_FOUND), ("", Reason.INVALID)):
        with pytest.raises(TaskerError) as caught:
            tasker.ask(wire.GetJob(BOB, prefix))
        assert caught.value.reason is reason


def test_lists_are_paged_filtered_and_in_order(tasker: Stack) -> None:
    jobs = [tasker.start_job("true", "x" * 20_000, caller=caller) for caller in (ALICE, BOB) * 4]
    running = tasker.start_job("sleep", "60", caller=ALICE)
    for job in jobs:
        tasker.wait(job)
    assert [job.id for job in tasker.list()] == [job.id for job in [*jobs, running]]
    assert [job.id for job in tasker.list(owner="bob")] == [job.id for job in jobs[1::2]]
    assert [job.id for job in tasker.list(running=True)] == [running.id]
    page = tasker.ask(wire.ListJobs(ALICE, "", False, False, ""))
    assert isinstance(page, wire.JobsReply)
    assert page.next
    for token in ("x", "[]", '["a", "b"]'):
        with pytest.raises(TaskerError) as caught:
            tasker.ask(wire.ListJobs(ALICE, "", False, False, token))
        assert caught.value.reason is Reason.INVALID


def test_past_the_number_kept_the_first_that_ended_is_forgotten(tasker: Stack) -> None:
    tasker.configure("[server]\n[owner]\nrunning = 1000\n[retention]\nended = 2\n")
    tasker.engine.restart()
    alive = tasker.start_job("sleep", "60")
    ended = [tasker.start_job("true") for _ in range(1)]
    tasker.wait(ended[0])
    for _ in range(2):
        ended.append(tasker.start_job("true"))
        tasker.wait(ended[-1])
    until_equal(lambda: [job.id for job in tasker.list()], [alive.id, ended[1].id, ended[2].id])


def test_the_journal_has_the_life_of_a_job(tasker: Stack) -> None:
    job = tasker.start_job("sh", "-c", "exit 3\n\x1b[31m", caller=ALICE)
    outcome = tasker.wait(job).outcome
    assert outcome is not None
    assert re.match(r"exited with code 3 after \d", outcome.verdict)
    started, ended = (fields(tasker.journal) for _ in range(2))
    for entry in (started, ended):
        assert entry["OBJECT_SYSTEMD_UNIT"] == job.unit
        assert (entry["TASKER_JOB"], entry["TASKER_OWNER"]) == (job.id, "alice")
    assert (started["TASKER_ACTION"], started["TASKER_ACTOR"]) == ("start", "alice")
    assert started["MESSAGE"] == f"{job.id}: alice started sh -c exit 3??[31m"
    assert (ended["TASKER_ACTION"], ended["MESSAGE"]) == ("end", f"{job.id}: {outcome.verdict}")


def fields(journal: socket.socket) -> dict[str, str]:
    return dict(line.split("=", 1) for line in journal.recv(1 << 16).decode().splitlines())
