"""Slots that owners take turns for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from tasker.engine.turns import LATELY, Active, Turn, Turns
from tests.support.waiting import limit


class Owners:
    """Starters of several owners, who keep their slots until the test ends one."""

    def __init__(self, slots: int, most: int) -> None:
        self.now = 0.0
        self.active = Active(lambda: self.now)
        self.turns = Turns(slots, most, self.active)
        self.order: list[str] = []
        """Whose slot came when."""
        self.held: dict[str, list[Turn]] = {}

    async def wait(self, owner: str) -> None:
        turn = await self.turns.take(owner)
        self.order.append(owner)
        self.held.setdefault(owner, []).append(turn)

    async def ask(self, owner: str, count: int) -> list[asyncio.Task[None]]:
        tasks = [asyncio.create_task(self.wait(owner)) for _ in range(count)]
        await settle()
        return tasks

    async def end(self, owner: str) -> None:
        self.held[owner].pop().end()
        await settle()

    def count(self) -> dict[str, int]:
        return {owner: len(turns) for owner, turns in self.held.items() if turns}


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def run(test: Callable[[Owners], Awaitable[None]], slots: int = 16, most: int = 4) -> None:
    async def whole() -> None:
        await test(Owners(slots, most))
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    with limit("the end of this test"):
        asyncio.run(whole())


@pytest.mark.parametrize(("slots", "most"), [(16, 4), (3, 1), (1, 1)])
def test_an_owner_alone_gets_every_slot(slots: int, most: int) -> None:
    async def test(owners: Owners) -> None:
        await owners.ask("alice", slots + 5)
        assert owners.count() == {"alice": slots}
        await owners.end("alice")
        assert owners.count() == {"alice": slots}

    run(test, slots, most)


@pytest.mark.parametrize(("slots", "most"), [(16, 4), (5, 2)])
def test_beside_others_an_owner_gets_no_more_than_its_share(slots: int, most: int) -> None:
    async def test(owners: Owners) -> None:
        await owners.ask("bob", 1)
        await owners.ask("alice", 2 * slots)
        assert owners.count() == {"bob": 1, "alice": most}
        await owners.ask("bob", 2 * slots)
        assert owners.count() == {"bob": most, "alice": most}

    run(test, slots, most)


def test_who_comes_while_another_has_every_slot_gets_the_next() -> None:
    async def test(owners: Owners) -> None:
        await owners.ask("alice", 60)
        await owners.ask("bob", 1)
        assert owners.count() == {"alice": 16}
        await owners.end("alice")
        assert owners.count() == {"alice": 15, "bob": 1}
        for left in range(14, 3, -1):
            await owners.end("alice")
            assert owners.count() == {"alice": left, "bob": 1}
        await owners.end("alice")
        assert owners.count() == {"alice": 4, "bob": 1}

    run(test)


def test_owners_take_turns() -> None:
    async def test(owners: Owners) -> None:
        await owners.ask("alice", 1)
        for owner in ("alice", "bob", "carol"):
            await owners.ask(owner, 3)
        for owner in ("alice", *("bob", "carol", "alice") * 3):
            assert owners.order[-1] == owner
            await owners.end(owner)

    run(test, slots=1, most=1)


def test_an_owner_is_active_for_a_while_after_its_last_slot() -> None:
    """Else the next start of one who starts one job after another would find every slot taken again."""

    async def test(owners: Owners) -> None:
        await owners.ask("bob", 1)
        await owners.ask("alice", 60)
        await owners.end("bob")
        owners.now += LATELY / 2
        await owners.end("alice")
        assert owners.count() == {"alice": 4}
        owners.now += LATELY
        await owners.end("alice")
        assert owners.count() == {"alice": 16}

    run(test)


def test_who_waits_no_longer_is_passed_over() -> None:
    async def test(owners: Owners) -> None:
        await owners.ask("alice", 1)
        [gone] = await owners.ask("bob", 1)
        await owners.ask("carol", 1)
        gone.cancel()
        await settle()
        await owners.end("alice")
        assert owners.order == ["alice", "carol"]

    run(test, slots=1, most=1)


def test_a_slot_that_comes_with_the_cancellation_is_given_back() -> None:
    async def test(owners: Owners) -> None:
        await owners.ask("alice", 1)
        [gone] = await owners.ask("bob", 1)
        await owners.ask("carol", 1)
        owners.held["alice"].pop().end()
        gone.cancel()
        await settle()
        assert owners.order == ["alice", "carol"]

    run(test, slots=1, most=1)


def test_a_slot_that_comes_just_after_the_cancellation_goes_to_the_next() -> None:
    async def test(owners: Owners) -> None:
        await owners.ask("alice", 1)
        [gone] = await owners.ask("bob", 1)
        await owners.ask("carol", 1)
        gone.cancel()
        owners.held["alice"].pop().end()
        await settle()
        assert owners.order == ["alice", "carol"]

    run(test, slots=1, most=1)


def test_a_turn_ends_once() -> None:
    async def test(owners: Owners) -> None:
        await owners.ask("alice", 1)
        with owners.held["alice"][0] as turn:
            turn.end()
        await owners.ask("alice", 3)
        assert len(owners.held["alice"]) == 3

    run(test, slots=2, most=1)


def test_nothing_is_remembered_of_owners_who_are_gone() -> None:
    async def test(owners: Owners) -> None:
        for number in range(1000):
            await owners.ask(f"o{number}", 1)
            await owners.end(f"o{number}")
            owners.now += 1.0
        assert len(owners.active) <= LATELY + 1
        assert not owners.turns._taken
        assert not owners.turns._queues
        assert not owners.turns._next

    run(test)


def test_whatever_happens_slots_are_given_out_while_there_is_a_call_for_them() -> None:
    import random

    chance = random.Random(7)  # noqa: S311

    async def test(owners: Owners) -> None:
        names = ("alice", "bob", "carol")
        waiting: dict[str, list[asyncio.Task[None]]] = {name: [] for name in names}
        for _ in range(2000):
            owner = chance.choice(names)
            match chance.randrange(4):
                case 0:
                    waiting[owner] += await owners.ask(owner, chance.randint(1, 4))
                case 1 if waiting[owner]:
                    waiting[owner].pop(chance.randrange(len(waiting[owner]))).cancel()
                    if chance.random() < 0.5:
                        await settle()
                case 2 | 3 if owners.held.get(owner):
                    await owners.end(owner)
            owners.now += chance.choice((0.0, 0.1, LATELY))
            waiting = {name: [task for task in tasks if not task.done()] for name, tasks in waiting.items()}
            held = Counter(owners.count())
            assert held.total() <= 6
            if held.total() < 6:
                assert not any(waiting[name] and held[name] < 2 for name in names)

    run(test, slots=6, most=2)
