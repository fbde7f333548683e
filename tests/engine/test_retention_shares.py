"""Whose jobs go where there are too many, or they take too much: the oldest of the owner who has most."""

from __future__ import annotations

import re

from tasker.identity import Identity, Role
from tasker.job import Job
from tests.engine.test_retention import Journal, ids, journal, lists, reload
from tests.support.stack import ALICE, BOB, Stack
from tests.support.waiting import until, until_equal

__all__ = ["journal"]

CAROL = Identity("carol", Role.USER, "ca")
KIB = 1 << 10


def print_as(caller: Identity, tasker: Stack, size: int = 10) -> str:
    """The id of a job of the caller that has printed so many random bytes and ended."""
    return ended(tasker, tasker.start_job("head", "-c", str(size), "/dev/urandom", caller=caller)).id


def ended(tasker: Stack, job: Job) -> Job:
    return tasker.wait(job)


def test_who_starts_many_jobs_makes_nobody_else_lose_one(tasker: Stack, journal: Journal) -> None:
    reload(tasker, "ended = 5\narchived = 20\n")
    of_bob = print_as(BOB, tasker)
    of_alice = [print_as(ALICE, tasker) for _ in range(26)]
    until_equal(lambda: lists(tasker), ([of_bob, *of_alice[-4:]], of_alice[2:22]))
    until_equal(lambda: len(journal.told("forget")), 2)
    for id, line in zip(of_alice[:2], journal.told("forget"), strict=True):
        why = r"to make room: alice has most, (2[12]) of \1 ended jobs on disk"
        assert re.match(rf"MESSAGE={id}: forgotten, {why}\n", line)
        assert "TASKER_OWNER=alice\n" in line


def test_of_three_owners_the_one_with_most_jobs_loses(tasker: Stack) -> None:
    reload(tasker, "ended = 6\narchived = 0\n")
    of_carol = [print_as(CAROL, tasker) for _ in range(2)]
    of_bob = print_as(BOB, tasker)
    of_alice = [print_as(ALICE, tasker) for _ in range(5)]
    until_equal(lambda: lists(tasker), ([*of_carol, of_bob, *of_alice[2:]], []))
    of_carol += [print_as(CAROL, tasker) for _ in range(2)]  # each makes it three of alice and three of carol
    until_equal(lambda: lists(tasker), ([of_bob, *of_alice[2:], *of_carol[2:]], []))


def test_of_equal_holdings_the_oldest_job_goes(tasker: Stack) -> None:
    reload(tasker, "ended = 2\narchived = 0\n")
    jobs = [print_as(caller, tasker) for caller in (BOB, CAROL, ALICE)]
    until_equal(lambda: lists(tasker), (jobs[1:], []))
    jobs.append(print_as(BOB, tasker))
    until_equal(lambda: lists(tasker), (jobs[2:], []))


def test_who_has_most_bytes_in_memory_loses_whoever_has_most_jobs(tasker: Stack, journal: Journal) -> None:
    reload(tasker, 'memory = "1M"\n')
    of_bob = [print_as(BOB, tasker, 20 * KIB) for _ in range(4)]
    of_alice = [print_as(ALICE, tasker, 400 * KIB) for _ in range(2)]
    assert lists(tasker) == ([*of_bob, *of_alice], [])
    of_bob.append(print_as(BOB, tasker, 200 * KIB))
    until_equal(lambda: lists(tasker), ([*of_bob[:4], of_alice[1], of_bob[4]], of_alice[:1]))
    until(lambda: journal.told("archive"))
    assert "to make room: alice has most, " in journal.told("archive")[0]
    assert " of ended jobs in memory\n" in journal.told("archive")[0]


def test_who_has_most_bytes_on_disk_loses_whoever_has_most_jobs(tasker: Stack) -> None:
    reload(tasker, 'ended = 0\ndisk = "1M"\n')
    of_bob = [print_as(BOB, tasker, 20 * KIB) for _ in range(4)]
    of_alice = [print_as(ALICE, tasker, 400 * KIB) for _ in range(2)]
    of_bob.append(print_as(BOB, tasker, 200 * KIB))
    until_equal(lambda: lists(tasker), ([], [*of_bob[:4], of_alice[1], of_bob[4]]))


def test_shares_are_known_after_a_restart(tasker: Stack) -> None:
    reload(tasker, "ended = 3\narchived = 3\n")
    of_bob = [print_as(BOB, tasker) for _ in range(2)]
    of_alice = [print_as(ALICE, tasker) for _ in range(4)]
    until_equal(lambda: lists(tasker), ([of_bob[1], *of_alice[2:]], [of_bob[0], *of_alice[:2]]))
    tasker.engine.restart()
    of_alice.append(print_as(ALICE, tasker))
    until_equal(lambda: lists(tasker), ([of_bob[1], *of_alice[3:]], [of_bob[0], *of_alice[1:3]]))


def test_by_age_the_oldest_of_all_goes(tasker: Stack, journal: Journal) -> None:
    of_bob = print_as(BOB, tasker)
    of_alice = ids([ended(tasker, tasker.start_job("true", caller=ALICE)) for _ in range(3)])
    reload(tasker, 'age = "1s"\narchived = 0\n')
    until_equal(lambda: lists(tasker), ([], []))
    until_equal(lambda: len(journal.told("forget")), 4)
    for id, line in zip([of_bob, *of_alice], journal.told("forget"), strict=True):
        assert f"MESSAGE={id}: forgotten, since it ended more than 1.0s ago\n" in line
