"""Questions to what may hang: a file system, a name service."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tasker.engine.blocking import Blocking
from tasker.errors import Reason, TaskerError


def test_an_answer_or_what_went_wrong_comes_back() -> None:
    async def main() -> None:
        blocking = Blocking("the oracle")
        assert (
            await asyncio.gather(*(blocking.run(lambda: 42, "cannot know", "guess") for _ in range(100))) == [42] * 100
        )
        with pytest.raises(ZeroDivisionError):
            await blocking.run(lambda: 1 // 0, "cannot know", "guess")

    asyncio.run(main())


def test_where_no_thread_can_be_made_nothing_is_lost_but_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def main() -> None:
        blocking = Blocking("the oracle")
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", fail)
            for _ in range(20):
                with pytest.raises(TaskerError, match="no thread is free for a call to the oracle"):
                    await blocking.run(lambda: 42, "cannot know", "guess")
        assert await blocking.run(lambda: 42, "cannot know", "guess") == 42

    asyncio.run(main())


def test_who_waits_is_told_what_hangs_and_the_next_has_a_turn_when_it_goes_on() -> None:
    async def main() -> None:
        go = threading.Event()
        blocking = Blocking("the oracle", timeout=0.01)
        answers = (blocking.run(go.wait, "cannot know", "guess") for _ in range(20))  # more than may ask at once
        for error in await asyncio.gather(*answers, return_exceptions=True):
            assert isinstance(error, TaskerError)
            assert error.reason is Reason.UNAVAILABLE
            assert error.message == "cannot know: the oracle does not answer within 0.01 s; guess"
        blocking.timeout = 30.0
        next_one = asyncio.ensure_future(blocking.run(lambda: 42, "cannot know", "guess"))
        go.set()
        assert await next_one == 42

    asyncio.run(main())
