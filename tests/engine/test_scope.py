"""A scope that stands and does not hold the leader: the start is refused in words, and nothing of it is kept."""

from __future__ import annotations

import os
import signal

import pytest

from tasker import wire
from tasker.errors import Reason, TaskerError
from tests.support.stack import ALICE, Stack
from tests.support.waiting import until


def descriptors(tasker: Stack) -> int:
    """How many the engine has open."""
    return len(os.listdir(f"/proc/{tasker.engine.pid}/fd"))


def test_the_cgroup_of_one_whose_leader_is_dead_is_closed(tasker: Stack) -> None:
    with tasker.connect() as starter:
        starter.ask(wire.ListJobs(ALICE, "", False, False, ""))  # so it is connected
        before = descriptors(tasker)
        tasker.systemd.plan(hold="call")
        starter.send(2, wire.StartJob(ALICE, tasker.spec("sleep", "60")))
        tasker.systemd.until_called()
        os.kill(tasker.list()[0].pid, signal.SIGKILL)
        tasker.systemd.do("release")
        assert isinstance(starter.receive()[0].message, wire.Failed)
        until(lambda: descriptors(tasker) <= before)


def test_one_whose_cgroup_is_gone_is_no_defect(tasker: Stack) -> None:
    tasker.systemd.plan(gone=True)
    with pytest.raises(TaskerError, match="cannot StartTransientUnit") as caught:
        tasker.start_job("sleep", "60")
    assert caught.value.reason is Reason.REFUSED
