"""What goes to the journal is what journald takes, and every kind of it is explained in the catalog."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from tasker.journal import MESSAGES, Journal

CATALOG = Path(__file__).parents[1] / "systemd" / "tasker.catalog"
FIELDS = {"ACTOR", "ROLE", "OWNER", "JOB", "SERIAL", "REFUSED", "ADDRESS", "CONNECTIONS"}


def test_the_catalog_has_every_kind_and_no_other() -> None:
    entries = re.findall(r"^-- (\w+)\nSubject: .+\nDefined-By: Tasker\n\n\S", CATALOG.read_text(), re.MULTILINE)
    missing = [action for action, id in MESSAGES.items() if id not in entries]
    assert not missing, f"systemd/tasker.catalog has no entry for the id in MESSAGES of {', '.join(missing)}"
    assert entries == list(MESSAGES.values()), "systemd/tasker.catalog and MESSAGES differ in order"
    assert len(re.findall(r"^-- ", CATALOG.read_text(), re.MULTILINE)) == len(entries)


def test_journald_drops_nothing_of_the_audit_trail() -> None:
    """Starts and ends are not rationed; journald's own 10000 messages in 30 s are of all callers together."""
    assert "\nLogRateLimitIntervalSec=0\n" in CATALOG.with_name("tasker.service").read_text()


def test_an_id_is_128_random_bits_and_nobody_elses() -> None:
    assert len(set(MESSAGES.values())) == len(MESSAGES)
    assert all(re.fullmatch("[0-9a-f]{32}", id) for id in MESSAGES.values())


def test_the_catalog_names_fields_that_are_written() -> None:
    named = set(re.findall(r"@(\w+)@", CATALOG.read_text()))
    assert named <= {f"TASKER_{name}" for name in FIELDS}


def test_a_message_is_clean_and_a_field_as_it_is(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
        journald.bind(str(tmp_path / "socket"))
        fields = {"TASKER_JOB": "q\nPRIORITY=0", "NO": ""}
        Journal(tmp_path / "socket").write("start", "a\x1b[31m\nb" + "x" * 500, fields)
        data = journald.recv(1 << 16)
    assert data.startswith(b"MESSAGE=a?[31m?bxxx")
    assert b"\nMESSAGE_ID=a8d7860b01da40a39900848e6d8a521a\nPRIORITY=6\n" in data
    assert b"\nTASKER_JOB\n\x0c\0\0\0\0\0\0\0q\nPRIORITY=0\n" in data
    assert b"NO" not in data
    assert len(data.split(b"\n")[0]) < 220


def test_a_journal_that_is_away_holds_nobody_up(tmp_path: Path) -> None:
    Journal(tmp_path / "nothing").write("start", "it did", {})
