"""Finds out why a server cannot be reached. grpc reports "Socket closed" for any reason, so each step is tried again.

    own certificate ──▶ the host's name ──▶ TCP ──▶ a server that is full ──▶ its certificate ──▶ none of these

Only called after a call has failed: nothing here decides whether a connection is secure.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, Queue
from typing import Any

from tasker import certs
from tasker.address import Address, certificate_name
from tasker.certs import Certified
from tasker.errors import Reason, TaskerError
from tasker.journal import FRONTEND, LOCAL_FRONTEND, search

CONNECT_TIMEOUT = 5.0
"""Seconds for each step."""
SILENCE = 1.0
"""Seconds that a server is given to end a connection by itself; one that has room for it waits 3 s for a handshake."""

_OTHER_CA = "its certificate was not signed by your CA; check --ca (TASKER_CA), or fetch ca.crt from that machine"


@dataclass(frozen=True)
class Credentials:
    """The address and the PEM of a client."""

    address: Address
    ca: bytes
    certificate: bytes


def judge(certificate: bytes, ca: bytes) -> Certified:
    """Returns the caller's identity as the service would read it. Raises TaskerError(DENIED).

    If the CA did not sign the certificate, only the caller can know which of the two files is wrong.
    """
    try:
        return certs.identity_of(certificate, ca)
    except TaskerError:
        if not certs.is_signed_by(certificate, ca):
            raise TaskerError(
                Reason.DENIED,
                "cannot use this certificate: it was not signed by your CA; check --ca (TASKER_CA), or ask an admin of "
                "that machine for a certificate (tasker certs client)",
            ) from None
        raise


def own_certificate(credentials: Credentials) -> TaskerError | None:
    """Checks the caller's certificate; returns the error (DENIED). Does not connect."""
    try:
        judge(credentials.certificate, credentials.ca).check_dates(time.time())
    except TaskerError as error:
        return error
    return None


def connection(credentials: Credentials, details: str) -> TaskerError:
    """Connects to the server; returns the most likely error (UNAVAILABLE)."""
    unit = LOCAL_FRONTEND if credentials.address.path else FRONTEND
    return handshake(credentials.address, credentials.ca) or _unavailable(
        f"cannot continue with {credentials.address}: the connection broke ({details}); the service is restarting, "
        "ended it because your address had too many connections, or refuses your certificate (another CA, another "
        f"clock); there, see `{search('TASKER_ACTION', 'login', unit)}`"
    )


def handshake(address: Address, ca: bytes, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> TaskerError | None:
    """Tries a TLS handshake; returns its error (UNAVAILABLE). Needs no client certificate: TLS 1.3 asks later."""
    name = certificate_name(address.host)
    try:
        context = ssl.create_default_context(cadata=ca.decode("ascii", "replace"))
        context.minimum_version = context.maximum_version = version
        context.set_alpn_protocols(["h2"])
        with _connected(address) as sock, context.wrap_socket(sock, server_hostname=name):
            return None
    except TaskerError as error:
        return error
    except ssl.SSLCertVerificationError as error:
        return _unavailable(f"cannot trust {address}: {_of_server(error, name)}")
    except (ssl.SSLEOFError, ConnectionResetError, BrokenPipeError):
        if version is ssl.TLSVersion.TLSv1_3 and _is_full(address):  # the server must refuse older versions
            return _unavailable(f"cannot reach {address}: the server takes no more connections; try again later")
        return _unavailable(f"cannot speak TLS 1.3 with {address}: it ended the connection; is that Tasker's port?")
    except ssl.SSLError:
        return _unavailable(f"cannot speak TLS 1.3 with {address}; is it the port of Tasker?")
    except ConnectionRefusedError:
        return _unreachable(address, "connection refused")
    except TimeoutError:
        return _unreachable(address, "no answer")
    except OSError as error:
        return _unreachable(address, error.strerror or "the connection broke")


Found = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
"""A result of socket.getaddrinfo."""


def _resolved(address: Address) -> Sequence[Found]:
    """Resolves the host name, in a thread because the C library has no time limit. Raises TaskerError."""
    answers: Queue[Sequence[Found] | OSError] = Queue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM))
        except OSError as error:
            answers.put(error)

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=CONNECT_TIMEOUT)
    except Empty:
        answer = socket.gaierror(socket.EAI_AGAIN, "")
    if isinstance(answer, OSError):
        raise _unavailable(f"cannot resolve {address.host}: {_of_resolver(answer, address)}")
    return answer


def _of_resolver(error: OSError, address: Address) -> str:
    if error.errno == socket.EAI_AGAIN:
        return "the name service does not answer; check this machine's network and /etc/resolv.conf"
    if error.errno not in (socket.EAI_NONAME, socket.EAI_NODATA):
        return f"{(error.strerror or str(error)).lower()}; use another address (--address)"
    if address.zone:
        return f"this machine has no network interface {address.zone}; `ip link` lists its interfaces"
    return "there is no host of that name; check the address (--address, TASKER_ADDRESS, tasker context list)"


def _is_full(address: Address) -> bool:
    """Whether the server ends a silent connection at once, as gRPC does at its maximum number of connections. Below the
    maximum, it waits for the handshake."""
    try:
        with _connected(address) as sock:
            sock.settimeout(SILENCE)
            return sock.recv(1) == b""
    except ConnectionResetError:
        return True
    except (OSError, TaskerError):  # TimeoutError, too
        return False


def _connected(address: Address) -> socket.socket:
    """Connects to the first address that answers. Raises the OSError of the last address; TaskerError."""
    last = OSError("there is no address")
    unix = (socket.AF_UNIX, socket.SOCK_STREAM, 0, "", address.path)
    for family, kind, protocol, _, where in [unix] if address.path else _resolved(address):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(CONNECT_TIMEOUT)
            sock.connect(where)
        except OSError as error:
            sock.close()
            last = error
        else:
            return sock
    raise last


def _of_server(error: ssl.SSLCertVerificationError, host: str) -> str:
    other_name = f"its certificate is not for {host}; use a name in it, or make a new one with `tasker certs server`"
    hints = {
        10: "its certificate has expired; there, run `tasker certs server --force` and `systemctl reload tasker`",
        9: "its certificate is not valid yet; check the clocks of both machines",
        62: other_name,
        64: other_name,
    }
    return hints.get(error.verify_code, _OTHER_CA)


def _unreachable(address: Address, why: str) -> TaskerError:
    return _unavailable(f"cannot reach {address}: {why}; is tasker running there? see `systemctl status tasker`")


def _unavailable(message: str) -> TaskerError:
    return TaskerError(Reason.UNAVAILABLE, message)
