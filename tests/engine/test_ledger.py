"""The ledger of uids: what is written is read again, what cannot be read costs its line and no more."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tasker.engine.ledger import Ledger
from tasker.errors import Reason, TaskerError

RESERVED = range(200_000, 200_100)


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"200001", b"200001 ", b"200001 ../../x", b"200001 Bob", b"200001  bob", b"bob 200001", b"200001 bob "),
        *(b"200001 b\xc3\xb6b", b"\xff\xfe2\0", b"\0" * 300, b"9" * 5000 + b" bob", "\u0662 bob".encode(), b"-5 bob"),
        *(b"200001\tbob", b"200001 bob\r", b"200001 " + b"b" * 33),
        *(b"0 bob", b"1000 bob", b"99999 bob", b"4294967295 bob", b"200000 bob", b"200001 alice"),
    ],
    ids=repr,
)
def test_a_bad_line_costs_that_line(tmp_path: Path, caplog: pytest.LogCaptureFixture, line: bytes) -> None:
    path = tmp_path / "uids"
    path.write_bytes(b"200000 alice\n" + line + b"\n200002 carol\n")
    with caplog.at_level(logging.ERROR):
        ledger = Ledger(path)
    (record,) = caplog.records
    assert record.getMessage().startswith(f"cannot use line 2 of {path}: ")
    assert "\n" not in record.getMessage()
    assert (ledger.uid("alice"), ledger.uid("carol"), ledger.uid("bob")) == (200_000, 200_002, None)
    given = 200_003 if b"200001" in line else 200_001
    assert ledger.give("bob", RESERVED) == given
    again = Ledger(path)
    assert [again.uid(owner) for owner in ("alice", "bob", "carol")] == [200_000, given, 200_002]


def test_the_owner_of_a_bad_line_gets_another_uid(tmp_path: Path) -> None:
    (tmp_path / "uids").write_bytes(b"200000 alice?\n")
    assert Ledger(tmp_path / "uids").give("alice", RESERVED) == 200_001


@pytest.mark.parametrize("owner", ["", "evil\n1000 bob", "../../x", "john.doe", "a" * 33, "b\xf6b"])
def test_what_would_not_be_read_is_not_written(tmp_path: Path, owner: str) -> None:
    with pytest.raises(TaskerError, match=r"^cannot assign a uid to .*: .* is not \"uid owner\"") as caught:
        Ledger(tmp_path / "uids").give(owner, RESERVED)
    assert caught.value.reason is Reason.INVALID
    assert not (tmp_path / "uids").exists()


def test_a_uid_outside_of_any_range_is_not_given(tmp_path: Path) -> None:
    with pytest.raises(TaskerError, match="the uid 1000 is outside"):
        Ledger(tmp_path / "uids").give("bob", range(1000, 1001))


def test_a_last_line_without_its_end_is_read_and_not_written_into(tmp_path: Path) -> None:
    """As an editor leaves it, or a machine that lost its power."""
    path = tmp_path / "uids"
    path.write_bytes(b"200000 alice")
    assert Ledger(path).give("bob", RESERVED) == 200_001
    assert path.read_bytes() == b"200000 alice\n200001 bob\n"


def test_a_ledger_that_cannot_be_read_gives_no_uid(tmp_path: Path) -> None:
    """Else every owner would get the uid of another."""
    (tmp_path / "uids").mkdir()
    with pytest.raises(TaskerError, match=r"cannot read .*/uids, which records the owner of each uid: Is a directory"):
        Ledger(tmp_path / "uids")
