"""What a job cannot do: to other owners' jobs, to Tasker's keys and sockets, its own limits; and root's that leaves."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker.errors import Reason, TaskerError
from tasker.identity import Role
from tasker.job import Job, Kind, Outcome
from tasker.limits import Limits
from tests.support.waiting import until
from tests.system.conftest import ETC, User, cgroup, run

# What a job tries: prints "done" where it could, else the error's name.
TRY = """
import ctypes, errno, os, signal, socket, sys
def attempt(what):
    try:
        what()
        return "done"
    except OSError as error:
        return errno.errorcode[error.errno]
def ptrace(pid):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(16, int(pid), None, None):  # PTRACE_ATTACH
        raise OSError(ctypes.get_errno(), "ptrace")
def connect(path):
    for kind in (socket.SOCK_SEQPACKET, socket.SOCK_STREAM):
        try:
            socket.socket(socket.AF_UNIX, kind).connect(path)
            return
        except OSError as error:
            if error.errno != errno.EPROTOTYPE:
                raise
def write(path, text):
    descriptor = os.open(path, os.O_WRONLY)
    os.write(descriptor, text.encode())
do = {
    "kill": lambda pid: os.kill(int(pid), 9),
    "group": lambda pid: os.killpg(int(pid), 9),
    "ptrace": ptrace,
    "read": lambda path: open(path, "rb").read(1),
    "list": os.listdir,
    "connect": connect,
    "write": write,
}
name, *arguments = sys.argv[1:]
print(attempt(lambda: do[name](*arguments)))
"""
# A job whose own child traces it, and never waits for it.
TRACED = """
import ctypes, os, sys, time
ready, told = os.pipe()
leader = os.getpid()
libc = ctypes.CDLL(None)
libc.prctl(0x59616d61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER: Yama lets it
if os.fork() == 0:
    os.setsid()
    os.write(told, b"yes" if libc.ptrace(0x4206, leader, None, None) == 0 else b"no")  # PTRACE_SEIZE
    time.sleep(600)
assert os.read(ready, 3) == b"yes"
sys.exit(3)
"""
NO = ("EPERM", "EACCES")


def tries(user: User, *arguments: str) -> str:
    return user.output(user.start("python3", "-c", TRY, *arguments)).decode().strip()


@pytest.fixture
def victim(alice: User) -> Job:
    job = alice.sh("umask 077; echo secret > /tmp/of-alice-$$; echo /tmp/of-alice-$$; sleep 600")
    job_file = alice.first_line(job)
    assert Path(job_file).stat().st_uid == job.uid
    return job


@pytest.mark.parametrize("what", ["kill", "group", "ptrace"])
def test_one_owner_cannot_signal_or_trace_anothers_job(alice: User, bob: User, victim: Job, what: str) -> None:
    assert tries(bob, what, str(victim.pid)) in NO
    assert alice.client.get(victim.id).state == "running"


@pytest.mark.parametrize("file", ["environ", "mem", "maps", "fd", "cwd/of-alice"])
def test_one_owner_cannot_look_into_anothers_process(bob: User, victim: Job, file: str) -> None:
    assert tries(bob, "list" if file == "fd" else "read", f"/proc/{victim.pid}/{file}") in NO


def test_one_owner_cannot_read_anothers_file(alice: User, bob: User, victim: Job) -> None:
    path = alice.first_line(victim)
    assert tries(bob, "read", path) in NO
    assert tries(alice, "read", path) == "done"  # the attempt itself works
    Path(path).unlink()


def test_the_attempts_work_on_ones_own(alice: User) -> None:
    own = alice.start("sleep", "600")
    assert tries(alice, "read", f"/proc/{own.pid}/environ") == "done"
    assert tries(alice, "kill", str(own.pid)) == "done"
    assert alice.wait(own).outcome is not None


def test_a_traced_job_ends_as_it_did_and_holds_up_nobody(alice: User, bob: User) -> None:
    assert alice.wait(alice.start("python3", "-c", TRACED)).outcome == Outcome(Kind.EXITED, exit_code=3)
    assert bob.wait(bob.start("true")).outcome == Outcome(Kind.EXITED, exit_code=0)


@pytest.mark.parametrize("name", ["ca.key", "server.key", "clients/root.key", "clients/alice.key"])
def test_a_job_cannot_read_keys(alice: User, name: str) -> None:
    assert Path("/etc/tasker", name).exists()
    assert tries(alice, "read", f"/etc/tasker/{name}") in NO


@pytest.mark.parametrize("path", ["/run/tasker.sock", "/run/tasker-collector/control.sock"])
def test_a_job_cannot_reach_the_services(alice: User, path: str) -> None:
    assert Path(path).is_socket()
    assert tries(alice, "connect", path) in NO


@pytest.mark.parametrize(
    ("file", "text"), [("memory.max", "max"), ("cpu.max", "max 100000"), ("cgroup.procs", "0"), ("pids.max", "max")]
)
def test_a_job_cannot_change_its_own_limits(alice: User, file: str, text: str) -> None:
    job = alice.start("sleep", "600", limits=Limits(memory=96 << 20, cpu=0.5))
    assert tries(alice, "write", str(cgroup(job) / file), text) in NO


def test_a_job_cannot_lower_its_oom_score(alice: User) -> None:
    assert tries(alice, "write", "/proc/self/oom_score_adj", "299") in NO
    assert tries(alice, "write", "/proc/self/oom_score_adj", "301") == "done"


def test_a_job_cannot_leave_for_another_cgroup(alice: User) -> None:
    assert tries(alice, "write", "/sys/fs/cgroup/cgroup.procs", "0") in NO


def test_a_root_job_that_leaves_its_scope_is_ended(admin: User) -> None:
    job = admin.sh("echo $$ > /sys/fs/cgroup/cgroup.procs; sleep 600", user="root")
    outcome = admin.wait(job).outcome
    assert outcome is not None
    assert (outcome.kind, outcome.stopped_by, outcome.signal) == (Kind.STOPPED, "tasker", 9)
    assert not Path(f"/proc/{job.pid}").exists()
    journal = run("journalctl", "-o", "cat", f"TASKER_JOB={job.id}", "TASKER_ACTION=escape")
    assert journal.strip() == f"{job.id}: it left its scope, so it is ended"


def test_one_that_leaves_a_child_behind_is_noticed_when_it_is_looked_at(admin: User) -> None:
    job = admin.sh("sleep 600 & echo $$ > /sys/fs/cgroup/cgroup.procs; echo left; exec sleep 600", user="root")
    assert admin.first_line(job) == "left"
    until(lambda: admin.client.get(job.id).outcome)
    assert not cgroup(job).exists()


def test_a_root_job_in_a_cgroup_of_its_own_below_is_none_that_left(admin: User) -> None:
    job = admin.sh(
        "own=$(cut -d: -f3 /proc/self/cgroup); mkdir /sys/fs/cgroup$own/below;"
        " echo $$ > /sys/fs/cgroup$own/below/cgroup.procs; echo below; exec sleep 600",
        user="root",
    )
    assert admin.first_line(job) == "below"
    assert admin.client.get(job.id).state == "running"


def test_as_shipped_no_job_runs_as_root_or_as_anothers_account(alice: User, admin: User) -> None:
    owner = User("lin", Role.USER)
    with configured('[output]\nring = "64M"\n'):
        for user in (admin, owner):
            for account in ("root", "daemon"):
                with pytest.raises(TaskerError, match="as_others is false") as caught:
                    user.start("true", user=account)
                assert caught.value.reason is Reason.DENIED
        assert owner.output(owner.sh("id -un", user="lin")) == b"lin\n"
        assert alice.output(alice.sh("id -u")) != b"0\n"
    assert admin.output(admin.sh("id -u", user="root")) == b"0\n"


@contextlib.contextmanager
def configured(text: str) -> Iterator[None]:
    """Another tasker.toml, as long as this lasts."""
    config = ETC / "tasker.toml"
    before = config.read_text()
    try:
        config.write_text(text)
        run("systemctl", "reload", "tasker")
        yield
    finally:
        config.write_text(before)
        run("systemctl", "reload", "tasker")
