"""The way from a request to a running job, and every place where it can be refused. What is refused leaves nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from tasker import wire
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity
from tasker.job import JobSpec
from tasker.lifecycle import State
from tasker.limits import IoLimit, Limits
from tests.engine.conftest import as_others
from tests.support.stack import ALICE, BOB, ROOT, Stack
from tests.support.waiting import join

MIB = 1 << 20


@contextlib.contextmanager
def refused(reason: Reason, words: str = "cannot ") -> Iterator[None]:
    with pytest.raises(TaskerError, match=words) as caught:
        yield
    assert caught.value.reason is reason
    assert caught.value.message.startswith("cannot ")
    assert "\n" not in caught.value.message


def nothing_left(tasker: Stack) -> bool:
    """No job and no process now; the unit as soon as systemd has seen that."""
    assert not any(unit["pids"] for unit in tasker.systemd.units.values())
    tasker.systemd.until_no_units()
    return tasker.list() == []


@pytest.mark.parametrize(("caller", "nice"), [(ALICE, 0), (ALICE, 7), (ALICE, 19), (ROOT, -5), (ROOT, -20)])
def test_the_nice_value_of_a_command(shared: Stack, caller: Identity, nice: int) -> None:
    job = shared.start_job("sleep", "60", caller=caller, nice=nice)
    assert job.spec.nice == nice
    assert os.getpriority(os.PRIO_PROCESS, job.pid) == nice
    shared.ask(wire.StopJob(caller, job.id, 0))


def test_only_an_admin_starts_below_nice_0(shared: Stack) -> None:
    with refused(Reason.DENIED, "cannot start at nice -1 as alice: only an admin may"):
        shared.start_job("true", caller=ALICE, nice=-1)


def test_the_scope_is_made_as_designed(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60", caller=ALICE)
    made = tasker.systemd.calls[-1]["properties"]
    assert tasker.systemd.calls[-1]["unit"] == job.unit == f"tasker-{job.id}.scope"
    assert made["Description"] == "alice: sleep 60"
    assert made["Slice"] == job.slice == "tasker-alice.slice"
    assert made["PIDs"] == [job.pid]
    assert (made["PartOf"], made["After"]) == (["tasker-collector.service"], ["tasker-collector.service"])
    assert (made["AddRef"], made["CollectMode"], made["OOMPolicy"]) == (True, "inactive-or-failed", "kill")
    assert job.state is State.RUNNING
    assert "Delegate" not in made
    assert tasker.systemd.units[job.unit]["pids"] == [job.pid]


def test_every_limit_becomes_a_property(swapping: Stack) -> None:
    tasker = swapping
    io = IoLimit(str(tasker.directory), 5 * MIB, 6 * MIB, 70, 80)
    limits = Limits(0.5, 50, 64 * MIB, 48 * MIB, 8 * MIB, 10, (io,), 30, 90.5)
    job = tasker.start_job("sleep", "60", limits=limits)
    made = tasker.systemd.calls[-1]["properties"]
    assert made["CPUQuotaPerSecUSec"] == 500_000
    assert made["CPUWeight"] == 50
    assert (made["MemoryMax"], made["MemoryHigh"], made["MemorySwapMax"]) == (64 * MIB, 48 * MIB, 8 * MIB)
    assert made["TasksMax"] == 10
    (disk,) = job.disks
    node = f"/dev/{disk.name}"
    assert made["IOReadBandwidthMax"] == [[node, 5 * MIB]]
    assert made["IOWriteBandwidthMax"] == [[node, 6 * MIB]]
    assert (made["IOReadIOPSMax"], made["IOWriteIOPSMax"]) == ([[node, 70]], [[node, 80]])
    assert made["IOWeight"] == 30
    assert made["RuntimeMaxUSec"] == 150_500_000  # a minute more: the engine's to end


def test_a_memory_limit_alone_allows_no_swap(tasker: Stack) -> None:
    tasker.start_job("sleep", "60", limits=Limits(memory=64 * MIB))
    assert tasker.systemd.calls[-1]["properties"]["MemorySwapMax"] == 0


@pytest.mark.parametrize(
    ("omitted", "limits"),
    [
        ("CPUQuotaPerSecUSec", Limits(cpu=0.5)),
        ("CPUWeight", Limits(cpu_weight=50)),
        ("MemoryMax", Limits(memory=64 * MIB)),
        ("MemoryHigh", Limits(memory_high=64 * MIB)),
        ("MemorySwapMax", Limits(memory_swap=64 * MIB)),
        ("TasksMax", Limits(tasks=5)),
        ("IOWriteBandwidthMax", Limits(io=(IoLimit("/", write_bandwidth=MIB),))),
    ],
)
def test_a_limit_that_is_not_in_force_fails_the_start(swapping: Stack, omitted: str, limits: Limits) -> None:
    tasker = swapping
    tasker.systemd.plan(omit=[omitted])
    with refused(Reason.REFUSED, "cannot limit"):
        tasker.start_job("sleep", "60", limits=limits)
    assert nothing_left(tasker)


def test_a_path_without_a_disk_is_refused(tasker: Stack) -> None:
    for path, why in (("/proc/x", "/proc is a file system of type proc"), ("/dev/zero", "it is not a block device")):
        with refused(Reason.REFUSED, f"the disk under {path}: {why}, so there is no disk; "):
            tasker.start_job("true", limits=Limits(io=(IoLimit(path, read_iops=5),)))
    assert tasker.systemd.calls == []


def test_what_systemd_refuses_is_told_in_its_words(tasker: Stack) -> None:
    tasker.systemd.plan(error="org.freedesktop.DBus.Error.InvalidArgs", error_text="that will not do")
    with refused(Reason.REFUSED, "that will not do"):
        tasker.start_job("sleep", "60")
    assert nothing_left(tasker)


def test_a_unit_job_that_fails_fails_the_start(tasker: Stack) -> None:
    tasker.systemd.plan(result="failed")
    with refused(Reason.REFUSED, "failed"):
        tasker.start_job("sleep", "60")
    assert nothing_left(tasker)


def test_the_order_of_reply_and_signal_does_not_matter(tasker: Stack) -> None:
    for reply_first in (False, True):
        tasker.systemd.plan(reply_first=reply_first)
        assert tasker.start_job("true").state is State.RUNNING


def test_the_gate_stays_shut_until_the_scope_stands(tasker: Stack) -> None:
    mark = tasker.directory / "ran"
    tasker.directory.chmod(0o777)
    tasker.systemd.plan(hold="removed")
    with tasker.connect() as peer:
        peer.send(1, wire.StartJob(ALICE, JobSpec(("touch", str(mark)))))
        tasker.systemd.until_called()
        listed = tasker.ask(wire.ListJobs(ROOT, "", False, False, ""))
        assert isinstance(listed, wire.JobsReply)
        assert listed.jobs[0].state is State.STARTING
        assert not mark.exists()
        tasker.systemd.do("release")
        reply = peer.receive()[0].message
    assert isinstance(reply, wire.JobReply)
    tasker.wait(reply.job)
    assert mark.exists()


@as_others
def test_commands_that_cannot_run_say_why_and_leave_nothing(tasker: Stack) -> None:
    """The sentences themselves: test_advice.py."""
    with refused(Reason.COMMAND_NOT_FOUND, "not in PATH"):
        tasker.start_job("no-such-command-anywhere")
    with refused(Reason.NOT_EXECUTABLE, "is not executable; use chmod"):
        tasker.start_job("/etc/passwd", caller=ALICE)
    with refused(Reason.REFUSED, "cannot start in /root: .* may not search the directory /root; choose another"):
        tasker.start_job("true", caller=ALICE, working_directory="/root")
    with refused(Reason.REFUSED, "cannot start in /nonexistent, the home of nobody: there is no such directory; "):
        tasker.start_job("true", user="nobody")
    assert nothing_left(tasker)


@pytest.mark.parametrize(
    "spec",
    [
        JobSpec(()),
        JobSpec(("a\0b",)),
        JobSpec(("true",), limits=Limits(cpu=0.001)),
        JobSpec(("true",), limits=Limits(cpu=2.0**63)),
        JobSpec(("true",), limits=Limits(memory=4096)),
        JobSpec(("true",), working_directory="relative"),
        JobSpec(("true",), environment={"A=B": "c"}),
        JobSpec(("true",), name="x\n"),
    ],
)
def test_bad_requests_are_refused_before_anything_is_made(tasker: Stack, spec: JobSpec) -> None:
    with refused(Reason.INVALID):
        tasker.ask(wire.StartJob(ALICE, spec))
    assert nothing_left(tasker)


def test_a_command_too_long_for_a_datagram_is_refused_and_one_that_fits_outlives_the_engine(tasker: Stack) -> None:
    with refused(Reason.INVALID, "a command of this length"):
        tasker.start_job("true", "\1" * 20_600)  # six characters each in JSON; the request itself just fits
    assert nothing_left(tasker)
    job = tasker.start_job("sh", "-c", "sleep 60", "x" * 90_000)
    tasker.engine.restart()
    assert dataclasses.replace(tasker.get(job), in_force=None, usage=None) == job


def test_two_owners_have_two_uids_and_keep_them(tasker: Stack) -> None:
    alice, bob = (tasker.start_job("true", caller=who) for who in (ALICE, BOB))
    assert alice.uid != bob.uid
    assert min(alice.uid, bob.uid) >= 1_879_048_192
    tasker.engine.restart()
    assert [tasker.start_job("true", caller=who).uid for who in (BOB, ALICE)] == [bob.uid, alice.uid]


@as_others
def test_root_is_for_admins_who_ask_for_it(tasker: Stack) -> None:
    with refused(Reason.DENIED, "only an admin may"):
        tasker.start_job("true", caller=ALICE, user="root")
    with refused(Reason.INVALID, "no such account"):
        tasker.start_job("true", user="nobody-by-this-name")
    assert tasker.start_job("true").uid != 0
    assert tasker.start_job("true", user="root").uid == 0


NOT_OWN = r"\[jobs\] as_others is false in .*, so no job runs as root or as an account that is not its owner's own"


@pytest.mark.parametrize("account", ["root", "daemon", "nobody-by-this-name"])
@pytest.mark.parametrize("caller", [ALICE, ROOT], ids=["user", "admin"])
def test_as_shipped_no_job_runs_as_root_or_as_anothers_account(tasker: Stack, caller: Identity, account: str) -> None:
    with refused(Reason.DENIED, f"cannot start as '{account}': {NOT_OWN}; leave out the account$"):
        tasker.start_job("true", caller=caller, user=account)
    assert nothing_left(tasker)
    assert tasker.start_job("true", caller=caller).uid >= 1000


@as_others
def test_a_reload_takes_it_away(tasker: Stack) -> None:
    assert tasker.start_job("true", user="root").uid == 0
    tasker.configure("[server]\n")
    tasker.engine.send_signal(signal.SIGHUP)
    tasker.engine.until_logged("reloaded")
    with refused(Reason.DENIED, NOT_OWN):
        tasker.start_job("true", user="root")


def test_the_environment_is_a_jobs_own(tasker: Stack) -> None:
    job = tasker.start_job("env", caller=ALICE, environment={"A": "\udcff", "PATH": "/usr/bin:/bin"})
    lines = tasker.output(job).splitlines()
    assert os.fsencode("A=\udcff") in lines
    assert b"PATH=/usr/bin:/bin" in lines
    assert f"TASKER_JOB={job.id}".encode() in lines
    assert not any(line.startswith((b"NOTIFY_", b"LISTEN_", b"PYTHON")) for line in lines)


def test_past_the_quota_a_start_is_refused(tasker: Stack) -> None:
    tasker.configure("[server]\n[jobs]\nrunning = 2\n")
    tasker.engine.restart()
    for _ in range(2):
        tasker.start_job("sleep", "60")
    with refused(Reason.EXHAUSTED, "this machine runs 2 of at most 2 jobs"):
        tasker.start_job("sleep", "60")


def test_a_start_whose_caller_is_gone_is_carried_to_its_end(tasker: Stack) -> None:
    tasker.systemd.plan(hold="removed")
    with tasker.connect() as peer:
        peer.send(1, wire.StartJob(ALICE, JobSpec(("sleep", "60"))))
        tasker.systemd.until_called()
    tasker.systemd.do("release")
    with tasker.connect() as peer:
        job = peer.ask(wire.ListJobs(ROOT, "", True, False, ""))
        assert isinstance(job, wire.JobsReply)
        attached = peer.ask(wire.AttachJob(ALICE, job.jobs[0].id))  # answers when the start is through
    assert isinstance(attached, wire.JobReply)
    assert attached.job.state is State.RUNNING


def test_many_starts_at_once(tasker: Stack) -> None:
    ids: list[str] = []

    def start(caller: Identity) -> None:
        ids.extend(tasker.start_job("sleep", "60", caller=caller).id for _ in range(5))

    threads = [threading.Thread(target=start, args=[caller]) for caller in (ALICE, BOB, ROOT) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        join(thread)
    assert len(set(ids)) == 30
    assert len(tasker.systemd.units) == 30
