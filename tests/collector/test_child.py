"""What a job inherits: nothing of the collector's, nothing of Python's."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from tasker import wire
from tasker.collector.child import OOM_SCORE_ADJ
from tests.collector.conftest import Engine
from tests.support.daemon import Daemon

STRANGER = 1_879_048_200


def status(engine: Engine, field: str, uid: int = 0) -> str:
    """A line of /proc/self/status as seen inside a job."""
    text = engine.output(engine.run("cat", "/proc/self/status", uid=uid)).decode()
    return next(line.split(":")[1].strip() for line in text.splitlines() if line.startswith(f"{field}:"))


def test_signals_are_as_they_are_in_a_fresh_process(engine: Engine) -> None:
    for field in ("SigBlk", "SigIgn", "SigCgt"):
        assert int(status(engine, field), 16) == 0, field


def test_the_nice_value_is_what_was_asked_for_whatever_the_collector_has(collector: Daemon) -> None:
    """An admin's drop-in may set Nice= of the collector."""
    assert collector.process is not None
    os.setpriority(os.PRIO_PROCESS, collector.process.pid, 5)
    with Engine(collector.directory / "control.sock") as engine:
        assert engine.output(engine.run("nice")) == b"0\n"


def test_a_broken_pipe_kills_it_as_everybody_expects(engine: Engine) -> None:
    """Python ignores SIGPIPE; a job that inherited that would print an error for ever."""
    script = "yes | head -n 1 >/dev/null; echo ${PIPESTATUS[0]}"
    assert engine.output(engine.run("bash", "-c", script)) == f"{128 + signal.SIGPIPE}\n".encode()


def test_it_has_three_descriptors(engine: Engine) -> None:
    engine.launch("sleep", "60")  # one that waits at its gate has more of them, and keeps them to itself
    lines = engine.output(engine.run("ls", "-l", "/proc/self/fd")).decode().splitlines()
    assert [line.split()[-3] for line in lines if "->" in line] == ["0", "1", "2", "3"]  # 3 is ls reading the directory
    assert lines[1].endswith("0 -> /dev/null")
    assert "pipe:" in lines[2]
    assert lines[2].split()[-1] == lines[3].split()[-1]


def test_its_environment_is_its_own(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    job = engine.run("env", GREETING="hello world")
    names = {line.split(b"=")[0] for line in engine.output(job).splitlines()}
    assert names == {b"PATH", b"TASKER_JOB", b"GREETING"}


def test_limits_umask_and_score_are_reset(engine: Engine) -> None:
    script = "umask; ulimit -Sn; ulimit -Sc; cat /proc/self/oom_score_adj"
    umask, files, core, score = engine.output(engine.run("bash", "-c", script)).split()
    assert umask == b"0022"
    assert int(files) == min(1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    assert core == b"0"
    assert int(score) == OOM_SCORE_ADJ == 300


def test_it_leads_a_process_group(engine: Engine) -> None:
    pid, group = engine.output(engine.run("sh", "-c", "ps -o pid=,pgid= $$")).split()
    assert pid == group


def test_another_uid_is_that_uid_alone_without_new_privileges(engine: Engine) -> None:
    assert status(engine, "Uid", STRANGER).split() == [str(STRANGER)] * 4
    assert status(engine, "Gid", STRANGER).split() == [str(STRANGER)] * 4
    assert status(engine, "Groups", STRANGER) == ""
    assert status(engine, "NoNewPrivs", STRANGER) == "1"
    assert int(status(engine, "CapPrm", STRANGER), 16) == 0


def test_root_may_gain_privileges(engine: Engine) -> None:
    assert status(engine, "NoNewPrivs") == "0"


def test_it_may_open_its_own_output_again(engine: Engine) -> None:
    """The pipe belongs to the job's uid, else /dev/stderr is refused."""
    assert engine.output(engine.run("bash", "-c", "echo heard >/dev/stderr", uid=STRANGER)) == b"heard\n"


@pytest.mark.parametrize("path", ["/dev/stderr", "/dev/stdout", "/proc/self/fd/2", "/dev/fd/1"])
@pytest.mark.parametrize(
    "change",
    [
        ("setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups"),
        ("setpriv", "--reuid", "1000"),  # the group stays root's
        ("setpriv", "--reuid", "65534", "--regid", "0", "--clear-groups", "--no-new-privs"),
        ("su", "nobody", "-s", "/bin/sh", "-c", 'exec "$@"', "--", "-"),
    ],
    ids=" ".join,
)
def test_a_root_job_may_open_its_output_again_as_another_user(
    engine: Engine, change: tuple[str, ...], path: str
) -> None:
    """Daemons that drop root and then log to /dev/stderr are common: a pipe of root's with mode 0600 refuses them."""
    assert engine.output(engine.run(*change, "sh", "-c", f"echo heard >{path}")) == b"heard\n"


def test_a_root_jobs_output_cannot_be_opened_for_reading_by_another_user(engine: Engine) -> None:
    """A reader would take bytes away from the ring."""
    command = ("setpriv", "--reuid", "1000", "sh", "-c", "cat </dev/stderr")
    assert b"Permission denied" in engine.output(engine.run(*command))


def test_a_strangers_process_cannot_reach_a_root_jobs_output(engine: Engine) -> None:
    """The mode of a pipe is no way in: its only path leads through /proc/PID/fd, which needs the right to trace PID."""
    job = engine.run("sleep", "60")
    leader = engine.leader(job)
    assert leader is not None
    attempt = f"echo forged >/proc/{leader.pid}/fd/1"
    assert b"Permission denied" in engine.output(engine.run("sh", "-c", attempt, uid=STRANGER))
    engine.ask(wire.Signal(job, signal.SIGKILL))
    assert engine.output(job) == b""


KEYCTL = """
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
if sys.argv[1] == "join": libc.syscall(250, 1, None)
if sys.argv[1] in ("join", "add"): assert libc.syscall(248, b"user", b"tasker-test", b"secret", 6, -3) > 0
if sys.argv[1] == "join": import os; os.execvp(sys.argv[2], sys.argv[2:])
if sys.argv[1] == "find": print(libc.syscall(250, 10, -3, b"user", b"tasker-test", 0))
"""


def test_no_two_jobs_share_a_keyring() -> None:
    """systemd gives the collector a session keyring; possessing it is enough to read what others put into it."""
    directory = Path(tempfile.mkdtemp(prefix="tsk-"))
    try:
        sock = str(directory / "control.sock")
        daemon = Daemon(directory, "tasker.collector", "--socket", sock, through=(sys.executable, "-c", KEYCTL, "join"))
        daemon.start()
        with Engine(directory / "control.sock") as engine:
            for uid in (0, STRANGER):
                assert engine.output(engine.run("python3", "-c", KEYCTL, "find", uid=uid)) == b"-1\n"
            engine.exit(engine.run("python3", "-c", KEYCTL, "add", uid=STRANGER))
            assert engine.output(engine.run("python3", "-c", KEYCTL, "find", uid=STRANGER)) == b"-1\n"
        daemon.end()
    finally:
        shutil.rmtree(directory)


def test_nobody_of_its_uid_can_trace_it_at_the_gate(engine: Engine) -> None:
    """Who could would make it run without its limits."""
    held = engine.leader(engine.launch("sleep", "60", uid=STRANGER))
    assert held is not None
    look = f"cat /proc/{held.pid}/environ /proc/{held.pid}/maps; ls -l /proc/{held.pid}/fd/"
    seen = engine.output(engine.run("sh", "-c", look, uid=STRANGER))
    assert seen.count(b"Permission denied") == 3, seen


@pytest.mark.parametrize(
    ("argv", "number"),
    [(("/nonexistent/x",), 2), (("nothing-by-this-name",), 2), (("/etc/passwd",), 13), (("/usr",), 13)],
)
def test_a_command_that_cannot_be_executed_tells_its_errno(engine: Engine, argv: tuple[str, ...], number: int) -> None:
    job = engine.launch(*argv)
    released = engine.release(job)
    assert (released.errno, released.step) == (number, "execute")
    engine.ask(wire.Forget(job))
    assert engine.leader(job) is None


def test_a_script_without_an_interpreter_is_no_program(engine: Engine, collector: Daemon) -> None:
    script = collector.directory / "script"
    script.write_text("echo no first line\n")
    script.chmod(0o755)
    released = engine.release(engine.launch(str(script)))
    assert (released.errno, released.step) == (8, "execute")


def test_a_directory_that_is_not_there_tells_its_errno(engine: Engine) -> None:
    environment = {"PATH": os.environ["PATH"]}
    engine.ask(wire.Launch("cwd", ("true",), environment, "/nonexistent", 0, 0, (), 1 << 16, ""))
    released = engine.release("cwd")
    assert (released.errno, released.step) == (2, "directory")


def test_argv_is_passed_exactly(engine: Engine) -> None:
    arguments = ["", " ", "a b", "$HOME", "*", "'\"\\", "\n", "-", "--", "\udcff\udc80", "é"]
    job = engine.run("printf", "%s\\0", *arguments)
    assert engine.output(job).split(b"\0")[:-1] == [os.fsencode(argument) for argument in arguments]
