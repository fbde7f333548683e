"""Certificates that `tasker certs` would not make, and that TLS lets through all the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tasker import certs
from tasker.certs import Pair

Subject = list[tuple[x509.ObjectIdentifier, str]]
Usages = list[x509.ObjectIdentifier] | None

CN, O, OU = NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME  # noqa: E741
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
GOOD: Subject = [(CN, "alice"), (O, "Tasker"), (OU, "user")]

NO_IDENTITIES = [
    pytest.param([(O, "Tasker"), (OU, "user")], [CLIENT], id="no CN"),
    pytest.param([*GOOD, (CN, "root")], [CLIENT], id="two CNs"),
    pytest.param([*GOOD, (OU, "admin")], [CLIENT], id="two OUs"),
    pytest.param([*GOOD, (O, "Tasker")], [CLIENT], id="two Os"),
    pytest.param([(CN, "alice"), (O, "Tasker")], [CLIENT], id="no OU"),
    pytest.param([(CN, "alice"), (OU, "user")], [CLIENT], id="no O"),
    pytest.param([(CN, "alice"), (O, "tasker"), (OU, "user")], [CLIENT], id="another O"),
    pytest.param([(CN, "alice"), (O, "Tasker"), (OU, "root")], [CLIENT], id="another OU"),
    pytest.param([(CN, "alice"), (O, "Tasker"), (OU, "Admin")], [CLIENT], id="OU in capitals"),
    pytest.param([(CN, "alice\n"), (O, "Tasker"), (OU, "user")], [CLIENT], id="newline in CN"),
    pytest.param([(CN, "../etc"), (O, "Tasker"), (OU, "user")], [CLIENT], id="slash in CN"),
    pytest.param([(CN, "\u0430lice"), (O, "Tasker"), (OU, "user")], [CLIENT], id="Cyrillic a in CN"),
    pytest.param([(CN, "a" * 33), (O, "Tasker"), (OU, "user")], [CLIENT], id="CN too long"),
    pytest.param([*GOOD, (NameOID.COUNTRY_NAME, "DE")], [CLIENT], id="more in the subject"),
    pytest.param(GOOD, None, id="no extended key usage"),
    pytest.param(GOOD, [SERVER], id="a server's"),
    pytest.param(GOOD, [SERVER, CLIENT], id="a server's and a client's"),
    pytest.param(GOOD, [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], id="any usage"),
]
"""What is signed by our CA and says nobody: subject, extended key usage."""


def forge(
    ca: Pair,
    subject: Subject,
    usages: Usages = None,
    *,
    is_ca: bool = False,
    signer: Pair | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
    begin: datetime | None = None,
    end: datetime | None = None,
) -> Pair:
    """What somebody with the CA's key and another tool could make."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    signer = signer or ca
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(oid, text, _validate=False) for oid, text in subject]))
        .issuer_name(x509.load_pem_x509_certificate(signer.certificate).subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin or now - timedelta(days=1))
        .not_valid_after(end or now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if usages is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    signed = builder.sign(certs.load_key(signer.key), hashes.SHA256())
    return Pair(
        signed.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
