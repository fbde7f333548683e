"""A few events of each key in a window, the number of the rest at its end, and bounded memory."""

from __future__ import annotations

import asyncio

from tasker.ratelimit import MOST_KEYS, MOST_REPORTS, OTHERS, SECONDS, RateLimit


class Reports:
    """What a limit has reported, and a wait for the next report."""

    def __init__(self) -> None:
        self.all: list[tuple[str, int]] = []
        self.came = asyncio.Event()

    def __call__(self, key: str, count: int) -> None:
        self.all.append((key, count))
        self.came.set()


def test_each_key_has_a_limit_of_its_own() -> None:
    async def run() -> None:
        reports = Reports()
        rate_limit = RateLimit(2, reports)
        assert [rate_limit.take("a") for _ in range(5)] == [True, True, False, False, False]
        assert rate_limit.take("b")
        assert reports.all == []
        rate_limit.close()
        assert reports.all == [("a", 3)]
        assert [rate_limit.take("a") for _ in range(3)] == [True, True, False]
        rate_limit.close()
        rate_limit.close()
        assert reports.all == [("a", 3), ("a", 1)]

    asyncio.run(run())


def test_one_event_may_count_as_many() -> None:
    async def run() -> None:
        reports = Reports()
        rate_limit = RateLimit(1, reports)
        assert [rate_limit.take("a", 500), rate_limit.take("a", 20), rate_limit.take("a")] == [True, False, False]
        rate_limit.close()
        assert reports.all == [("a", 21)]

    asyncio.run(run())


def test_the_rest_is_reported_when_nothing_more_comes() -> None:
    async def run() -> None:
        reports = Reports()
        rate_limit = RateLimit(1, reports, seconds=0.01)
        assert [rate_limit.take("a") for _ in range(3)] == [True, False, False]
        async with asyncio.timeout(SECONDS):
            await reports.came.wait()
        assert reports.all == [("a", 2)]
        assert rate_limit.take("a")  # another window

    asyncio.run(run())


def test_all_keys_together_have_a_limit() -> None:
    async def run() -> None:
        reports = Reports()
        rate_limit = RateLimit(2, reports, total=3)
        assert [rate_limit.take(key) for key in "aabbcc"] == [True, True, True, False, False, False]
        rate_limit.close()
        assert reports.all == [("c", 2), ("b", 1)]

    asyncio.run(run())


def test_what_it_remembers_and_reports_is_bounded_and_nothing_is_uncounted() -> None:
    async def run(total: int | None) -> None:
        reports = Reports()
        rate_limit = RateLimit(1, reports, total=total)
        taken = [rate_limit.take(str(number)) for number in range(5 * MOST_KEYS)]
        assert taken.count(True) == (total or MOST_KEYS)
        assert [rate_limit.take("7") for _ in range(9)] == [False] * 9
        assert len(rate_limit._taken) == MOST_KEYS
        assert len(rate_limit._left_out) <= MOST_KEYS + 1
        rate_limit.close()
        assert reports.all[0] == ("7", 9)
        assert reports.all[-1][0] == OTHERS
        assert len(reports.all) <= MOST_REPORTS + 1
        assert sum(count for _, count in reports.all) == taken.count(False) + 9

    asyncio.run(run(None))
    asyncio.run(run(300))
