"""The list in pages: every job once, oldest first, and no more looked at than is shown."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator

from tasker.engine.entry import Entry
from tasker.engine.pages import PAGE, Pages
from tasker.engine.jobtable import JobTable
from tasker.job import Job, JobSpec
from tasker.lifecycle import State
from tests.engine.jobs import a_job

BIG = JobSpec(("true", "x" * (PAGE // 3)))


def entry(id: str, created: float) -> Entry:
    return Entry(dataclasses.replace(a_job(id), spec=BIG, created=created, state=State.ENDED))


def listed(pages: Pages, *, archived: bool = False) -> Iterator[list[Job]]:
    token = None
    while token != "":
        page, token = pages.next("", running=False, archived=archived, after=token or "")
        yield page


def created(pages: Pages, *, archived: bool = False) -> list[float]:
    return [job.created for page in listed(pages, archived=archived) for job in page]


def test_every_job_is_listed_where_the_clock_was_set_back() -> None:
    async def main() -> None:
        times = [1000.0, 1001.0, 1002.0, 500.0, 501.0, 502.0, 503.0, 1003.0, 1003.0]
        table = JobTable()
        entries = [entry(f"job{number:05}", when) for number, when in enumerate(times)]
        for early in entries[:4]:
            table.add(early)
        pages = Pages(table)
        for late in entries[4:]:
            table.add(late)
        assert created(pages) == sorted(times)
        assert len(list(listed(pages))) > 1

    asyncio.run(main())


def test_what_is_archived_or_forgotten_between_two_pages_shifts_nothing() -> None:
    async def main() -> None:
        table = JobTable()
        pages = Pages(table)
        entries = [entry(f"job{number}", float(number)) for number in range(1, 7)]
        for each in entries:
            table.add(each)
            table.end(each)
        page, token = pages.next("", running=False, archived=False, after="")
        assert [job.created for job in page] == [1.0, 2.0]
        table.remove(entries[1])
        table.archive(entries[0])
        table.archive(entries[2])
        rest, _ = pages.next("", running=False, archived=False, after=token)
        assert [job.created for job in rest] == [4.0, 5.0]
        assert created(pages) == [4.0, 5.0, 6.0]
        assert created(pages, archived=True) == [1.0, 3.0]

    asyncio.run(main())


class Time(float):
    """Counts how often one is compared."""

    compared = 0

    def __lt__(self, other: float) -> bool:
        Time.compared += 1
        return float(self) < other

    def __eq__(self, other: object) -> bool:
        Time.compared += 1
        return float(self) == other

    def __hash__(self) -> int:
        return hash(float(self))


def test_a_page_costs_what_is_on_it_however_many_jobs_there_are() -> None:
    async def main() -> None:
        table = JobTable()
        for number in range(2000):
            table.add(entry(f"job{number:05}", Time(number)))
        pages = Pages(table)
        _, token = pages.next("", running=False, archived=False, after="")
        Time.compared = 0
        pages.next("", running=False, archived=False, after=token)
        assert Time.compared < 100

    asyncio.run(main())
