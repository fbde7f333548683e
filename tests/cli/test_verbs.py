"""The verbs about jobs through real processes and TLS, on no terminal: what they print, as JSON too, and exit codes."""

from __future__ import annotations

import json
import re
import signal
from typing import Any

import pytest

from tasker.cli.verbs.wait import ends
from tasker.client.watching import Changed
from tasker.lifecycle import State
from tests.cli.conftest import Machine
from tests.support.waiting import DEADLINE, next_line


def printed(text: str) -> list[dict[str, Any]]:
    """JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


def started(machine: Machine, *command: str, user: str = "root", options: tuple[str, ...] = ()) -> str:
    return machine.out("start", *options, "--", *(command or ("sleep", "60")), user=user)


def test_pause_and_resume(machine: Machine) -> None:
    jobs = [started(machine) for _ in range(2)]
    done = machine.run("pause", jobs[0][:7], "nosuchjob", jobs[1])
    assert (done.returncode, done.stdout) == (125, f"{jobs[0]} is paused\n{jobs[1]} is paused\n")
    assert done.stderr.startswith("tasker: cannot find job 'nosuchjob'")
    assert machine.out("list", "--running").count("paused") >= 2
    assert [job["state"] for job in json.loads(machine.out("resume", "--json", *jobs))["jobs"]] == ["running"] * 2
    assert machine.out("resume", jobs[0]) == f"{jobs[0]} is running"
    machine.out("stop", *jobs)


def test_errors_beside_json_are_json(machine: Machine) -> None:
    done = machine.run("pause", "--json", "nosuchjob")
    assert (done.returncode, json.loads(done.stdout)) == (125, {"jobs": []})
    assert json.loads(done.stderr)["error"]["reason"] == "not-found"


def test_signal(machine: Machine) -> None:
    jobs = [started(machine, "sh", "-c", "trap 'exit 7' HUP; while :; do sleep 0.05; done") for _ in range(2)]
    with machine.client() as client:
        for job in jobs:  # once it has set its trap it has a child
            client.signal(job, signal.SIGCONT)
    assert machine.out("signal", jobs[0], "USR1") == f"sent SIGUSR1 to {jobs[0]}"
    assert machine.run("wait", jobs[0]).returncode == 128 + signal.SIGUSR1
    sent = json.loads(machine.out("signal", "--json", jobs[1], "15"))
    assert [job["id"] for job in sent["jobs"]] == [jobs[1]]
    assert machine.run("wait", jobs[1]).returncode == 143
    assert machine.run("signal", jobs[1], "HUP").returncode == 125


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("signal k3 HPU", "cannot find the signal 'HPU'; did you mean HUP? (SIGNAL); see tasker signal --help"),
        ("signal k3 0", "cannot send signal 0; signals are 1 to 64, and `kill -l` lists them (SIGNAL)"),
        ("signal k3", "cannot do that without SIGNAL"),
        ("limit k3", "cannot change limits: none is given; name one to set or to lift, e.g. --memory 1G"),
        ("limit k3 --time 5s", "cannot change the run time of a running job: systemd fixes it at the start"),
        ("limit k3 --time none", "cannot change the run time of a running job: systemd fixes it at the start"),
        ("limit k3 --memory 1M", "cannot limit memory to 1M; choose 8M or more"),
        ("limit k3 --io-read none --io-write /=1M", "cannot both set and remove disk limits"),
        ("limit k3 --io-read /=none", "cannot read '/=none': disk limits can only be removed all at once"),
        ("archive", "cannot archive without a job; name one, or use --ended"),
        ("archive k3 --ended", "cannot take both ids and --ended"),
        ("archive k3 --all", "cannot use --owner or --all with ids"),
        ("top", "cannot show a live table: stdout is no terminal with escape sequences; use --once or --json"),
        ("top --sort memroy", "cannot take 'memroy' as --sort; did you mean memory?"),
        ("watch --usage", "cannot show usage without --json; add it"),
        ("list --archived --running", "cannot take both -r/--running and --archived"),
        ("wait k3 --timeout x", "cannot read 'x' as a time"),
    ],
)
def test_what_cannot_be_asked(machine: Machine, words: str, said: str) -> None:
    done = machine.run(*words.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_wait_for_the_last_and_for_any(machine: Machine) -> None:
    quick = started(machine, "sh", "-c", "exit 3")
    slow = started(machine)
    waiting = machine.popen("wait", slow, quick)
    assert next_line(waiting, quick).startswith(f"{quick} exited with code 3")
    assert machine.run("wait", "--any", slow, quick).returncode == 3
    timed_out = machine.run("wait", "--timeout", "100ms", slow)
    patient = machine.popen("wait", "--timeout", "3650000000d", quick, slow)
    next_line(patient, quick)
    assert (timed_out.returncode, timed_out.stdout) == (124, "")
    said = f"cannot wait longer than 0.1s for {slow}; try again, or tasker stop"
    assert timed_out.stderr == f"tasker: {said}\n"
    timed_out = machine.run("wait", "--json", "--timeout", "100ms", slow)
    assert (timed_out.returncode, timed_out.stdout) == (124, "")
    assert printed(timed_out.stderr) == [{"error": {"reason": "refused", "message": said}}]
    machine.out("stop", slow)
    rest, _ = waiting.communicate(timeout=DEADLINE)
    assert rest.startswith(f"{slow} stopped by root")
    assert waiting.returncode == 3
    assert patient.wait(DEADLINE) == 143
    assert machine.run("wait", quick, slow).returncode == 143
    lines = printed(machine.run("wait", "--json", slow, quick).stdout)
    assert [line["job"]["id"] for line in lines] == [slow, quick]
    missing = machine.run("wait", quick, "nosuchjob")
    assert (missing.returncode, missing.stdout.split()[0]) == (125, quick)


def test_wait_shows_the_whole_job_also_where_it_is_told_of_its_end(machine: Machine) -> None:
    job = started(machine, options=("--env", "K=V"))
    with machine.client() as client:
        running = client.get(job)
        client.stop(job, grace=0)
        [told] = ends(client, [running], None)
        assert (told.state, told.spec) == (State.ENDED, client.get(job).spec)
        assert told.spec.environment == {"K": "V"}


def test_wait_survives_a_restart(machine: Machine) -> None:
    jobs = [started(machine), started(machine, "sh", "-c", "exit 4")]
    waiting = machine.popen("wait", *jobs)
    next_line(waiting, jobs[1])
    machine.tasker.frontend.restart()
    machine.out("stop", jobs[0])
    rest, said = waiting.communicate(timeout=DEADLINE)
    assert waiting.returncode == 4
    assert rest.startswith(f"{jobs[0]} stopped by root")
    assert "reconnecting" in said


def test_watch(machine: Machine) -> None:
    old = started(machine, user="carol", options=("--name", "old"))
    watch = machine.popen("watch", "--owner", "carol")
    assert next_line(watch, old).endswith("carol    is running: old: sleep 60\n")
    new = started(machine, "sh", "-c", "exit 5", user="carol")
    for said in ("started: sh -c 'exit 5'", "exited with code 5"):
        assert new in next_line(watch, said)
    for verb, said in (("pause", "paused"), ("resume", "resumed")):
        machine.out(verb, old)
        assert old in next_line(watch, said)
    machine.tasker.engine.restart()
    machine.tasker.frontend.restart()
    machine.out("stop", old)
    assert old in next_line(watch, "stopped by root")
    watch.send_signal(signal.SIGINT)
    rest, said = watch.communicate(timeout=DEADLINE)
    assert (watch.returncode, rest) == (0, "")
    assert "reconnected; changes in the meantime:" in said


def test_watch_as_json(machine: Machine) -> None:
    old, other = started(machine), started(machine)
    watch = machine.popen("watch", "--json", "--usage", old[:7])
    snapshot = json.loads(next_line(watch))["snapshot"]
    assert ([job["id"] for job in snapshot["jobs"]], snapshot["last"]) == ([old], True)
    assert json.loads(next_line(watch, '"usage": {"usages"'))["usage"]["usages"][0]["job"] == old
    machine.out("stop", other, old)
    changed = json.loads(next_line(watch, '"state": "ended"'))["changed"]
    assert (changed["id"], changed["outcome"]["kind"]) == (old, "stopped")
    watch.terminate()
    watch.communicate(timeout=DEADLINE)
    assert watch.returncode == 143


def test_top_once(machine: Machine) -> None:
    jobs = [started(machine, user="dave", options=("--memory", size)) for size in ("64M", "32M")]
    lines = [re.split("  +", line) for line in machine.out("top", "--once", "--owner", "dave").splitlines()]
    assert lines[0][:6] == ["ID", "NAME", "OWNER", "STATE", "ELAPSED", "CPU"]
    assert [line[0] for line in lines[1:3]] == jobs
    assert lines[1][5:8] == ["0 %", "0B", "64M"]
    assert lines[3][0] == "2 jobs"
    sample = json.loads(machine.out("top", "--once", "--json", "--owner", "dave"))
    assert [job["id"] for job in sample["jobs"]] == jobs
    assert sample["total"] | {"tasks": 0} == {
        "jobs": 2, "cpu_rate": 0.0, "memory": 0, "io_read_rate": 0.0, "io_write_rate": 0.0, "tasks": 0
    }  # fmt: skip
    assert machine.out("top", "--once", "--owner", "nobody").splitlines()[1].startswith("0 jobs")
    top = machine.popen("top", "--json", "--owner", "dave")
    assert [len(json.loads(next_line(top))["jobs"]) for _ in range(2)] == [2, 2]
    top.send_signal(signal.SIGINT)
    top.communicate(timeout=DEADLINE)
    assert top.returncode == 0
    machine.out("stop", *jobs)


def test_ctrl_c_does_not_wait_for_what_was_asked(machine: Machine) -> None:
    job = started(machine, "sh", "-c", "trap '' TERM; echo hi; while :; do sleep 0.1; done")
    stop = machine.popen("stop", "--grace", "30m", job)
    with machine.client() as client:
        news = client.watch(job=job)
        assert any(isinstance(one, Changed) and one.job.state is State.STOPPING for one in news)
    stop.send_signal(signal.SIGINT)
    stop.communicate(timeout=DEADLINE)
    assert stop.returncode == 130
    machine.out("stop", "--grace", "0", job)


def test_limit(machine: Machine) -> None:
    job = started(machine, options=("--memory", "64M", "--tasks", "9"))
    lines = machine.out("limit", job[:7], "--memory", "128M", "--cpu", "0.5", "--tasks", "none").splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["LIMIT", "REQUESTED", "IN", "FORCE"],
        ["CPU", "0.5", "cores", "0.5", "cores"],
        ["memory", "128M", "128M"],
    ]
    assert not any("tasks" in line and "9" in line.split() for line in lines)
    changed = json.loads(machine.out("limit", "--json", job, "--memory", "none"))["job"]
    assert (changed["limits"]["memory"], changed["in_force"]["memory"], changed["differing"]) == (None, None, [])
    assert changed["in_force"]["cpu"] == 0.5
    cgroup = machine.tasker.systemd.cgroup(f"tasker-{job}.scope")
    (cgroup / "memory.max").write_text(f"{32 << 20}\n")  # as `systemctl set-property --runtime` would have it
    assert "memory limit  32M in force, none requested" in machine.out("get", job)
    assert json.loads(machine.out("get", "--json", job))["job"]["differing"] == ["memory"]
    machine.out("stop", job)
    refused = machine.run("limit", job, "--memory", "64M")
    assert (refused.returncode, refused.stdout) == (125, "")
    assert refused.stderr.startswith("tasker: cannot ")


def test_archive(machine: Machine) -> None:
    jobs = [started(machine, "echo", "hello", user="erin") for _ in range(3)]
    running = started(machine, user="erin")
    machine.out("wait", *jobs)
    assert machine.out("archive", jobs[0][:7], user="erin") == f"{jobs[0]} is archived"
    assert machine.out("archive", "--older-than", "1d", user="erin") == "archived 0 jobs"
    refused = machine.run("archive", "--ended", "--all", user="erin")
    assert (refused.returncode, refused.stdout) == (125, "")
    assert refused.stderr.startswith("tasker: cannot archive jobs of others: only admins can")
    assert machine.run("archive", running, user="erin").returncode == 125
    assert machine.out("archive", "--ended", "--owner", "erin") == "archived 2 jobs, 12B of output"
    assert [job["id"] for job in json.loads(machine.out("archive", "--json", *jobs))["jobs"]] == jobs
    listed = json.loads(machine.out("list", "--owner", "erin", "--json"))["jobs"]
    assert [job["id"] for job in listed] == [running]
    archived = machine.out("list", "--archived", "--owner", "erin").splitlines()
    assert [line.split()[0] for line in archived[1:]] == jobs
    assert "6B, on disk (archived)" in machine.out("get", jobs[1])
    assert machine.run("attach", jobs[1]).stdout == "hello\n"
    assert machine.run("wait", jobs[1]).returncode == 0
    machine.out("stop", running)
