"""The access table, row by row, for the owner of a job, for somebody else, and for an admin."""

from __future__ import annotations

import pytest

from tasker.errors import Reason, TaskerError
from tasker.identity import Identity, Role
from tasker.policy import ACCESS, allowed, demand

ALICE = Identity("alice", Role.USER, "a1")
BOB = Identity("bob", Role.USER, "b2")
ROOT = Identity("root", Role.ADMIN, "c3")

# On a job of alice:   alice  bob    admin
EXPECTED = {
    "list":            (True, True, True),
    "get":             (True, True, True),
    "start":           (True, True, True),
    "start as":        (False, False, True),
    "start at":        (False, False, True),
    "see environment": (True, False, True),
    "attach":          (True, False, True),
    "detach":          (True, True, True),
    "stop":            (True, False, True),
    "limit":           (True, False, True),
    "signal":          (True, False, True),
    "pause":           (True, False, True),
    "resume":          (True, False, True),
    "archive":         (True, False, True),
    "wait":            (True, True, True),
    "info":            (True, True, True),
}  # fmt: skip


def test_no_row_is_without_an_expectation() -> None:
    assert ACCESS.keys() == EXPECTED.keys(), "EXPECTED in tests/test_policy.py has other rows than ACCESS"


@pytest.mark.parametrize("action", EXPECTED)
@pytest.mark.parametrize("who", [0, 1, 2], ids=["owner", "other", "admin"])
def test_row(action: str, who: int) -> None:
    identity = (ALICE, BOB, ROOT)[who]
    expected = EXPECTED[action][who]
    assert allowed(action, identity, "alice") is expected
    if expected:
        demand(action, identity, what="job k3v9", owner="alice")
        return
    with pytest.raises(TaskerError) as caught:
        demand(action, identity, what="job k3v9", owner="alice")
    assert caught.value.reason is Reason.DENIED
    verb = {"attach": "attach to", "limit": "change the limits of"}.get(action, action)
    assert caught.value.message.startswith(f"cannot {verb} job k3v9 of alice as {identity.name}: only ")


def test_without_a_job_nobody_is_its_owner() -> None:
    assert not allowed("stop", ALICE)
    assert allowed("stop", ROOT)


def test_a_user_called_admin_is_none() -> None:
    assert not allowed("stop", Identity("admin", Role.USER, ""), "alice")


def test_an_action_without_a_row_is_a_defect_even_for_an_admin() -> None:
    with pytest.raises(KeyError):
        allowed("fly", ROOT, "alice")
