"""Certificates: their form, and the identity in a client certificate. Reads and writes no files.

    CA ── pathlen 0, keyCertSign ──┬──▶ server   EKU serverAuth, its names in the SAN
                                   └──▶ client   EKU clientAuth, CN the user, O Tasker, OU user | admin

Keys are ECDSA P-256. TLS libraries accept certificates that Tasker must refuse (two OUs, no EKU, a newline in the CN,
an intermediate CA), so only `identity_of` decides about a client certificate; it refuses every certificate that does
not have exactly this form. `certfiles` manages the files. In the core, only this module and `issuing`, which makes
certificates, use cryptography.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tasker.errors import Reason, TaskerError, invalid
from tasker.identity import NAME, Identity, Role, why_no_name

ORGANIZATION = "Tasker"

_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
_KINDS: dict[tuple[x509.ObjectIdentifier, ...], str] = {
    (ExtendedKeyUsageOID.SERVER_AUTH,): "server",
    (ExtendedKeyUsageOID.CLIENT_AUTH,): "client",
}


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, PEM."""

    certificate: bytes
    key: bytes


@dataclass(frozen=True)
class Certified:
    """An identity, and the validity of its certificate in seconds since the epoch."""

    identity: Identity
    not_before: float
    not_after: float

    def check_dates(self, now: float) -> None:
        """Raises TaskerError(DENIED) outside of the validity."""
        if now < self.not_before:
            raise _denied(f"it is not valid before {_date(self.not_before)}; check the clocks of both machines")
        if now >= self.not_after:
            raise _denied(f"it expired on {_date(self.not_after)}; ask for a new one, made by `tasker certs client`")


@dataclass(frozen=True)
class Description:
    """A certificate for people. `kind` is "ca", "server", "client" or "other"."""

    kind: str
    subject: str
    serial: str
    """Lower-case hexadecimal without leading zeros, as in the deny list."""
    not_before: float
    not_after: float
    role: str = ""
    """For a client: user or admin."""
    hosts: tuple[str, ...] = ()
    """For a server: the names and addresses in its SAN."""


@functools.lru_cache(maxsize=1024)
def identity_of(pem: bytes, ca: bytes) -> Certified:
    """The identity in the certificate `pem`, signed by `ca` (PEM, one or more authorities).

    Raises TaskerError(DENIED). Checks neither dates (see Certified.check_dates; this result is cached) nor the deny
    list.
    """
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        _check_purpose(certificate)  # first: of a server certificate, report the purpose
        subject = _subject_of(certificate)
    except _UNREADABLE as error:
        raise _denied(f"it cannot be read: {error}") from error
    if not any(_issued(certificate, authority) for authority in _authorities(ca)):
        raise _denied("it was not signed by the CA of this service; ask for one made by `tasker certs client` there")
    if not 0 < certificate.serial_number < 1 << 160:
        raise _denied("its serial number is not a positive number of up to 20 bytes (RFC 5280)")
    name, role = subject
    return Certified(
        Identity(name, role, _serial(certificate)),
        certificate.not_valid_before_utc.timestamp(),
        certificate.not_valid_after_utc.timestamp(),
    )


def _subject_of(certificate: x509.Certificate) -> tuple[str, Role]:
    """Name and role, if the subject is exactly one CN, one O and one OU with valid values."""
    texts: dict[x509.ObjectIdentifier, list[str]] = {}
    for attribute in certificate.subject:
        value = attribute.value
        texts.setdefault(attribute.oid, []).append(value if isinstance(value, str) else "")
    wanted = {NameOID.COMMON_NAME: "CN", NameOID.ORGANIZATION_NAME: "O", NameOID.ORGANIZATIONAL_UNIT_NAME: "OU"}
    for oid, word in wanted.items():
        if len(texts.get(oid, [])) != 1:
            raise _denied(f"it has {len(texts.get(oid, []))} {word} in its subject, and needs exactly one")
    if texts.keys() != wanted.keys():
        raise _denied("its subject has attributes other than CN, O and OU")
    name = texts[NameOID.COMMON_NAME][0]
    organization, unit = texts[NameOID.ORGANIZATION_NAME][0], texts[NameOID.ORGANIZATIONAL_UNIT_NAME][0]
    if not NAME.fullmatch(name):
        raise _denied(f"its CN {name[:40]!r} is not a user name: {why_no_name(name)}")
    if organization != ORGANIZATION:
        raise _denied(f"its O is {organization[:40]!r}, and must be {ORGANIZATION!r}")
    if unit not in list(Role):
        raise _denied(f"its OU is {unit[:40]!r}, and must be 'user' or 'admin'")
    return name, Role(unit)


def _check_purpose(certificate: x509.Certificate) -> None:
    usages = _usages(certificate)
    if usages != [ExtendedKeyUsageOID.CLIENT_AUTH]:
        what = "a server" if ExtendedKeyUsageOID.SERVER_AUTH in usages else "not a client"
        usage = "its extended key usage must be clientAuth and nothing else"
        raise _denied(f"it is {what} certificate ({usage}); use a client certificate made by `tasker certs client`")
    if _is_ca(certificate):
        raise _denied("it is a CA certificate")
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _denied("its key is not ECDSA P-256")


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, *_UNREADABLE):
        return False
    return _is_ca(authority)


@functools.lru_cache(maxsize=8)
def _authorities(ca: bytes) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(ca))
    except _UNREADABLE as error:
        raise invalid(f"cannot read the CA's certificate: {error}; give the ca.crt of the service") from error


def rewritten(ca: bytes, pair: Pair) -> tuple[bytes, Pair]:
    """The CA's certificates, and a certificate with its key, serialized again after parsing. Use only these for TLS.

    TLS libraries disagree on what PEM is: cryptography accepts a file with a byte order mark or indented lines; grpc
    does not, and then fails to listen, or keeps the old certificate. If a file holds several certificates, all are kept
    in their order. Raises TaskerError(INVALID) if no connection would be possible with the three, e.g. because the key
    belongs to another certificate.
    """
    if not any(_is_ca(authority) for authority in _authorities(ca)):
        raise invalid("cannot use ca.crt: it is not a CA certificate; make one with `tasker certs init`")
    chain, key = _chain(pair.certificate), load_key(pair.key)
    if chain[0].public_key() != key.public_key():
        raise invalid(
            "cannot use the key: it does not belong to the certificate; use a key and certificate made together"
        )
    return authorities(ca), Pair(_pem(chain), pem_of(key))


def authorities(ca: bytes) -> bytes:
    """The CA's certificates, serialized again after parsing. Raises TaskerError(INVALID)."""
    return _pem(_authorities(ca))


def pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The key as PEM, without a password."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _pem(certificates: Iterable[x509.Certificate]) -> bytes:
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


def is_signed_by(pem: bytes, ca: bytes) -> bool:
    """Whether one of the authorities in `ca` signed `pem`. Raises TaskerError(INVALID) if either cannot be read."""
    certificate = load(pem)
    return any(_issued(certificate, authority) for authority in _authorities(ca))


def describe(pem: bytes) -> Description:
    """Describes any certificate. Raises TaskerError(INVALID)."""
    certificate = load(pem)
    try:
        usages = _usages(certificate)
        kind = "ca" if _is_ca(certificate) else "other"
    except _UNREADABLE as error:
        raise invalid(f"cannot read the certificate: {error}") from error
    if kind == "other":
        kind = _KINDS.get(tuple(usages), "other")
    units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    return Description(
        kind=kind,
        subject=certificate.subject.rfc4514_string(),
        serial=_serial(certificate),
        not_before=certificate.not_valid_before_utc.timestamp(),
        not_after=certificate.not_valid_after_utc.timestamp(),
        role=str(units[0].value) if kind == "client" and units else "",
        hosts=_hosts(certificate) if kind == "server" else (),
    )


def _hosts(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, *_UNREADABLE):
        return ()
    return (*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress)))


def _usages(certificate: x509.Certificate) -> list[x509.ObjectIdentifier]:
    try:
        return list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return []


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _serial(certificate: x509.Certificate) -> str:
    return f"{certificate.serial_number:x}"


def load(pem: bytes) -> x509.Certificate:
    """The first certificate in `pem`; those after it are its signers'. Raises TaskerError(INVALID)."""
    return _chain(pem)[0]


def _chain(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except _UNREADABLE as error:
        raise invalid(f"cannot read the certificate: {error}; give a PEM file made by `tasker certs`") from error


def load_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Raises TaskerError(INVALID)."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except _UNREADABLE as error:
        raise invalid(f"cannot read the key: {error}; give a PEM file made by `tasker certs`") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise invalid("cannot use the key: it is not ECDSA; make a new one with `tasker certs`")
    return key


def _denied(why: str) -> TaskerError:
    return TaskerError(Reason.DENIED, f"cannot use this certificate: {why}")


def _date(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d %H:%M UTC")
