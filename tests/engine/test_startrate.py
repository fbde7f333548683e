"""How fast an owner may start jobs: on a clock that the test sets."""

from __future__ import annotations

import pytest

from tasker.configvalues import Rate
from tasker.engine.startrate import FURTHEST, MOST_OWNERS, StartRate


def taken(starts: StartRate, rate: Rate, now: float, owner: str = "alice") -> int:
    """How many starts are taken at once."""
    count = 0
    while not starts.take(owner, rate, now):
        count += 1
    return count


@pytest.mark.parametrize("rate", [Rate(100, 10.0), Rate(1, 0.01), Rate(7, 3.0), Rate(5000, 10_000.0)], ids=str)
def test_a_burst_and_then_the_rate(rate: Rate) -> None:
    starts, now = StartRate(), 1e6
    assert taken(starts, rate, now) == rate.burst
    assert starts.take("alice", rate, now + 0.5 / rate.per_second) > 0.0
    assert starts.take("alice", rate, now + 1 / rate.per_second) == 0.0
    assert starts.take("alice", rate, now + 1.5 / rate.per_second) > 0.0
    assert taken(starts, rate, now + 2 / rate.per_second + 2 * rate.burst / rate.per_second) == rate.burst


def test_no_rate_is_no_limit() -> None:
    starts = StartRate()
    assert not any(starts.take("alice", None, 0.0) for _ in range(10_000))


def test_each_owner_has_a_rate_of_its_own() -> None:
    starts, rate = StartRate(), Rate(3, 1.0)
    assert taken(starts, rate, 0.0, "alice") == 3
    assert taken(starts, rate, 0.0, "bob") == 3


def test_refused_starts_are_told_different_times_and_each_is_in_time() -> None:
    starts, rate = StartRate(), Rate(2, 10.0)
    taken(starts, rate, 100.0)  # the last one was refused, too
    waits = [starts.take("alice", rate, 100.0) for _ in range(20)]
    assert waits == pytest.approx([0.2 + 0.1 * number for number in range(20)])
    assert not any(starts.take("alice", rate, 100.0 + wait) for wait in waits)


def test_a_start_is_not_told_to_come_much_later_than_it_may() -> None:
    """Whoever asks very often, and gives up, does not keep the same owner's next start away for long."""
    starts, rate = StartRate(), Rate(2, 10.0)
    taken(starts, rate, 0.0)
    assert max(starts.take("alice", rate, 0.0) for _ in range(5000)) == pytest.approx(0.1 + FURTHEST)
    assert starts.take("alice", rate, 0.1) == 0.0


def test_a_new_rate_holds_at_once() -> None:
    starts = StartRate()
    taken(starts, Rate(100, 10.0), 0.0)
    assert starts.take("alice", Rate(200, 10.0), 0.0) == 0.0
    assert starts.take("alice", None, 0.0) == 0.0
    assert starts.take("alice", Rate(10, 10.0), 0.0) > 9.0


def test_owners_are_remembered_until_they_may_start_a_burst_again() -> None:
    starts, rate = StartRate(), Rate(2, 1.0)
    for number in range(1000):
        starts.take(f"o{number}", rate, number * 10.0)
    assert len(starts._buckets) == 1


def test_the_number_of_owners_is_bounded() -> None:
    starts, rate = StartRate(), Rate(1, 0.01)
    for number in range(MOST_OWNERS + 50):
        starts.take(f"o{number}", rate, 0.0)
    assert len(starts._buckets) == MOST_OWNERS
    assert starts.take(f"o{MOST_OWNERS}", rate, 0.0) > 0.0
    assert starts.take("o0", rate, 0.0) == 0.0
