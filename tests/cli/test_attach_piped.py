"""attach, logs and run through real processes and TLS on no terminal: where they begin, what they add, what breaks."""

from __future__ import annotations

import base64
import json
import re
import signal
import subprocess
import time
from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Machine
from tests.support.waiting import DEADLINE, limit, next_line, until, until_equal

UNTIL_TOLD = "while ! test -e $0; do sleep 0.02; done"


@pytest.fixture
def flag(machine: Machine, request: pytest.FixtureRequest) -> Path:
    """A file that jobs wait for (`UNTIL_TOLD`), and that is not there yet."""
    return machine.directory / f"flag-{request.node.name}"


def test_logs_ends_with_what_is_there_and_follows_when_asked(machine: Machine, flag: Path) -> None:
    job = machine.out("start", "--", "sh", "-c", f"echo one; echo two; {UNTIL_TOLD}; echo three", str(flag))
    until_equal(lambda: machine.run("logs", job).stdout, "one\ntwo\n")
    done = machine.run("logs", "--tail", "1", job)
    assert (done.returncode, done.stdout) == (0, "two\n")
    again = f"tasker attach --offset 8 {job}"
    assert done.stderr == f"tasker: the job keeps running; to follow it: {again}\n"
    follower = machine.popen("logs", "-f", job)
    assert next_line(follower) == "one\n"
    flag.touch()
    assert follower.stdout is not None
    assert follower.stderr is not None
    with limit("the end of logs -f"):  # not by communicate(), which passes over what a readline() has left in a buffer
        assert follower.stdout.read() == "two\nthree\n"
        assert "exited with code 0" in follower.stderr.read()
    assert follower.wait(DEADLINE) == 0
    assert machine.out("logs", job) == "one\ntwo\nthree"


def test_since(machine: Machine, flag: Path) -> None:
    job = machine.out("start", "--", "sh", "-c", f"echo old; {UNTIL_TOLD}; echo new", str(flag))
    until_equal(lambda: machine.run("logs", job).stdout, "old\n")
    until_equal(lambda: machine.run("logs", "--since", "4s", job).stdout, "")
    told = time.monotonic()
    flag.touch()
    until_equal(lambda: machine.run("logs", job).stdout, "old\nnew\n")

    def since() -> str:
        """From 4 s before `told` on, or later by the time until the service is asked; right where that is below 4 s."""
        return machine.out("logs", "--since", f"{time.monotonic() - told + 4:.3f}", job)

    until_equal(since, "new")
    assert machine.run("logs", "--since", "1h", job).stdout == "old\nnew\n"


def test_timestamps(machine: Machine, flag: Path) -> None:
    before = datetime.now()
    job = machine.out("start", "--", "sh", "-c", f"echo one; printf tw; {UNTIL_TOLD}; echo o", str(flag))
    until_equal(lambda: machine.run("logs", job).stdout, "one\ntw")
    flag.touch()
    done = machine.run("attach", "--timestamps", job)
    lines = [re.fullmatch(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) (.*)", line) for line in done.stdout.splitlines()]
    assert [line and line[2] for line in lines] == ["one", "two"]
    times = [datetime.fromisoformat(line[1]) for line in lines if line]
    assert before.timestamp() - 0.001 <= times[0].timestamp() <= times[1].timestamp() <= datetime.now().timestamp()


def test_timestamps_in_json(machine: Machine) -> None:
    job = machine.out("start", "echo", "hi")
    lines = [json.loads(line) for line in machine.out("attach", "--json", "--timestamps", job).splitlines()]
    chunk = next(line["chunk"] for line in lines if "chunk" in line)
    assert base64.b64decode(chunk["data"]) == b"hi\n"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", chunk["time"])
    assert '"time": null' in machine.out("attach", "--json", job)


def test_output_into_a_file(machine: Machine, tmp_path: Path) -> None:
    job = machine.out("start", "--", "printf", r"one\n\0\377end")
    path = tmp_path / "out"
    done = machine.run("attach", "--output", str(path), job)
    assert (done.returncode, done.stdout, path.read_bytes()) == (0, "", b"one\n\0\xffend")
    assert "exited with code 0" in done.stderr
    again = machine.run("logs", "--output", str(path), "--bytes", "3", job)
    assert (again.returncode, path.read_bytes()) == (125, b"one\n\0\xffend")
    assert again.stderr == (
        f"tasker: cannot write {path}: it exists; choose another name, or add --force to overwrite it\n"
    )
    forced = machine.run("logs", "--json", "--output", str(path), "--force", "--bytes", "3", job)
    assert (forced.returncode, forced.stderr, path.read_bytes()) == (0, "", b"end")
    assert [next(iter(json.loads(line))) for line in forced.stdout.splitlines()] == ["attached", "ended"]


def test_output_says_where_to_go_on(machine: Machine, tmp_path: Path) -> None:
    job = machine.out("start", "--", "sh", "-c", "echo hello; exec sleep 60")
    path = tmp_path / "o ut"
    attach = machine.popen("attach", "--output", str(path), job)
    until(lambda: path.exists() and path.read_bytes() == b"hello\n")
    attach.send_signal(signal.SIGINT)
    _, said = attach.communicate(timeout=DEADLINE)
    again = f"tasker attach --offset 6 {job} >> '{path}'"
    assert (attach.returncode, said) == (0, f"tasker: detached from {job}, which keeps running; to resume: {again}\n")
    machine.out("stop", job)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--output", "x", "--timestamps", "k3"], "cannot use --timestamps with --output"),
        (["--force", "k3"], "cannot use --force without --output FILE"),
        (["--tail", "3", "--since", "5m", "k3"], "cannot take both --since and --tail"),
        (["--since", "soon", "k3"], "cannot read 'soon' as a time"),
        (["--reconnect", "never", "k3"], "cannot read 'never' as a time"),
    ],
)
def test_what_makes_no_sense_is_refused(machine: Machine, words: list[str], said: str) -> None:
    done = machine.run("attach", *words)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize("verb", ["attach", "run"])
def test_a_broken_connection_is_taken_up_at_the_exact_byte(machine: Machine, flag: Path, verb: str) -> None:
    script = f"seq 1 20000; {UNTIL_TOLD}; seq 20001 40000"
    whole = "".join(f"{number}\n" for number in range(1, 40001))
    command = ["sh", "-c", script, str(flag)]
    follower = machine.popen("run", "--", *command) if verb == "run" else None
    if follower is None:
        follower = machine.popen("attach", machine.out("start", "--", *command))
    begin = "".join(next_line(follower) for _ in range(20000))
    machine.tasker.frontend.end(signal.SIGKILL)
    flag.touch()
    machine.tasker.frontend.start()
    rest, _ = follower.communicate(timeout=DEADLINE)
    assert follower.returncode == 0
    assert begin + rest == whole


def test_ctrl_c_in_run_works_while_the_connection_is_broken(machine: Machine) -> None:
    run = machine.popen("run", "--", "sh", "-c", "echo one; exec sleep 60")
    assert next_line(run) == "one\n"
    machine.tasker.frontend.end(signal.SIGKILL)
    try:
        job = ""
        for word in ("stopping", "killing"):
            run.send_signal(signal.SIGINT)
            job = next_line(run, word, stderr=True).split(f"{word} ")[1][:8]
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=DEADLINE)
    finally:
        machine.tasker.frontend.start()
    assert run.returncode == 130
    left = f"tasker: left {job}, which may still run: its stop was not answered; to stop it: tasker stop {job}"
    assert said.splitlines()[-1] == left
    machine.out("stop", job)


def test_a_break_is_in_the_json_lines(machine: Machine, flag: Path) -> None:
    job = machine.out("start", "--", "sh", "-c", f"echo one; {UNTIL_TOLD}; echo two", str(flag))
    attach = machine.popen("attach", "--json", job)
    assert '"attached"' in next_line(attach)
    assert '"chunk"' in next_line(attach)
    machine.tasker.frontend.end(signal.SIGKILL)
    broken = json.loads(next_line(attach))["interrupted"]
    assert broken["offset"] == 4
    machine.tasker.frontend.start()
    resumed = json.loads(next_line(attach))["resumed"]
    assert (resumed["offset"], resumed["job"]["id"]) == (4, job)
    flag.touch()
    rest, said = attach.communicate(timeout=DEADLINE)
    assert [next(iter(json.loads(line))) for line in rest.splitlines()] == ["chunk", "ended"]
    assert (attach.returncode, said) == (0, "")


@pytest.mark.parametrize("patience", ["0", "2s"])
def test_it_gives_up_and_says_where_to_go_on(machine: Machine, flag: Path, patience: str) -> None:
    job = machine.out("start", "--", "sh", "-c", f"echo one; {UNTIL_TOLD}; echo two", str(flag))
    attach = machine.popen("attach", "--reconnect", patience, job)
    assert next_line(attach) == "one\n"
    machine.tasker.frontend.end(signal.SIGKILL)
    try:
        _, said = attach.communicate(timeout=DEADLINE)
    finally:
        machine.tasker.frontend.start()
    assert attach.returncode == 125
    told, last = said.splitlines()[:-1], said.splitlines()[-1]
    assert told == ([] if patience == "0" else ["tasker: connection lost at byte 4; reconnecting"])
    assert last.endswith(f"; resume with: tasker attach --offset 4 {job}")
    flag.touch()
    again = last.partition("resume with: tasker ")[2].split()
    assert machine.out(*again) == "two"


def test_a_detached_stream_is_not_taken_up_again(machine: Machine, flag: Path) -> None:
    job = machine.out("start", "--", "sh", "-c", f"echo one; {UNTIL_TOLD}", str(flag))
    followers = [machine.popen("attach", "--json", job) for _ in range(2)]
    for follower in followers:
        assert '"attached"' in next_line(follower)
    assert machine.out("detach", job) == "closed 2 attach streams"
    for follower in followers:
        rest, _ = follower.communicate(timeout=DEADLINE)
        assert follower.returncode == 0
        assert json.loads(rest.splitlines()[-1])["detached"]["reason"] == "requested"
    flag.touch()


def test_losses_of_a_loud_job_are_folded(machine: Machine) -> None:
    """Whoever reads nothing for a while loses much: at most a line a second says so, and every byte is in one."""
    job = machine.out("start", "--", "sh", "-c", "yes | head -c 300000000")
    attach = subprocess.Popen(
        machine.command("attach", job), env=machine.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert attach.stdout is not None
    size = len(attach.stdout.read(1))
    with machine.client() as client:
        client.wait(job)
    assert attach.stderr is not None
    with limit("the end of attach"):
        while data := attach.stdout.read(1 << 20):
            size += len(data)
        told = [each for each in attach.stderr.read().decode().splitlines() if "lost" in each]
    assert attach.wait(DEADLINE) == 0
    assert 1 <= len(told) < 30
    assert size < 300_000_000
