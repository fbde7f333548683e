"""Who is not let in is in the journal, with what is known of them, and so often."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tasker import certs, issuing
from tasker.errors import Reason, TaskerError
from tasker.frontend.logins import Logins
from tasker.identity import Role
from tasker.journal import MESSAGES, Journal
from tests.forging import CLIENT, CN, OU, O, forge
from tests.frontend.running import Frontend

REFUSED = TaskerError(Reason.DENIED, "cannot use this certificate: it was revoked; ask for a new one")


def heard(journal: socket.socket) -> dict[str, str]:
    return dict(line.split("=", 1) for line in journal.recv(1 << 16).decode().splitlines())


def test_a_certificate_that_says_nobody(frontend: Frontend) -> None:
    pair = forge(frontend.ca, [(CN, "alice"), (O, "Tasker"), (OU, "root")], [CLIENT])
    with pytest.raises(TaskerError, match="its OU is 'root'"):
        frontend.client(pair=pair).get("abc")
    fields = heard(frontend.journal)
    assert (fields["TASKER_ACTION"], fields["MESSAGE_ID"]) == ("login", MESSAGES["login"])
    assert fields["TASKER_ACTOR"] == "alice"
    assert fields["TASKER_ADDRESS"] == "127.0.0.1"
    assert fields["TASKER_REASON"] == "denied"
    assert fields["MESSAGE"].startswith("127.0.0.1: cannot use this certificate: its OU is 'root'")
    assert int(fields["TASKER_SERIAL"], 16)


def test_a_revoked_one(frontend: Frontend) -> None:
    pair = issuing.make_client(frontend.ca, "alice", Role.USER)
    serial = certs.describe(pair.certificate).serial
    frontend.reload(revoked=(serial,))
    with pytest.raises(TaskerError, match="it was revoked"):
        frontend.client(pair=pair).get("abc")
    fields = heard(frontend.journal)
    assert (fields["TASKER_ACTOR"], fields["TASKER_SERIAL"]) == ("alice", serial)


def test_one_address_is_written_down_ten_times_a_minute(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
        journald.bind(str(tmp_path / "socket"))
        journald.setblocking(False)
        logins = Logins(Journal(tmp_path / "socket"))
        for _ in range(100):
            logins.refused(REFUSED, {}, "ipv6:%5B2001:db8::1%5D:50000")
        logins.refused(REFUSED, {"x509_pem_cert": [b"rubbish"]}, "ipv4:192.0.2.1:50000")
        addresses = [heard(journald)["TASKER_ADDRESS"] for _ in range(11)]
        with pytest.raises(BlockingIOError):
            journald.recv(1)
    assert addresses == ["2001:db8::1"] * 10 + ["192.0.2.1"]
