"""Every way to end and every reason has its exit code; nothing unknown is a success."""

from __future__ import annotations

import pytest

from tasker.cli import exits
from tasker.errors import Reason
from tasker.job import Kind, Outcome

OUTCOMES: list[tuple[Outcome | None, int]] = [
    (Outcome(Kind.EXITED, exit_code=0), 0),
    (Outcome(Kind.EXITED, exit_code=3), 3),
    (Outcome(Kind.EXITED, exit_code=255), 255),
    (Outcome(Kind.EXITED), 125),
    (Outcome(Kind.SIGNALLED, signal=11, core_dumped=True), 139),
    (Outcome(Kind.SIGNALLED, signal=64), 192),
    (Outcome(Kind.SIGNALLED), 125),
    (Outcome(Kind.STOPPED, signal=15, stopped_by="alice"), 143),
    (Outcome(Kind.STOPPED, exit_code=0, stopped_by="alice"), 143),
    (Outcome(Kind.STOPPED, signal=9, stopped_by="alice", killed=True), 137),
    (Outcome(Kind.OUT_OF_MEMORY, signal=9), 137),
    (Outcome(Kind.OUT_OF_MEMORY, exit_code=1), 137),
    (Outcome(Kind.TIMED_OUT, signal=15), 124),
    (Outcome(Kind.RUN_ENDED, signal=15), 125),
    (Outcome(Kind.UNKNOWN), 125),
    (None, 125),
]


@pytest.mark.parametrize(("outcome", "code"), OUTCOMES)
def test_of_outcome(outcome: Outcome | None, code: int) -> None:
    assert exits.of_outcome(outcome) == code


def test_every_kind_is_in_the_table_above() -> None:
    assert {outcome.kind for outcome, _ in OUTCOMES if outcome} == set(Kind)


@pytest.mark.parametrize("reason", list(Reason))
def test_of_error(reason: Reason) -> None:
    assert exits.of_error(reason) == {"command-not-found": 127, "not-executable": 126}.get(reason, 125)
