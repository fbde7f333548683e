"""Why a server cannot be reached. grpc says "Socket closed", whoever refused whom; so look again, step by step.

    own certificate ──▶ TCP ──▶ the server's certificate ──▶ none of these

Only asked after a call has failed: nothing here decides whether a connection is good.
"""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass

from tasker import certs
from tasker.certs import Certified
from tasker.errors import Reason, TaskerError

PATIENCE = 5.0
"""Seconds for each step."""


_OTHER_CA = "its certificate was not signed by the CA you named; look at --ca (TASKER_CA), or fetch its ca.crt anew"


@dataclass(frozen=True)
class Credentials:
    """Where a client connects to, and with what (PEM)."""

    host: str
    port: int
    ca: bytes
    certificate: bytes

    @property
    def where(self) -> str:
        return f"{self.host}:{self.port}"


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
    return handshake(credentials.host, credentials.port, credentials.ca) or _unavailable(
        f"cannot go on with {credentials.where}: the connection broke off ({details}); the service is restarting, or "
        "does not take your certificate (another CA, another clock): `journalctl TASKER_ACTION=login` there says why"
    )


def handshake(host: str, port: int, ca: bytes, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> TaskerError | None:
    """Why there is none in that version, UNAVAILABLE. Without a certificate of one's own: TLS 1.3 asks for it later."""
    where = f"{host}:{port}"
    try:
        context = ssl.create_default_context(cadata=ca.decode("ascii", "replace"))
        context.minimum_version = context.maximum_version = version
        context.set_alpn_protocols(["h2"])
        with (
            socket.create_connection((host, port), timeout=PATIENCE) as sock,
            context.wrap_socket(sock, server_hostname=host),
        ):
            return None
    except ssl.SSLCertVerificationError as error:
        return _unavailable(f"cannot trust {where}: {_of_server(error, host)}")
    except ssl.SSLError:
        return _unavailable(f"cannot speak TLS 1.3 with {where}; is that Tasker's port?")
    except ConnectionRefusedError:
        return _unreachable(where, "connection refused")
    except TimeoutError:
        return _unreachable(where, "no answer")
    except OSError as error:
        return _unreachable(where, error.strerror or "the connection broke off")


def _of_server(error: ssl.SSLCertVerificationError, host: str) -> str:
    other_name = f"its certificate does not name {host}; use a name it has, or make it anew, `tasker certs server`"
    hints = {
        10: "its certificate has expired; renew it there, `tasker certs server --force` and `systemctl reload tasker`",
        9: "its certificate is not valid yet; look at the clocks of both machines",
        62: other_name,
        64: other_name,
    }
    return hints.get(error.verify_code, _OTHER_CA)


def _unreachable(where: str, why: str) -> TaskerError:
    return _unavailable(f"cannot reach {where}: {why}; is tasker running there? `systemctl status tasker` says")


def _unavailable(message: str) -> TaskerError:
    return TaskerError(Reason.UNAVAILABLE, message)
