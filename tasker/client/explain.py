"""Why a server cannot be reached. grpc says "Socket closed", whoever refused whom; so look again, step by step.

    own certificate ──▶ the host's name ──▶ TCP ──▶ a server that is full ──▶ its certificate ──▶ none of these

Only asked after a call has failed: nothing here decides whether a connection is good.
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

_OTHER_CA = "its certificate was not signed by the CA you named; look at --ca (TASKER_CA), or fetch its ca.crt anew"


@dataclass(frozen=True)
class Credentials:
    """Where a client connects to, and with what (PEM)."""

    address: Address
    ca: bytes
    certificate: bytes


def judge(certificate: bytes, ca: bytes) -> Certified:
    """Who the caller's own certificate says the caller is, as the service would see it. Raises TaskerError(DENIED).

    Where it was not signed by that CA, which of the two files is the wrong one only the caller can know.
    """
    try:
        return certs.identity_of(certificate, ca)
    except TaskerError:
        if not certs.is_signed_by(certificate, ca):
            raise TaskerError(
                Reason.DENIED,
                "cannot use this certificate: it was not signed by the CA you named; look at --ca (TASKER_CA), or ask "
                "for a certificate made by `tasker certs client` there",
            ) from None
        raise


def own_certificate(credentials: Credentials) -> TaskerError | None:
    """What is wrong with it, DENIED. Asks nobody."""
    try:
        judge(credentials.certificate, credentials.ca).check_dates(time.time())
    except TaskerError as error:
        return error
    return None


def connection(credentials: Credentials, details: str) -> TaskerError:
    """The likeliest reason, UNAVAILABLE: connects to the server to find it."""
    unit = LOCAL_FRONTEND if credentials.address.path else FRONTEND
    return handshake(credentials.address, credentials.ca) or _unavailable(
        f"cannot go on with {credentials.address}: the connection broke off ({details}); the service is restarting, "
        "had too many connections from your address, or does not take your certificate (another CA, another clock): "
        f"`{search('TASKER_ACTION', 'login', unit)}` there says why"
    )


def handshake(address: Address, ca: bytes, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> TaskerError | None:
    """Why there is none in that version, UNAVAILABLE. Without a certificate of one's own: TLS 1.3 asks for it later."""
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
        if version is ssl.TLSVersion.TLSv1_3 and _is_full(address):  # an older version it is to refuse
            return _unavailable(f"cannot reach {address}: the server takes no more connections; try again later")
        return _unavailable(f"cannot speak TLS 1.3 with {address}: it ended the connection; is that Tasker's port?")
    except ssl.SSLError:
        return _unavailable(f"cannot speak TLS 1.3 with {address}; is that Tasker's port?")
    except ConnectionRefusedError:
        return _unreachable(address, "connection refused")
    except TimeoutError:
        return _unreachable(address, "no answer")
    except OSError as error:
        return _unreachable(address, error.strerror or "the connection broke off")


Found = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
"""As socket.getaddrinfo gives it."""


def _resolved(address: Address) -> Sequence[Found]:
    """What the host's name stands for. Raises TaskerError. The C library cannot be told how long to take: a thread."""
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
        return "the name service does not answer; look at this machine's network and its /etc/resolv.conf"
    if error.errno not in (socket.EAI_NONAME, socket.EAI_NODATA):
        return f"{(error.strerror or str(error)).lower()}; name the service by another address (--address)"
    if address.zone:
        return f"this machine has no network interface {address.zone}; `ip link` lists those it has"
    return "there is no host of that name; look at the address (--address, TASKER_ADDRESS, tasker context list)"


def _is_full(address: Address) -> bool:
    """Whether the server ends a connection at once, on which nothing was sent: so does gRPC when it has as many as it
    may have. A server that has room waits for the client to begin."""
    try:
        with _connected(address) as sock:
            sock.settimeout(SILENCE)
            return sock.recv(1) == b""
    except ConnectionResetError:
        return True
    except (OSError, TaskerError):  # TimeoutError, too
        return False


def _connected(address: Address) -> socket.socket:
    """To the first that answers. Raises OSError, for the last that does not; TaskerError."""
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
    other_name = f"its certificate does not name {host}; use a name it has, or make it anew, `tasker certs server`"
    hints = {
        10: "its certificate has expired; renew it there, `tasker certs server --force` and `systemctl reload tasker`",
        9: "its certificate is not valid yet; look at the clocks of both machines",
        62: other_name,
        64: other_name,
    }
    return hints.get(error.verify_code, _OTHER_CA)


def _unreachable(address: Address, why: str) -> TaskerError:
    return _unavailable(f"cannot reach {address}: {why}; is tasker running there? `systemctl status tasker` says")


def _unavailable(message: str) -> TaskerError:
    return TaskerError(Reason.UNAVAILABLE, message)
