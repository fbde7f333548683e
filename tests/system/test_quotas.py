"""Quotas of the configuration, held by the kernel: on an owner's slice, on all of Tasker's, on one job."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasker.errors import Reason, TaskerError
from tasker.job import Kind
from tasker.limits import Limits
from tests.support.waiting import until_equal
from tests.system.conftest import TOML, Configure, User, cgroup, run, show

MIB = 1 << 20


def refused(words: str) -> pytest.RaisesExc[TaskerError]:
    return pytest.raises(TaskerError, match=words, check=lambda error: error.reason is Reason.EXHAUSTED)


def test_an_owners_memory_quota_kills_in_its_slice_only(alice: User, bob: User, configure: Configure) -> None:
    configure('[owners.alice]\nmemory = "48M"\n')
    other = bob.start("sleep", "600")
    eater = ("python3", "-c", "x = bytearray(100 << 20)")
    outcome = alice.wait(alice.start(*eater)).outcome
    assert outcome is not None
    assert outcome.kind is Kind.OUT_OF_MEMORY or outcome.signal == 9
    assert show("tasker-alice.slice", "MemoryMax") == str(48 * MIB)
    assert show("tasker-alice.slice", "MemorySwapMax") == "0"
    assert show("tasker-bob.slice", "MemoryMax") == "infinity"
    assert bob.client.get(other.id).state == "running"


def test_a_quota_stands_for_every_job_and_is_lifted_by_a_reload(alice: User, configure: Configure) -> None:
    configure('[owner]\ntasks = 20\ncpu = 0.5\n[total]\nmemory = "600M"\ntasks = 500\n')
    for _ in range(2):  # between the two, systemd unloads the slice
        job = alice.start("sleep", "600")
        slice = cgroup(job).parent
        assert (slice / "pids.max").read_text() == "20\n"
        assert (slice / "cpu.max").read_text() == "50000 100000\n"
        assert (slice.parent / "memory.max").read_text() == f"{600 * MIB}\n"
        assert (slice.parent / "pids.max").read_text() == "500\n"
        alice.client.stop(job.id, grace=0)
        run("systemctl", "stop", "tasker-alice.slice")
    job = alice.start("sleep", "600")
    configure("[owner]\ntasks = 30\n")  # and without the cpu, for which systemd takes the controller away
    until_equal(lambda: (slice / "pids.max").read_text(), "30\n")
    until_equal(lambda: (slice.parent / "pids.max").read_text(), f"{alice.client.info().total.tasks}\n")
    configure('[owner]\ntasks = "none"\n[total]\nmemory = "none"\ntasks = "none"\n')
    until_equal(lambda: (slice / "pids.max").read_text(), "max\n")
    assert not (slice / "cpu.max").exists() or (slice / "cpu.max").read_text().startswith("max ")
    assert (slice.parent / "memory.max").read_text() == "max\n"


def is_share_of_memory(value: int, percent: int) -> bool:
    """Whether that is what systemd makes of a MemoryMax= in percent, which it rounds by a page."""
    run("systemctl", "set-property", "--runtime", "other.slice", f"MemoryMax={percent}%")
    return abs(value - int(show("other.slice", "MemoryMax"))) <= 4096


def is_share_of_tasks(value: int, percent: int) -> bool:
    """The same for TasksMax=, by DefaultTasksMax=, which is 15 %: set-property of systemd 252 gets it wrong."""
    default = int(run("systemctl", "show", "--value", "-p", "DefaultTasksMax"))
    return abs(value * 15 / percent - default) <= 1


def test_as_shipped_jobs_leave_the_system_some_of_the_machine(alice: User) -> None:
    job = alice.start("sleep", "600")
    assert is_share_of_memory(int(show("tasker.slice", "MemoryMax")), 80)
    assert is_share_of_tasks(int(show("tasker.slice", "TasksMax")), 50)
    assert is_share_of_tasks(int(show("tasker-alice.slice", "TasksMax")), 25)
    assert show("tasker-alice.slice", "MemoryMax") == "infinity"
    info = alice.client.info()
    assert (info.total.memory, info.total.tasks, info.owner) == (
        int(show("tasker.slice", "MemoryMax")),
        int(show("tasker.slice", "TasksMax")),
        Limits(tasks=int(show("tasker-alice.slice", "TasksMax"))),
    )
    assert int((Path("/proc") / str(job.pid) / "oom_score_adj").read_text()) == 300
    score = int(Path(f"/proc/{job.pid}/oom_score").read_text())
    for unit in ("tasker", "tasker-collector", "tasker-frontend@1"):
        assert int(Path(f"/proc/{show(f'{unit}.service', 'MainPID')}/oom_score").read_text()) < score


def test_a_job_that_takes_all_memory_is_killed_and_nothing_else(alice: User, bob: User) -> None:
    other = bob.start("sleep", "600")
    units = ("tasker.service", "tasker-collector.service", "tasker-frontend@1.service")
    before = [show(unit, "MainPID") for unit in units]
    outcome = alice.wait(alice.start("python3", "-c", "x = [bytearray(64 << 20) for _ in range(100)]")).outcome
    assert outcome is not None
    assert outcome.kind is Kind.OUT_OF_MEMORY or outcome.signal == 9
    assert outcome.kind is not Kind.OUT_OF_MEMORY or "on all jobs reached" in outcome.verdict
    assert bob.client.get(other.id).state == "running"
    assert [show(unit, "MainPID") for unit in units] == before


def test_the_services_are_bounded_but_for_the_collector(service: None) -> None:
    names = ("MemoryMax", "TasksMax", "OOMScoreAdjust")
    assert [show("tasker-frontend@1.service", name) for name in names] == [str(1 << 30), "64", "-500"]
    assert [show("tasker.service", name) for name in names] == [str(1 << 30), "128", "-800"]
    assert [show("tasker-collector.service", name) for name in names] == ["infinity", "infinity", "-900"]


def test_output_of_many_jobs_stays_below_its_share(alice: User, bob: User, configure: Configure) -> None:
    TOML.write_text(TOML.read_text().replace('memory = "none"', 'memory = "40M"'))
    run("systemctl", "reload", "tasker")
    try:
        jobs = []
        with refused(r"cannot start a job: output of .* alice takes .* of at most 20M; .*\(\[output\] memory\)"):
            while True:
                jobs.append(alice.sh("head -c 30M /dev/zero; sleep 600"))
        assert sum(job.ring for job in jobs) <= 20 * MIB
        assert all(job.ring < job.ring_asked == 64 * MIB for job in jobs)
        assert bob.start("true").ring == 2 * MIB + 512 * 1024
        assert [bob.client.get(job.id).ring for job in jobs] == [job.ring for job in jobs]
    finally:
        configure("")


def test_past_a_quota_the_sentence_names_it(alice: User, configure: Configure) -> None:
    configure('[owner]\nrunning = 1\nmemory = "2G"\n[maxima]\nmemory = "1G"\n[server]\ncontact = "Carol, room 7"\n')
    job = alice.start("sleep", "600")
    assert job.limits.memory == 1 << 30
    with refused(r"alice runs 1 of at most 1 jobs \(\[owner\] running\); stop one, or ask Carol, room 7$"):
        alice.start("true")
    with refused(r"cannot give a job 1.5G of memory: the most for one job is 1G of memory \(\[maxima\] memory\)"):
        alice.client.limit(job.id, Limits(memory=1536 * MIB))
    info = alice.client.info()
    assert (info.running, info.most_running, info.contact) == (1, 1, "Carol, room 7")
    assert (info.owner.memory, info.maxima) == (2 << 30, Limits(memory=1 << 30))
    assert info.use is not None
    assert info.use.tasks == 1
    assert info.not_after > info.time


def test_a_mapping_of_accounts(alice: User, configure: Configure) -> None:
    run("useradd", "--create-home", "builder", check=False)
    configure('[accounts]\nalice = "builder"\n')
    assert alice.output(alice.sh("id -un; echo $HOME")) == b"builder\n/home/builder\n"
    configure('[accounts]\nalice = "daemon"\n')
    with pytest.raises(TaskerError, match=r"cannot run jobs of alice as daemon, as \[accounts\] alice in tasker.toml"):
        alice.start("true")
