"""TLS 1.3 with a client's certificate, and who that is. Whatever is not plainly right is no identity.

grpcio lets through more than may be let through: TLS 1.2 (see api.transport), sessions resumed for two days without a
certificate being looked at again, expired and odd certificates on a connection that stays open. So every call is judged
anew, by `identify`, which refuses a resumed session whatever it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import grpc

from tasker import certs
from tasker.certs import Pair
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity
from tasker.wire import Setup

log = logging.getLogger(__name__)

PROBE_TIMEOUT = 10.0
"""Seconds that the own port may take to answer a handshake."""


@dataclass(frozen=True)
class Caller:
    """Who calls, and by which certificate (PEM)."""

    identity: Identity
    not_after: float
    pem: bytes


class Material:
    """What handshakes and identities are judged by; replaced as a whole when the engine reloads it."""

    def __init__(self, setup: Setup) -> None:
        """Raises TaskerError(INVALID) where it cannot be used."""
        self._generation = 0
        self.replace(setup)

    def replace(self, setup: Setup) -> None:
        """Use another CA, certificate, key and deny list from now on. Raises TaskerError, and then all is as before."""
        ca, certificate, key = setup.files()
        self._ca, self._pair = certs.rewritten(ca, Pair(certificate, key))
        self._revoked = frozenset(setup.revoked)
        self._generation += 1

    def credentials(self) -> grpc.ServerCredentials:
        """For a port; later connections follow `replace`.

        grpc asks at every handshake, in a thread of its own, and one at a time for a port. What is new then takes the
        place of what another handshake may be about to use, with nothing that holds it: two connections at once and a
        new object for each abort the process (seen as `sync.cc: Check failed: prior > 0`). So what has not changed is
        not given again, and a session resumed by its ticket is refused in `identify`.
        """
        given = self._generation

        def new_configuration() -> grpc.ServerCertificateConfiguration | None:
            nonlocal given
            if given == self._generation:
                return None
            given = self._generation
            return self._configuration()

        return grpc.dynamic_ssl_server_credentials(self._configuration(), new_configuration, True)  # type: ignore[arg-type] # None: as before

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        return grpc.ssl_server_certificate_configuration([(self._pair.key, self._pair.certificate)], self._ca)

    def identify(self, facts: Mapping[str, Iterable[bytes]], now: float) -> Caller:
        """The caller behind grpc's auth context `facts`. Raises TaskerError(DENIED)."""
        if _only(facts, "transport_security_type") != b"ssl" or _only(facts, "ssl_tls_version") != b"TLSv1.3":
            raise _denied("cannot serve a connection that is not TLS 1.3; use a client that speaks it")
        if _only(facts, "ssl_session_reused") != b"false":
            raise _denied("cannot serve a resumed TLS session; connect again without one")
        return self.judge(_only(facts, "x509_pem_cert"), now)

    def judge(self, pem: bytes, now: float) -> Caller:
        """The caller whose certificate is `pem`. Raises TaskerError(DENIED) where it holds no more, or never did."""
        certified = certs.identity_of(pem, self._ca)
        certified.check_dates(now)
        if certified.identity.serial in self._revoked:
            raise _denied("cannot use this certificate: it was revoked; ask for a new one")
        return Caller(certified.identity, certified.not_after, pem)


def _only(facts: Mapping[str, Iterable[bytes]], name: str) -> bytes:
    """The one value there is; b"" where there is none or more."""
    values = list(facts.get(name, ()))
    return values[0] if len(values) == 1 else b""


def _denied(message: str) -> TaskerError:
    return TaskerError(Reason.DENIED, message)


async def probe(host: str, port: int) -> None:
    """Raise TaskerError unless the own port answers to TLS 1.3 and refuses TLS 1.2."""
    if not await _answers(host, port, ssl.TLSVersion.TLSv1_3):
        raise TaskerError(Reason.INTERNAL, f"cannot speak TLS 1.3 on the own port {port}; see the journal")
    if await _answers(host, port, ssl.TLSVersion.TLSv1_2):
        raise TaskerError(
            Reason.INTERNAL,
            f"cannot serve: port {port} accepts TLS 1.2; GRPC_SSL_CIPHER_SUITES must be left as Tasker sets it",
        )


async def _answers(host: str, port: int, version: ssl.TLSVersion) -> bool:
    """Whether a handshake in `version` comes as far as the server's certificate.

    We trust no authority, so that is where we break it off: what the server thinks of us does not come into it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2"])
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname="localhost")
    except ssl.SSLCertVerificationError:
        return True
    except ssl.SSLError as error:
        log.debug("%s on port %d: %s", version.name, port, error)
        return False
    except ConnectionError:
        return False
    except OSError as error:  # a timeout too: who does not answer has not refused
        raise TaskerError(Reason.INTERNAL, f"cannot reach the own port {port}: {error or 'no answer'}") from error
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
