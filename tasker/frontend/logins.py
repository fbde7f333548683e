"""Who was not let in, in the journal: name and serial as far as the certificate says them, and from where.

What breaks off in the handshake (a certificate of another CA, or out of date) is grpc's to refuse, before anything of
ours sees it: `handshakes` says why and from where, and whose certificate it was nobody knows.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from tasker import certs
from tasker.errors import TaskerError
from tasker.journal import Journal
from tasker.ration import Ration

_EACH, _ALL = 10, 300
"""Lines in a minute: of one address, and of all."""
_LONGEST = 200


class Logins:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._each = Ration(_EACH, 60)
        self._all = Ration(_ALL, 60)

    def refused(self, error: TaskerError, facts: Mapping[str, Iterable[bytes]], peer: str) -> None:
        """Write it down, at most so often. `facts` is grpc's auth context, `peer` its word for where it came from."""
        address, now = _address(peer), time.monotonic()
        left_out = self._each.take(address, now)
        if left_out is None or self._all.take("", now) is None:
            return
        subject, serial = _certificate(facts)
        more = f" (and {left_out} more from there that were not written down)" if left_out else ""
        fields = {"TASKER_REASON": error.reason.value, "TASKER_ACTOR": subject, "TASKER_SERIAL": serial}
        self._journal.write("login", f"{address}: {error.message}{more}", fields | {"TASKER_ADDRESS": address}, 5)


def _certificate(facts: Mapping[str, Iterable[bytes]]) -> tuple[str, str]:
    """Its subject and serial; its common name alone where it has one. Nobody vouches for them."""
    try:
        described = certs.describe(next(iter(facts.get("x509_pem_cert", ())), b""))
    except TaskerError:
        return "", ""
    names = [part[3:] for part in described.subject.split(",") if part.startswith("CN=")]
    return (names[0] if len(names) == 1 else described.subject)[:_LONGEST], described.serial


def _address(peer: str) -> str:
    """192.0.2.1 of "ipv4:192.0.2.1:50000", 2001:db8::1 of "ipv6:%5B2001:db8::1%5D:50000"; "unknown" of ""."""
    return unquote(peer.partition(":")[2].rpartition(":")[0]).strip("[]")[:64] or peer[:64] or "unknown"
