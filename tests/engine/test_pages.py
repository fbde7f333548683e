"""The list in pages: every job once, oldest first."""

from __future__ import annotations

import asyncio
import dataclasses

from tasker.engine.pages import PAGE, next_page
from tasker.engine.table import Entry, Table
from tasker.job import JobSpec
from tests.engine.jobs import a_job

BIG = JobSpec(("true", "x" * (PAGE // 3)))


async def listed(times: list[float]) -> list[float]:
    """When the jobs were created that are listed, of a table of jobs that came with clocks that said `times`."""
    table = Table()
    for number, when in enumerate(times):
        table.add(Entry(dataclasses.replace(a_job(f"job{number:05}"), spec=BIG, created=when)))
    found: list[float] = []
    token, pages = "", 0
    while token or not pages:
        page, token = next_page(table, "", running=False, archived=False, after=token)
        found += [job.created for job in page]
        pages += 1
    assert pages > 1
    return found


def test_every_job_is_listed_where_the_clock_was_set_back() -> None:
    times = [1000.0, 1001.0, 1002.0, 500.0, 501.0, 502.0, 503.0, 1003.0, 1003.0]
    assert asyncio.run(listed(times)) == sorted(times)
