"""Logs refused clients in the journal: name and serial as in the certificate, and the address.

grpc itself refuses clients whose handshake fails (a certificate of another CA, or expired). For these clients,
`handshakes` finds the reason and the address; the certificate is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from tasker import certs
from tasker.address import network
from tasker.errors import TaskerError
from tasker.journal import Journal
from tasker.ratelimit import OTHERS, RateLimit

_EACH, _ALL = 10, 300
"""Lines per minute: of one source (see address.network), and of all. Further ones are counted."""
_LONGEST = 200


class Logins:
    def __init__(self, journal: Journal, what: str = "failed login") -> None:
        """`what` names the omitted entries in the journal: a noun whose plural ends in s."""
        self._journal = journal
        self._what = what
        self._rate_limit = RateLimit(_EACH, self._omitted, total=_ALL)

    def refused(self, error: TaskerError, facts: Mapping[str, Iterable[bytes]], peer: str) -> None:
        """Logs a refusal, rate-limited. `facts` is grpc's auth context, `peer` the client's address as grpc
        writes it."""
        address = _address(peer)
        if not self._rate_limit.take(network(address)):
            return
        subject, serial = _certificate(facts)
        fields = {"TASKER_REASON": error.reason.value, "TASKER_ACTOR": subject, "TASKER_SERIAL": serial}
        self._journal.write("login", f"{address}: {error.message}", fields | {"TASKER_ADDRESS": address}, 5)

    def close(self) -> None:
        """Logs the number of omitted entries now, before the end of the minute."""
        self._rate_limit.close()

    def _omitted(self, source: str, count: int) -> None:
        whose = "from other addresses" if source == OTHERS else f"from {source}"
        self._journal.omitted(count, self._what, whose, {"TASKER_ACTION": "login", "TASKER_ADDRESS": source})


def _certificate(facts: Mapping[str, Iterable[bytes]]) -> tuple[str, str]:
    """Subject and serial of the certificate; only the common name if there is exactly one. Not verified."""
    try:
        described = certs.describe(next(iter(facts.get("x509_pem_cert", ())), b""))
    except TaskerError:
        return "", ""
    names = [part[3:] for part in described.subject.split(",") if part.startswith("CN=")]
    return (names[0] if len(names) == 1 else described.subject)[:_LONGEST], described.serial


def _address(peer: str) -> str:
    """The address alone: 192.0.2.1 of "ipv4:192.0.2.1:50000", 2001:db8::1 of "ipv6:%5B2001:db8::1%5D:50000"; "unknown"
    of ""."""
    return unquote(peer.partition(":")[2].rpartition(":")[0]).strip("[]")[:64] or peer[:64] or "unknown"
