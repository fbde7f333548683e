"""A stop that comes too late to find its job."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

from tasker.engine.stops import Stops
from tasker.engine.table import Entry
from tasker.engine.tasks import Tasks
from tasker.errors import Reason, TaskerError
from tasker.lifecycle import State
from tests.engine.jobs import a_job
from tests.stack import ALICE


def test_one_whose_start_has_just_failed_is_not_found() -> None:
    """Its entry was looked up before, in the turn in which that happened."""
    nobody: Any = None  # no collector and no journal hears of it

    async def stop() -> None:
        entry = Entry(dataclasses.replace(a_job("abc"), state=State.GONE))
        entry.settled.set()
        await Stops(nobody, nobody, nobody, Tasks()).stop(ALICE, entry, 1.0)

    with pytest.raises(TaskerError, match="cannot stop job abc: it could not be started") as caught:
        asyncio.run(stop())
    assert caught.value.reason is Reason.NOT_FOUND
