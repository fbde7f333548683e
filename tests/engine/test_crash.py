"""The engine is crash-only: killed, restarted, lied to, left alone by systemd, it comes back to what is true."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import os
import signal
import socket
import struct
import subprocess
import sys

import pytest
from dbus_next.aio.message_bus import MessageBus

from tasker import wire
from tasker.errors import Reason, TaskerError
from tasker.job import Kind, Outcome
from tasker.lifecycle import State
from tests.stub.control import forge_job_removed, forge_unit_dead
from tests.support.stack import ALICE, ROOT, Stack
from tests.support.waiting import DEADLINE, until, until_dead, until_equal


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_jobs_output_and_outcomes_survive_it(tasker: Stack, number: signal.Signals) -> None:
    script = "exec 2>/dev/null; trap 'echo end; exit 6' TERM; echo begin; while :; do sleep 0.01; done"
    running = tasker.start_job("sh", "-c", script, caller=ALICE, environment={"A": "b"}, name="kept")
    tasker.until_printed(running)
    ended = tasker.wait(tasker.start_job("sh", "-c", "echo was here; exit 5", caller=ALICE))
    tasker.engine.restart(number)
    assert tasker.list() == [running, ended]
    assert tasker.output(ended) == b"was here\n"
    assert tasker.ask(wire.StopJob(ALICE, running.id, None))
    assert tasker.get(running).outcome == Outcome(Kind.STOPPED, exit_code=6, stopped_by="alice")
    assert tasker.output(running) == b"begin\nend\n"


def test_a_job_that_ends_while_it_is_away_ends_as_it_did(tasker: Stack) -> None:
    going = tasker.directory / "go"
    job = tasker.start_job("sh", "-c", f"while [ ! -e {going} ]; do sleep 0.01; done; echo done; exit 8")
    leader = job.pid
    tasker.engine.end(signal.SIGKILL)
    going.touch()
    until_dead(leader)
    tasker.engine.start()
    assert tasker.wait(job).outcome == Outcome(Kind.EXITED, exit_code=8)
    assert tasker.output(job) == b"done\n"


def test_requests_wait_while_it_restarts(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60")
    tasker.engine.end(signal.SIGKILL)
    with tasker.connect() as peer:
        peer.send(1, wire.GetJob(ROOT, job.id))
        tasker.engine.start()
        reply = peer.receive()[0].message
    assert isinstance(reply, wire.JobReply)
    assert dataclasses.replace(reply.job, in_force=None, usage=None) == job


def test_a_stop_goes_on_where_the_engine_before_left_it(tasker: Stack) -> None:
    job = tasker.start_job("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.01; done", caller=ALICE)
    tasker.until_printed(job)
    with tasker.connect() as peer:
        peer.send(1, wire.StopJob(ALICE, job.id, 1.0))
        tasker.until_state(job, State.STOPPING)
    tasker.engine.restart(signal.SIGKILL)
    now = tasker.get(job)
    assert now.stopping_by == ("" if now.state is State.ENDED else "alice")
    outcome = tasker.wait(job).outcome
    assert outcome == Outcome(Kind.STOPPED, signal=signal.SIGKILL, stopped_by="alice", killed=True)


def test_killed_in_the_middle_of_a_start_it_leaves_no_process(tasker: Stack) -> None:
    tasker.systemd.plan(hold="removed")
    with tasker.connect() as peer:
        peer.send(1, wire.StartJob(ALICE, tasker.spec("sleep", "60")))
        tasker.systemd.until_called()
        leader = tasker.list()[0].pid
        tasker.engine.end(signal.SIGKILL)
    tasker.systemd.do("release")
    until_dead(leader)
    tasker.engine.start()
    assert tasker.list() == []
    tasker.systemd.until_no_units()


def test_the_end_of_the_bus_ends_it(tasker: Stack) -> None:
    with socket.socket(socket.AF_UNIX) as bus:
        bus.connect(str(tasker.directory / "bus"))
        daemon = struct.unpack("3i", bus.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    os.kill(daemon, signal.SIGKILL)
    assert tasker.engine.process is not None
    assert tasker.engine.process.wait(DEADLINE) == 1
    assert "the system bus is gone" in tasker.engine.log


def test_a_forged_signal_changes_nothing(tasker: Stack) -> None:
    """Any local user may send one straight to the engine. A start must not take it for systemd's word."""
    tasker.systemd.plan(hold="removed")

    async def forge(path: str, unit: str) -> None:
        bus = await MessageBus(bus_address=tasker.systemd.address).connect()
        await forge_job_removed(bus, "org.tasker.Engine", path, unit, "failed")
        await forge_unit_dead(bus, "org.tasker.Engine", path)
        bus.disconnect()

    with tasker.connect() as peer:
        peer.send(1, wire.StartJob(ALICE, tasker.spec("sleep", "60")))
        tasker.systemd.until_called()
        for number in range(1, 20):
            asyncio.run(forge(f"/org/freedesktop/systemd1/job/{number}", tasker.systemd.calls[-1]["unit"]))
        until_equal(lambda: tasker.engine.log.count("which does not own org.freedesktop.systemd1"), 38)
        assert tasker.list()[0].state is State.STARTING
        tasker.systemd.do("release")
        reply = peer.receive()[0].message
    assert isinstance(reply, wire.JobReply)
    assert reply.job.state is State.RUNNING


def test_daemon_reload_says_removed_of_every_unit_and_means_nothing(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60")
    tasker.systemd.do("reload")
    assert tasker.get(job).state is State.RUNNING
    assert tasker.start_job("true").state is State.RUNNING


def test_daemon_reexec_gives_systemd_a_new_name(tasker: Stack) -> None:
    job = tasker.start_job("sleep", "60")
    tasker.systemd.do("reexec")
    tasker.engine.until_logged("new name")
    assert tasker.start_job("true").state is State.RUNNING
    tasker.ask(wire.StopJob(ROOT, job.id, None))


def test_daemon_reexec_in_the_middle_of_a_start(tasker: Stack) -> None:
    """The call gets no answer. Whether it was served is looked up, and the job runs either way."""
    for hold in ("call", "removed"):
        before = len(tasker.systemd.calls)
        tasker.systemd.plan(hold=hold)
        with tasker.connect() as peer:
            peer.send(1, wire.StartJob(ALICE, tasker.spec("sleep", "60")))
            until(functools.partial(called, tasker, before + 1))
            tasker.systemd.do("reexec")
            reply = peer.receive()[0].message
        assert isinstance(reply, wire.JobReply), (hold, reply)
        assert reply.job.state is State.RUNNING


def called(tasker: Stack, times: int) -> bool:
    return len(tasker.systemd.calls) >= times


def test_a_live_scope_called_dead_is_made_again(tasker: Stack) -> None:
    tasker.systemd.plan(marked_dead=True)
    assert tasker.start_job("sleep", "60").state is State.RUNNING


def test_a_bad_configuration_stops_the_start_with_one_line(tasker: Stack) -> None:
    tasker.engine.end()
    before = tasker.engine.log
    tasker.configure("[server]\nprot = 1\n")
    assert tasker.engine.spawn().wait(DEADLINE) == 78
    lines = tasker.engine.log.removeprefix(before).splitlines()
    assert len(lines) == 1
    assert "there is no key 'prot' in [server]" in lines[0]
    assert lines[0].startswith("<3>cannot use ")


def test_a_check_finds_what_a_reload_would_refuse(tasker: Stack) -> None:
    """`systemctl reload` asks first, so that it fails where nothing would change."""

    def check() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tasker.engine", "--check", "--config", str(tasker.config)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE)

    assert check().returncode == 0
    tasker.configure('[server]\nrevoked = ["zz"]\n')
    assert check().returncode == 78
    assert "server.revoked cannot be" in check().stderr
    serials = ", ".join(f'"a{number:039x}"' for number in range(1, 4000))
    tasker.configure(f"[server]\nrevoked = [{serials}]\n")
    assert check().returncode == 78
    assert "3999 revoked serials: together they are too large" in check().stderr
    tasker.configure("[server]\n")
    (tasker.directory / "server.key").write_bytes((tasker.directory / "ca.key").read_bytes())
    assert check().returncode == 78
    assert check().stderr.startswith("<3>cannot ")


def test_reload_takes_a_good_configuration_and_refuses_a_bad_one(tasker: Stack) -> None:
    with tasker.connect() as frontend:
        assert isinstance(frontend.ask(wire.Connect()), wire.Setup)
        tasker.configure('[server]\nrevoked = ["4F:3A"]\n[jobs]\nrunning = 1\n')
        tasker.engine.send_signal(signal.SIGHUP)
        setup = frontend.receive()[0].message
        assert isinstance(setup, wire.Setup)
        assert setup.revoked == ("4f3a",)
        tasker.start_job("sleep", "60")
        with pytest.raises(TaskerError) as caught:
            tasker.start_job("sleep", "60")
        assert caught.value.reason is Reason.EXHAUSTED
        tasker.configure("[server]\n[jobs]\nrunning = true\n")
        tasker.engine.send_signal(signal.SIGHUP)
        tasker.engine.until_logged("cannot reload; keeping the previous configuration")
        assert frontend.ask(wire.Connect()) == setup
