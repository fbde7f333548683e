"""Who is not let in is in the journal, with what is known of them, and so often."""

from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path

import pytest

from tasker import certs, issuing
from tasker.errors import Reason, TaskerError
from tasker.frontend.logins import Logins
from tasker.identity import Role
from tasker.journal import MESSAGES, Journal
from tests.frontend.running import Frontend
from tests.support.forging import CLIENT, CN, OU, O, forge

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


class HeardJournal(Journal):
    """Reads each entry as soon as it is sent; the socket alone would hold ten."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._journald = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._journald.bind(str(path))
        self._journald.setblocking(False)
        self.entries: list[dict[str, str]] = []

    def write(self, action: str, message: str, fields: dict[str, str], priority: int = 6) -> None:
        super().write(action, message, fields, priority)
        self.entries.append(heard(self._journald))


def write_down(tmp_path: Path, *peers: str, of_each: int = 1) -> list[dict[str, str]]:
    """What the journal gets of refused logins from these peers, `of_each` in a row, up to the end of the process."""

    async def refuse(logins: Logins) -> None:
        for peer in peers:
            for _ in range(of_each):
                logins.refused(REFUSED, {"x509_pem_cert": [b"rubbish"]}, peer)
        logins.close()

    journal = HeardJournal(tmp_path / "socket")
    asyncio.run(refuse(Logins(journal)))
    return journal.entries


def test_one_address_is_written_down_ten_times_a_minute_and_the_rest_is_counted(tmp_path: Path) -> None:
    *lines, last = write_down(tmp_path, "ipv4:203.0.113.7:50000", of_each=100)
    assert [line["MESSAGE_ID"] for line in lines] == [MESSAGES["login"]] * 10
    assert last["MESSAGE"] == "… and 90 more failed logins from 203.0.113.7 in the last minute were not logged"
    assert (last["MESSAGE_ID"], last["TASKER_OMITTED"]) == (MESSAGES["omit"], "90")
    assert (last["TASKER_ACTION"], last["TASKER_ADDRESS"]) == ("login", "203.0.113.7")


def test_all_addresses_of_a_network_share_the_ten(tmp_path: Path) -> None:
    peers = [f"ipv6:%5B2001:db8:0:1::{number:x}%5D:50000" for number in range(1, 31)]
    entries = write_down(tmp_path, *peers, "ipv6:%5B2001:db8:0:2::1%5D:50000")
    addresses = [entry["TASKER_ADDRESS"] for entry in entries]
    assert addresses == [f"2001:db8:0:1::{n:x}" for n in range(1, 11)] + ["2001:db8:0:2::1", "2001:db8:0:1::/64"]
    assert entries[-1]["MESSAGE"].startswith("… and 20 more failed logins from 2001:db8:0:1::/64 in the last minute")


def test_an_address_mapped_into_ipv6_is_the_ipv4_address(tmp_path: Path) -> None:
    peers = ("ipv6:%5B::ffff:192.0.2.1%5D:50000", "ipv4:192.0.2.1:50001")
    entries = write_down(tmp_path, *peers, "ipv6:%5B::ffff:192.0.2.2%5D:50000", of_each=8)
    assert [entry["TASKER_ADDRESS"] for entry in entries[10:]] == ["::ffff:192.0.2.2"] * 8 + ["192.0.2.1"]
    assert entries[-1]["TASKER_OMITTED"] == "6"


def test_many_addresses_fill_no_journal(tmp_path: Path) -> None:
    """2,843 failures were 300 lines, and of the others nothing was said."""
    entries = write_down(tmp_path, *(f"ipv4:198.51.{number // 256}.{number % 256}:1" for number in range(2843)))
    assert len(entries) == 300 + 50 + 1
    assert entries[-1]["MESSAGE"].startswith("… and 2493 more failed logins from other addresses in the last minute ")
    assert sum(int(entry.get("TASKER_OMITTED", 1)) for entry in entries) == 2843


def test_what_was_left_out_is_reported_when_the_frontend_is_stopped(frontend: Frontend) -> None:
    pair = forge(frontend.ca, [(CN, "alice"), (O, "Tasker"), (OU, "root")], [CLIENT])
    client = frontend.client(pair=pair)
    for _ in range(13):
        with pytest.raises(TaskerError, match="its OU is 'root'"):
            client.get("abc")
    assert [heard(frontend.journal)["TASKER_ACTOR"] for _ in range(10)] == ["alice"] * 10
    frontend.process.send_signal(signal.SIGTERM)
    last = heard(frontend.journal)
    assert last["MESSAGE"] == "… and 3 more failed logins from 127.0.0.1 in the last minute were not logged"
