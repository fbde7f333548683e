"""TLS 1.3 with a client certificate, and the identity in it. Anything that is not clearly valid is refused.

grpcio allows more than it should: TLS 1.2 (see api.transport), sessions resumed for two days without checking the
certificate again, expired and malformed certificates on a connection that stays open. So every call is checked by
`identify`, which also refuses every resumed session.
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
from tasker.address import UNIX
from tasker.certs import Pair
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity
from tasker.wire import Setup

log = logging.getLogger(__name__)

PROBE_TIMEOUT = 10.0
"""Seconds that the own port may take to answer a handshake."""


@dataclass(frozen=True)
class Caller:
    """The caller's identity and certificate (PEM)."""

    identity: Identity
    not_after: float
    pem: bytes


class Material:
    """The material for handshakes and identities; replaced as a whole after a reload."""

    def __init__(self, setup: Setup) -> None:
        """Raises TaskerError(INVALID) if the material cannot be used."""
        self._generation = 0
        self.replace(setup)

    def replace(self, setup: Setup) -> None:
        """Replaces CA, certificate, key and deny list. Raises TaskerError and changes nothing on failure."""
        ca, certificate, key = setup.files()
        self._ca, self._pair = certs.rewritten(ca, Pair(certificate, key))
        self._revoked = frozenset(setup.revoked)
        self._generation += 1

    def credentials(self) -> grpc.ServerCredentials:
        """Credentials for a port; later connections follow `replace`.

        grpc asks for a configuration at every handshake, in a thread of its own, one at a time per port. A new
        configuration replaces one that another handshake may be about to use, without a reference to it: with two
        connections at once and a new object for each, the process aborts (seen as `sync.cc: Check failed: prior > 0`).
        So an unchanged configuration is not returned again, and `identify` refuses sessions resumed by ticket.
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
        """The caller from grpc's auth context `facts`. Raises TaskerError(DENIED)."""
        if _only(facts, "transport_security_type") != b"ssl" or _only(facts, "ssl_tls_version") != b"TLSv1.3":
            raise _denied("cannot serve a connection that is not TLS 1.3; use a client that speaks it")
        if _only(facts, "ssl_session_reused") != b"false":
            raise _denied("cannot serve a resumed TLS session; connect again without one")
        return self.judge(_only(facts, "x509_pem_cert"), now)

    def judge(self, pem: bytes, now: float) -> Caller:
        """The caller with the certificate `pem`. Raises TaskerError(DENIED) if the certificate is not valid now."""
        certified = certs.identity_of(pem, self._ca)
        certified.check_dates(now)
        if certified.identity.serial in self._revoked:
            raise _denied("cannot use this certificate: it was revoked; ask for a new one")
        return Caller(certified.identity, certified.not_after, pem)


def _only(facts: Mapping[str, Iterable[bytes]], name: str) -> bytes:
    """The only value of a property; b"" if there is none or several."""
    values = list(facts.get(name, ()))
    return values[0] if len(values) == 1 else b""


def _denied(message: str) -> TaskerError:
    return TaskerError(Reason.DENIED, message)


async def probe(address: str) -> None:
    """Raises TaskerError unless `address`, which this process listens on, accepts TLS 1.3 and refuses TLS 1.2."""
    if not await _answers(address, ssl.TLSVersion.TLSv1_3):
        raise TaskerError(Reason.INTERNAL, f"cannot serve: {address} does not accept TLS 1.3; the journal says more")
    if await _answers(address, ssl.TLSVersion.TLSv1_2):
        raise TaskerError(
            Reason.INTERNAL,
            f"cannot serve: {address} accepts TLS 1.2; GRPC_SSL_CIPHER_SUITES must be left as Tasker sets it",
        )


async def _answers(address: str, version: ssl.TLSVersion) -> bool:
    """Whether a handshake with `version` reaches the server's certificate.

    This client trusts no CA, so it aborts the handshake there, before the server checks the client's certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2"])
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            _, writer = await _connected(address, context)
    except ssl.SSLCertVerificationError:
        return True
    except ssl.SSLError as error:
        log.debug("%s on %s: %s", version.name, address, error)
        return False
    except ConnectionError:
        return False
    except OSError as error:  # includes timeouts: no reply is not a refusal
        raise TaskerError(
            Reason.INTERNAL, f"cannot check TLS on {address}, which this server listens on: {error or 'no answer'}"
        ) from error
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def _connected(address: str, context: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if address.startswith(UNIX):
        path = address.removeprefix(UNIX)
        return await asyncio.open_unix_connection(path, ssl=context, server_hostname="localhost")
    host, _, port = address.rpartition(":")
    bare = host.strip("[]")
    reachable = {"::": "localhost", "0.0.0.0": "127.0.0.1"}.get(bare, bare)
    return await asyncio.open_connection(reachable, int(port), ssl=context, server_hostname="localhost")
