"""Reports clients whose TLS handshake fails. grpc reports these only in its log, so this module reads the log.

    grpc ──descriptor 2──▶ pipe ──▶ Handshakes ──▶ logins ──▶ the journal
    Tasker ──sys.stderr──────────────────────────────────────▶ the journal

With ASKED in the environment (set by the unit, because grpc reads it at import) grpc logs four KiB per new connection
and nothing per call. If the handshake fails, one record of the log contains the reason and the address. Nothing else is
used, and no text is passed on unparsed. If a later grpc changes the format, nothing is reported and a test fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import fcntl
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping

from tasker.errors import Reason, TaskerError

ASKED = {"GRPC_VERBOSITY": "INFO", "GRPC_TRACE": "handshaker"}

_ROOM = 1 << 20
"""Bytes in the pipe: 250 connections at once. Log lines that do not fit are lost; no handshake waits for them."""
_LONGEST = 16 << 10
"""Bytes of a line; grpc's have about two thousand."""
_LONGEST_WHY = 100

_FAILING = b" handshake failed ("
_FAILED = re.compile(rb"CallNextHandshakerLocked: error=.*? handshake failed \(\w+\): (.*)")
_FROM = re.compile(rb"endpoint_local_address=([\w.:%\[\]]{1,80}).*endpoint_peer_address=([\w.:%\[\]]{1,80})")
_RECORD = re.compile(rb"[IWEF]\d{4} \d\d:")
_CODE = re.compile(r"OPENSSL_internal:(\w+)(?:: (.*?))?(?:: OK)?$")

_NOT_SHOWN, _NO_TLS_1_3 = "PEER_DID_NOT_RETURN_A_CERTIFICATE", ("NO_SHARED_CIPHER", "UNSUPPORTED_PROTOCOL")
_OWN_PROBES = frozenset((_NOT_SHOWN, *_NO_TLS_1_3, "BAD_PACKET_LENGTH"))
"""Results of Tasker's own probes, without a certificate or with TLS 1.2: a starting frontend, `tasker doctor`, any verb
that explains a failed connection. Not reported from the machine's own addresses."""
_OTHER_CA = "it was not signed by the CA of this service; ask for one made by `tasker certs client` there"
_CERTIFICATE = {
    "certificate has expired": "it has expired; ask for a new one, made by `tasker certs client`",
    "certificate is not yet valid": "it is not valid yet; check the clocks of both machines",
    "unsupported certificate purpose": "it is not a client certificate",
    "unable to get local issuer certificate": _OTHER_CA,
    "self signed certificate": _OTHER_CA,
    "self signed certificate in certificate chain": _OTHER_CA,
}


def divert() -> int | None:
    """Redirects descriptor 2, which grpc's C code writes to, to a pipe. Returns its reading end.

    Tasker's own log and faulthandler still write to the original descriptor. Call this before anything keeps
    sys.stderr. Returns None and changes nothing if the environment is not as in ASKED: then grpc's log has another
    purpose.
    """
    if {name: os.environ.get(name) for name in ASKED} != ASKED:
        return None
    sys.stderr = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    if faulthandler.is_enabled():
        faulthandler.enable(sys.stderr)
    reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    with contextlib.suppress(OSError):  # above the user's quota for pipes, a pipe has 64 KiB
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _ROOM)
    os.dup2(writing, 2, inheritable=False)
    os.close(writing)
    return reading


class Handshakes:
    def __init__(self, refused: Callable[[TaskerError, Mapping[str, Iterable[bytes]], str], None]) -> None:
        """`refused` gets the reason, an empty auth context, and the address as grpc writes it, "" if unknown."""
        self._refused = refused
        self._rest = b""
        self._why: str | None = None

    def listen(self, descriptor: int, connecting: Callable[[], None]) -> None:
        """Reads the descriptor from `divert` in the running loop from now on. `connecting` is called at every read:
        grpc logs a connection as soon as it has accepted it."""
        asyncio.get_running_loop().add_reader(descriptor, self._read, descriptor, connecting)

    def feed(self, data: bytes) -> None:
        """Parses more of grpc's log."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:_LONGEST]
        for line in lines:
            self._line(line)

    def _read(self, descriptor: int, connecting: Callable[[], None]) -> None:
        connecting()
        with contextlib.suppress(BlockingIOError):
            self.feed(os.read(descriptor, 1 << 16))

    def _line(self, line: bytes) -> None:
        """A record has one or more lines: the reason comes before the address."""
        if self._why is not None and _RECORD.match(line):
            self._report(self._why, "", "")
        if _FAILING in line and (failed := _FAILED.search(line)):  # a tenth of the cost of the regular expression
            self._why = failed[1].decode("ascii", "replace")
        if self._why is not None and (found := _FROM.search(line)):
            self._report(self._why, found[1].decode(), found[2].decode())

    def _report(self, why: str, here: str, there: str) -> None:
        self._why = None
        code, detail = match.groups() if (match := _CODE.search(why)) else (why, None)
        if code in _OWN_PROBES and there and _host(here) == _host(there):
            return
        self._refused(TaskerError(Reason.DENIED, _sentence(code, detail or "")), {}, there)


def _host(address: str) -> str:
    return address.rpartition(":")[0]


def _sentence(code: str, detail: str) -> str:
    if code == "CERTIFICATE_VERIFY_FAILED":
        return f"cannot use this certificate: {_CERTIFICATE.get(detail, detail[:_LONGEST_WHY])}"
    if code == _NOT_SHOWN:
        return "cannot accept a client without a certificate; ask for one made by `tasker certs client`"
    if code in _NO_TLS_1_3:
        return "cannot serve a connection that is not TLS 1.3; use a client that speaks it"
    return f"cannot negotiate TLS 1.3 ({code[:_LONGEST_WHY]}); check that the client is Tasker's"
