"""A job is a unit like any other to whoever administers the machine, and safe from what is in its name."""

from __future__ import annotations

from pathlib import Path

from tasker.identity import Role
from tasker.job import Job, Kind
from tasker.limits import Limits
from tests.support.waiting import until
from tests.system.conftest import User, cgroup, run, scopes, show

MIB = 1 << 20


def test_status_shows_whose_it_is_and_what_happened(alice: User) -> None:
    job = alice.start("sleep", "600", name="nap")
    status = until(lambda: run("systemctl", "status", job.unit), lambda text: "alice started" in text)
    assert f"{job.unit} - alice: sleep 600" in status
    assert f"CGroup: /tasker.slice/tasker-alice.slice/{job.unit}" in status
    assert f"{job.pid} sleep 600" in status
    assert "alice started sleep 600" in status


def test_the_journal_has_its_life_by_unit_and_by_owner(alice: User, admin: User) -> None:
    job = alice.start("sleep", "600")
    admin.client.stop(job.id)
    entries = ("journalctl", "-q", "-o", "cat", f"OBJECT_SYSTEMD_UNIT={job.unit}")
    until(lambda: run(*entries), lambda text: "stopped by root" in text)
    log = run("journalctl", "-o", "cat", "TASKER_OWNER=alice", f"TASKER_JOB={job.id}").splitlines()
    assert log[:2] == [f"{job.id}: alice started sleep 600", f"{job.id}: root stops it, within 10 s"]
    assert [line.partition(" after ")[0] for line in log[2:]] == [f"{job.id}: stopped by root"]
    assert "stopped by root" in run("journalctl", "-o", "cat", "-u", job.unit)


def test_a_description_cannot_become_unit_text(alice: User) -> None:
    """systemd writes it into a file as it is: a newline would begin a setting, at the next daemon-reload."""
    evil = "\nMemoryMax=infinity\n[Unit]\nWants=evil.service\\"
    job = alice.start("sh", "-c", "exec sleep 600", evil, limits=Limits(memory=64 * MIB))
    run("systemctl", "daemon-reload")
    assert (cgroup(job) / "memory.max").read_text() == f"{64 * MIB}\n"
    assert "evil" not in show(job.unit, "Wants")
    assert show(job.unit, "Description") == "alice: sh -c exec sleep 600 ?MemoryMax=infinity?[Unit]?Wants=evil.service?"


def test_an_owner_with_a_dash_is_one_slice(admin: User) -> None:
    owner = User("build-bot", Role.USER)
    job = owner.start("sleep", "60")
    assert cgroup(job).is_dir()
    assert job.slice == r"tasker-build\x2dbot.slice"
    owner.client.stop(job.id, grace=0)


def test_stop_reaches_a_double_forked_grandchild_that_ignores_sigterm(alice: User) -> None:
    job = alice.sh("setsid setsid sh -c 'trap \"\" TERM HUP INT; echo $$; while :; do sleep 1; done' & sleep 600")
    grandchild = int(alice.first_line(job))
    ended = alice.client.stop(job.id, grace=2)
    assert ended.outcome is not None
    assert (ended.outcome.kind, ended.outcome.stopped_by) == (Kind.STOPPED, "alice")
    assert ended.outcome.verdict.endswith(" left behind were killed after the grace period of 2.0s")
    assert not alive(grandchild)
    assert scopes() == []


def test_after_the_grace_a_deaf_leader_is_killed(alice: User) -> None:
    job = alice.sh("trap '' TERM; echo ready; while :; do sleep 0.1; done")
    alice.first_line(job)
    outcome = alice.client.stop(job.id, grace=1).outcome
    assert outcome is not None
    assert (outcome.killed, outcome.signal) == (True, 9)


def test_a_root_job_that_left_its_cgroup_is_ended(admin: User) -> None:
    away = Path("/sys/fs/cgroup/away")
    leave = f"trap '' TERM; mkdir {away}; echo $$ > {away}/cgroup.procs; while :; do sleep 0.1; done"
    job = admin.sh(leave, user="root")
    try:
        outcome = admin.wait(job).outcome
        assert outcome is not None
        assert (outcome.kind, outcome.stopped_by, outcome.signal) == (Kind.STOPPED, "tasker", 9)
        assert not alive(job.pid)
    finally:
        until(lambda: not (away / "cgroup.procs").read_text())
        away.rmdir()


def test_set_property_by_an_admin_acts(alice: User) -> None:
    job = alice.start("sleep", "600")
    run("systemctl", "set-property", "--runtime", job.unit, "MemoryMax=64M")
    assert (cgroup(job) / "memory.max").read_text() == f"{64 * MIB}\n"


def test_a_job_inherits_no_sandbox(admin: User) -> None:
    """Not the collector's either: what it has of one would be every job's."""
    job = admin.sh("cat /proc/self/status; readlink /proc/self/ns/mnt; ulimit -Hn", user="root")
    lines = admin.output(job).decode().splitlines()
    fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("0", "0")
    assert f"CapBnd:\t{fields['CapBnd']}\n" in Path("/proc/1/status").read_text()
    assert lines[-2] == run("readlink", "/proc/1/ns/mnt").strip()
    assert int(lines[-1]) >= 524288


def test_its_environment_has_nothing_of_the_services(alice: User) -> None:
    names = {line.split("=")[0] for line in alice.output(alice.start("env")).decode().splitlines()}
    assert names == {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TASKER_JOB"}


def test_it_runs_as_the_owners_account_where_there_is_one(admin: User) -> None:
    run("useradd", "--create-home", "--uid", "1500", "--groups", "games", "carol")
    try:
        carol = User("carol", Role.USER)
        job = carol.sh("id; pwd; touch here; ls -l here; echo $HOME")
        lines = carol.output(job).decode().splitlines()
        assert (job.user, job.uid) == ("carol", 1500)
        assert lines[0].startswith("uid=1500(carol) gid=1500(carol) groups=1500(carol),60(games)")
        assert (lines[1], lines[-1]) == ("/home/carol", "/home/carol")
    finally:
        run("userdel", "--remove", "carol")


def test_two_owners_are_two_uids_that_cannot_touch_each_other(alice: User, bob: User) -> None:
    victim: Job = alice.start("sleep", "600")
    script = f"kill {victim.pid}; cat /proc/{victim.pid}/environ; cat /etc/tasker/ca.key; ls -l /run/tasker-collector"
    output = bob.output(bob.sh(script)).decode()
    assert output.count("denied") + output.count("not permitted") == 4, output
    assert alice.client.get(victim.id).state == "running"


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # gone before it was opened, or while it was read
        return False
