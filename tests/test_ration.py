"""So many in a time for each, and how many were left out."""

from __future__ import annotations

from tasker.ration import Ration


def test_each_has_its_own_and_learns_what_was_left_out() -> None:
    ration = Ration(2, 60)
    assert [ration.take("a", 0.0) for _ in range(5)] == [0, 0, None, None, None]
    assert ration.take("b", 1.0) == 0
    assert [ration.take("a", 60.0) for _ in range(3)] == [3, 0, None]
    assert [ration.take("a", 200.0) for _ in range(2)] == [1, 0]


def test_it_remembers_a_bounded_number() -> None:
    ration = Ration(1, 60)
    for number in range(5000):
        assert ration.take(str(number), 0.0) == 0
    assert len(ration._windows) == 1024
    assert ration.take("4999", 1.0) is None
    assert ration.take("0", 1.0) == 0
