"""Makes a CA and the certificates that it signs. Writes no files: `certfiles` does; `certs` defines the form.

Random serials of 127 bits, ECDSA P-256 with SHA-256. No certificate outlives the CA that signed it.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tasker.address import certificate_name
from tasker.certs import ORGANIZATION, Pair, load, load_key, pem_of
from tasker.errors import invalid
from tasker.identity import NAME, Role, why_no_name

CA_DAYS = 3650
SERVER_DAYS = 825
"""The longest validity of a server certificate that strict TLS clients accept."""
CLIENT_DAYS = 365
BACKDATED = timedelta(minutes=5)
"""So that a machine whose clock is slightly slow accepts a new certificate."""
ALWAYS_SERVED = ("localhost", "127.0.0.1", "::1")

_LABEL = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")


def make_ca(*, now: datetime | None = None) -> Pair:
    """Makes a certificate authority that can sign servers and clients, but no other authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(("Tasker CA", NameOID.COMMON_NAME), (ORGANIZATION, NameOID.ORGANIZATION_NAME))
    builder = (
        _builder(subject, subject, key.public_key(), now or datetime.now(UTC), CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True), critical=True)
    )
    return _sign(builder, key, key)


def make_server(ca: Pair, hosts: Sequence[str], *, now: datetime | None = None) -> Pair:
    """Makes a server certificate for `hosts` (names or addresses) and the loopback addresses. Raises TaskerError."""
    names: list[x509.GeneralName] = []
    for host in dict.fromkeys(map(certificate_name, (*hosts, *ALWAYS_SERVED))):
        names.append(_general_name(host))
    subject = _name(("Tasker server", NameOID.COMMON_NAME), (ORGANIZATION, NameOID.ORGANIZATION_NAME))
    return _issue(ca, subject, ExtendedKeyUsageOID.SERVER_AUTH, SERVER_DAYS, now, x509.SubjectAlternativeName(names))


def make_client(ca: Pair, name: str, role: Role, *, now: datetime | None = None) -> Pair:
    """Makes the certificate of the user `name`. Raises TaskerError if that is not a valid user name."""
    if not NAME.fullmatch(name):
        raise invalid(f"cannot make a certificate for {name[:40]!r}: {why_no_name(name)}")
    subject = _name(
        (name, NameOID.COMMON_NAME),
        (ORGANIZATION, NameOID.ORGANIZATION_NAME),
        (role.value, NameOID.ORGANIZATIONAL_UNIT_NAME),
    )
    return _issue(ca, subject, ExtendedKeyUsageOID.CLIENT_AUTH, CLIENT_DAYS, now, None)


def _issue(
    ca: Pair,
    subject: x509.Name,
    usage: x509.ObjectIdentifier,
    days: int,
    now: datetime | None,
    names: x509.SubjectAlternativeName | None,
) -> Pair:
    authority, signer = load(ca.certificate), load_key(ca.key)
    now = now or datetime.now(UTC)
    if authority.not_valid_after_utc <= now:
        raise invalid("cannot sign a certificate: the CA has expired; make a new one, `tasker certs init --force`")
    if authority.public_key() != signer.public_key():
        raise invalid("cannot sign a certificate: ca.key is not the key of ca.crt; restore a matching pair")
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(subject, authority.subject, key.public_key(), now, days, latest=authority.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    return _sign(builder, key, signer)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    days: int,
    latest: datetime | None = None,
) -> x509.CertificateBuilder:
    end = now + timedelta(days=days)
    return (
        x509.CertificateBuilder(issuer, subject, key, secrets.randbits(127) | 1 << 126)
        .not_valid_before(now - BACKDATED)
        .not_valid_after(end if latest is None else min(end, latest))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _sign(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey) -> Pair:
    return Pair(builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM), pem_of(key))


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(*attributes: tuple[str, x509.ObjectIdentifier]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, text) for text, oid in attributes])


def is_host(text: str) -> bool:
    """Whether a server certificate can contain `text`: a host name or an address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return _HOST.fullmatch(text) is not None
    return True


def _general_name(host: str) -> x509.GeneralName:
    if not is_host(host):
        raise invalid(f"cannot make a certificate for the host {host[:80]!r}; give a name or an address")
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
