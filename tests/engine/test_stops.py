"""Requests for a job that turns out never to have run."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

from tasker import wire
from tasker.engine.entry import Entry
from tasker.engine.stops import Stops
from tasker.engine.tasks import Tasks
from tasker.errors import Reason, TaskerError
from tasker.lifecycle import State
from tests.engine.jobs import a_job
from tests.support.stack import ALICE, Stack
from tests.support.waiting import until


def test_one_whose_start_has_just_failed_is_not_found() -> None:
    """Its entry was looked up before, in the turn in which that happened."""
    nobody: Any = None  # no collector and no journal hears of it

    async def stop() -> None:
        entry = Entry(dataclasses.replace(a_job("abc"), state=State.GONE))
        entry.settled.set()
        await Stops(nobody, nobody, nobody, Tasks()).stop(ALICE, entry, 1.0)

    with pytest.raises(TaskerError, match="cannot stop job abc: its start failed") as caught:
        asyncio.run(stop())
    assert caught.value.reason is Reason.NOT_FOUND


def test_whoever_waits_for_one_that_fails_to_start_is_reported(tasker: Stack) -> None:
    tasker.systemd.plan(hold="call", error="org.freedesktop.systemd1.NoSuchUnit")
    with tasker.connect() as starter, tasker.connect() as waiter:
        starter.send(1, wire.StartJob(ALICE, tasker.spec("sleep", "60")))
        until(tasker.list)
        id = tasker.list()[0].id
        waiter.send(1, wire.WaitJob(ALICE, id, False))
        waiter.send(2, wire.GetJob(ALICE, id))
        waiter.receive()  # so the other has been asked, too
        tasker.systemd.do("release")
        failed = waiter.receive()[0].message
    assert failed == wire.Failed(
        Reason.NOT_FOUND, f"cannot wait for job {id}: its start failed; the caller of the start got the reason"
    )
