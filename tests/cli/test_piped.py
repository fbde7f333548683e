"""Every verb through real processes and TLS, on no terminal: stdout for programs, stderr for people, exit codes."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import subprocess

import pytest

from tests.cli.conftest import Machine
from tests.support.waiting import DEADLINE, next_line


def test_start_prints_the_id_and_nothing_else(machine: Machine) -> None:
    done = machine.run("start", "--name", "n", "--", "true")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.rstrip("\n").isalnum()
    assert machine.out("get", done.stdout.strip(), "--json")


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 3", 3), ("exit 255", 255), ("kill -SEGV $$", 139), ("kill -9 $$", 137)]
)
def test_run_exits_as_the_job_did(machine: Machine, script: str, code: int) -> None:
    done = machine.run("run", "--", "sh", "-c", f"echo out; echo err >&2; {script}")
    assert (done.returncode, done.stdout) == (code, "out\nerr\n")
    assert (done.stderr == "") == (code == 0)


def test_run_exit_codes_of_tasker(machine: Machine) -> None:
    assert machine.run("run", "--time", "1s", "sleep", "60").returncode == 124
    assert machine.run("run", "no-such-command").returncode == 127
    assert machine.run("run", "/etc/passwd").returncode == 126
    assert machine.run("run", "--nonsense", "x").returncode == 125
    assert machine.run("start", "--nonsense", "x").returncode == 2
    assert machine.run("start", "no-such-command").returncode == 127
    assert machine.run("get", "nosuchjob").returncode == 125
    assert machine.run("run", "true", TASKER_ADDRESS="localhost:1").returncode == 125


def test_arguments_and_environment_arrive_exactly(machine: Machine) -> None:
    words = ["", "a b", "*", "$HOME", "new\nline", os.fsdecode(b"\xff"), "世界", "--json"]
    done = machine.run(
        "run", "-e", "A=b c", "-e", "HERE", "--", "sh", "-c", 'printf "%s|" "$A" "$HERE" "$@"', "-", *words, HERE="é"
    )
    assert done.stdout == "|".join(["b c", "é", *words]) + "|"


def test_bytes_come_through_unchanged(machine: Machine) -> None:
    script = "import os, hashlib, sys; d = os.urandom(8 << 20); sys.stdout.buffer.write(d)"
    script += "; open(sys.argv[1], 'w').write(hashlib.sha256(d).hexdigest())"
    digest = machine.directory / "digest"
    digest.touch(0o666)
    digest.chmod(0o666)
    done = subprocess.run(
        machine.command("run", "--", "python3", "-c", script, str(digest)),
        env=machine.environment(),
        capture_output=True,
        timeout=DEADLINE,
    )
    assert done.returncode == 0, done.stderr
    assert hashlib.sha256(done.stdout).hexdigest() == digest.read_text()


def test_attach_from_everywhere(machine: Machine) -> None:
    job = machine.out("start", "--", "printf", r"one\ntwo\nthree\0\377end")
    whole = b"one\ntwo\nthree\0\xffend"
    for options, shown in (
        ([], whole),
        (["--from-start"], whole),
        (["--offset", "4"], whole[4:]),
        (["--bytes", "5"], whole[-5:]),
        (["--tail", "1"], b"three\0\xffend"),
        (["--tail", "2"], whole[4:]),
        (["--tail", "0"], b""),
        (["--tail", "all", "--no-follow"], whole),
    ):
        done = subprocess.run(
            machine.command("attach", *options, job), env=machine.environment(), capture_output=True, timeout=DEADLINE
        )
        assert (done.returncode, done.stdout) == (0, shown), options
        assert b"exited with code 0" in done.stderr


def test_attach_without_following_a_job_that_goes_on(machine: Machine) -> None:
    job = machine.out("start", "--", "sh", "-c", "echo hello; exec sleep 60")
    with machine.client() as client:
        assert any(getattr(event, "data", b"") == b"hello\n" for event in client.attach(job))
    done = machine.run("attach", "--no-follow", job)
    assert (done.returncode, done.stdout) == (0, "hello\n")
    assert f"the job keeps running; to follow it: tasker attach --offset 6 {job}" in done.stderr
    assert machine.run("stop", "--grace", "0", job).returncode == 0


def test_ctrl_c_detaches_and_the_job_goes_on(machine: Machine) -> None:
    job = machine.out("start", "--", "sh", "-c", "echo hello; exec sleep 60")
    attach = machine.popen("attach", job)
    assert next_line(attach) == "hello\n"
    attach.send_signal(signal.SIGINT)
    _, said = attach.communicate(timeout=DEADLINE)
    again = f"tasker attach --offset 6 {job}"
    assert (attach.returncode, said) == (0, f"tasker: detached from {job}, which keeps running; to resume: {again}\n")
    assert json.loads(machine.out("get", "--json", job))["job"]["state"] == "running"
    machine.out("stop", job)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_to_run_stop_the_job(machine: Machine, number: signal.Signals) -> None:
    run = machine.popen("run", "--", "sh", "-c", "trap 'echo bye; exit 0' TERM; echo hello; sleep 60 & wait")
    assert next_line(run) == "hello\n"
    run.send_signal(number)
    rest, said = run.communicate(timeout=DEADLINE)
    assert (run.returncode, rest) == (143, "bye\n")
    assert "stopping" in said
    assert "stopped by root" in said


def test_a_second_ctrl_c_kills(machine: Machine) -> None:
    run = machine.popen("run", "--", "sh", "-c", "trap '' TERM; echo hello; while :; do sleep 0.1; done")
    assert next_line(run) == "hello\n"
    run.send_signal(signal.SIGINT)
    assert "stopping" in next_line(run, stderr=True)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=DEADLINE)
    assert run.returncode == 137


def test_a_closed_stdout_ends_quietly(machine: Machine) -> None:
    for words in (["run", "--", "yes"], ["list", "--json"]):
        reader, writer = os.pipe()
        process = subprocess.Popen(
            machine.command(*words), env=machine.environment(), stdout=writer, stderr=subprocess.PIPE
        )
        os.close(writer)
        if words[0] == "run":
            assert os.read(reader, 2) == b"y\n"
        os.close(reader)
        _, said = process.communicate(timeout=DEADLINE)
        assert (process.returncode, said) == (141, b""), words
    running = json.loads(machine.out("list", "--running", "--json"))["jobs"]
    assert [job for job in running if job["spec"]["argv"] == ["yes"]] == []


@pytest.mark.parametrize(
    "words",
    ["list", "start --name unseen true", "run --name unseen true", "stop k3", "attach k3", "detach k3", "get k3"],
)
def test_without_a_stdout_nothing_is_done(machine: Machine, words: str) -> None:
    command = " ".join(machine.command(*words.split()))
    closed = ["sh", "-c", f"{command} >&-"]
    done = subprocess.run(closed, env=machine.environment(), stderr=subprocess.PIPE, text=True, timeout=DEADLINE)
    said = "tasker: cannot write to standard output: it is closed; open it, e.g. with > /dev/null\n"
    assert (done.returncode, done.stderr) == (125, said)
    assert "unseen" not in machine.out("list")


def test_stop_several_and_one_that_is_none(machine: Machine) -> None:
    jobs = [machine.out("start", "sleep", "60") for _ in range(3)]
    done = machine.run("stop", jobs[0], "nosuchjob", jobs[1])
    assert done.returncode == 125
    assert [line.split()[0] for line in done.stdout.splitlines()] == jobs[:2]
    assert "stopped by root" in done.stdout
    assert done.stderr.startswith("tasker: cannot find job 'nosuchjob'")
    again = json.loads(machine.out("stop", "--json", *jobs))
    assert [job["outcome"]["kind"] for job in again["jobs"]] == ["stopped"] * 3


def test_detach_from_elsewhere(machine: Machine) -> None:
    job = machine.out("start", "--", "sh", "-c", "echo hello; exec sleep 60")
    attach = machine.popen("attach", job)
    assert next_line(attach) == "hello\n"
    assert machine.out("detach", job) == "closed 1 attach stream"
    _, said = attach.communicate(timeout=DEADLINE)
    assert attach.returncode == 0
    again = f"tasker attach --offset 6 {job}"
    assert said == f"tasker: detached by `tasker detach`; the job keeps running: {again}\n"
    assert json.loads(machine.out("detach", "--json", job)) == {"streams": 0}
    machine.out("stop", job)


def test_list_and_get(machine: Machine) -> None:
    job = machine.out("start", "--name", "lister", "--memory", "64M", "sleep", "60", user="alice")
    rows = [line.split() for line in machine.out("list", "--owner", "alice", "--running").splitlines()]
    assert rows[0] == ["ID", "NAME", "OWNER", "STATE", "ELAPSED", "HOW", "IT", "ENDED", "COMMAND"]
    assert [job, "lister", "alice", "running"] in [row[:4] for row in rows]
    assert machine.out("ls", "--mine", "--running", user="alice").count("\n") == len(rows) - 1
    assert machine.out("ps", "--mine", user="bob").count("\n") == 0
    shown = machine.out("get", job[:6])
    assert "memory limit" in shown
    assert f"systemctl status tasker-{job}.scope" in shown
    refused = machine.run("stop", job, user="bob")
    assert (refused.returncode, refused.stdout) == (125, "")
    assert refused.stderr.startswith("tasker: cannot ")
    machine.out("stop", job, user="alice")


def test_json_lines_of_an_attach(machine: Machine) -> None:
    done = machine.run("run", "--json", "--", "printf", r"\0\377")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [next(iter(line)) for line in lines] == ["attached", "chunk", "ended"]
    assert lines[0]["attached"]["offset"] == 0
    assert base64.b64decode(lines[1]["chunk"]["data"]) == b"\0\xff"
    assert lines[2]["ended"]["offset"] == 2
    assert lines[2]["ended"]["job"]["outcome"]["summary"] == "exited with code 0"
    assert done.stderr == ""


def test_errors_as_json(machine: Machine) -> None:
    done = machine.run("get", "nosuchjob", "--json")
    assert (done.returncode, done.stdout) == (125, "")
    assert json.loads(done.stderr)["error"]["reason"] == "not-found"


def test_what_is_lost_is_reported(machine: Machine) -> None:
    job = machine.out("start", "--", "head", "-c", "40000000", "/dev/zero")
    with machine.client() as client:
        assert client.stop(job, 60).outcome is not None
    done = machine.run("attach", job)
    assert done.returncode == 0
    assert "tasker: lost " in done.stderr
    begin, end = (int(word) for word in done.stderr.split(" bytes ")[1].split(" are")[0].split(" to "))
    assert begin == 0
    assert end + len(done.stdout) == 40_000_000
