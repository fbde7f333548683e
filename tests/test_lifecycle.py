"""Every pair of a state and an event. The expectation is spelled out once more, so that a slip in MOVES is seen."""

from __future__ import annotations

import itertools

import pytest

from tasker.lifecycle import MOVES, Event, IllegalMove, State, move

# What is in this table may happen; each of the other pairs is refused.
EXPECTED = """
              started   failed  paused    resumed   stop      exited  swept
    starting  running   gone    -         -         stopping  -       -
    running   -         -       paused    -         stopping  ending  -
    paused    -         -       -         running   stopping  ending  -
    stopping  stopping  gone    -         -         stopping  ending  -
    ending    -         -       ending    ending    ending    -       ended
    ended     -         -       -         -         ended     -       -
    gone      -         -       -         -         -         -       -
"""
EVENTS, *ROWS = [line.split() for line in EXPECTED.strip().splitlines()]
TABLE = {(row[0], event): after for row in ROWS for event, after in zip(EVENTS, row[1:], strict=True)}


def test_the_expectation_is_complete() -> None:
    assert set(TABLE) == set(itertools.product(map(str, State), map(str, Event)))


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_pair(state: State, event: Event) -> None:
    after = TABLE[str(state), str(event)]
    if after == "-":
        with pytest.raises(IllegalMove, match=f"{state} cannot take"):
            move(state, event)
    else:
        assert move(state, event) is State(after)


def test_every_state_but_the_last_two_has_a_way_out() -> None:
    for state in set(State) - {State.ENDED, State.GONE}:
        assert any(before is state and after is not state for (before, _), after in MOVES.items())


def test_every_life_ends() -> None:
    """From everywhere, following only moves that change the state (but out of a pause), there is no way in a circle."""

    def follow(state: State, seen: tuple[State, ...]) -> None:
        assert state not in seen
        for (before, _), after in MOVES.items():
            if before is state and after is not state and (before, after) != (State.PAUSED, State.RUNNING):
                follow(after, (*seen, state))

    for state in State:
        follow(state, ())
