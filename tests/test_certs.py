"""Certificates: what is made, what is refused, and the directory they lie in."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tasker import certfiles, certs, config, issuing
from tasker.certs import Pair
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity, Role
from tests.support.forging import CLIENT, CN, GOOD, NO_IDENTITIES, OU, O, Subject, Usages, forge


@pytest.fixture(scope="module")
def ca() -> Pair:
    return issuing.make_ca()


def test_a_client_certificate_says_who_somebody_is(ca: Pair) -> None:
    client = issuing.make_client(ca, "alice", Role.ADMIN)
    who = certs.identity_of(client.certificate, ca.certificate)
    serial = f"{x509.load_pem_x509_certificate(client.certificate).serial_number:x}"
    assert who.identity == Identity("alice", Role.ADMIN, serial)
    assert not serial.startswith("0")
    assert int(serial, 16) >= 1 << 64
    who.check_dates(datetime.now(UTC).timestamp())


def test_serials_are_not_repeated(ca: Pair) -> None:
    assert len({certs.describe(issuing.make_client(ca, "a", Role.USER).certificate).serial for _ in range(20)}) == 20


@pytest.mark.parametrize(("subject", "usages"), NO_IDENTITIES)
def test_anything_else_is_no_identity(ca: Pair, subject: Subject, usages: Usages) -> None:
    assert certs.identity_of(forge(ca, GOOD, [CLIENT]).certificate, ca.certificate).identity.name == "alice"
    with pytest.raises(TaskerError, match=r"^cannot use this certificate: ") as caught:
        certs.identity_of(forge(ca, subject, usages).certificate, ca.certificate)
    assert caught.value.reason is Reason.DENIED


def test_a_servers_certificate_is_told_for_what_it_is(ca: Pair) -> None:
    with pytest.raises(
        TaskerError, match=r"it is a server certificate .*; use a client certificate made by `tasker certs c"
    ):
        certs.identity_of(issuing.make_server(ca, []).certificate, ca.certificate)


def test_an_authority_below_ours_makes_no_identities(ca: Pair) -> None:
    below = forge(ca, GOOD, [CLIENT], is_ca=True)
    with pytest.raises(TaskerError, match="a CA certificate"):
        certs.identity_of(below.certificate, ca.certificate)
    with pytest.raises(TaskerError, match="not signed by the CA"):
        certs.identity_of(forge(ca, GOOD, [CLIENT], signer=below).certificate, ca.certificate)


def test_another_ca_of_the_same_name_is_another_ca(ca: Pair) -> None:
    client = issuing.make_client(issuing.make_ca(), "alice", Role.USER)
    with pytest.raises(TaskerError, match="not signed by the CA"):
        certs.identity_of(client.certificate, ca.certificate)
    with pytest.raises(TaskerError, match="not signed by the CA"):
        certs.identity_of(client.certificate, client.certificate)


def test_two_cas_may_stand_side_by_side_while_one_is_replaced(ca: Pair) -> None:
    new = issuing.make_ca()
    client = issuing.make_client(new, "alice", Role.USER)
    both = ca.certificate + new.certificate
    assert certs.identity_of(client.certificate, both).identity.name == "alice"


def test_only_p256_keys(ca: Pair) -> None:
    with pytest.raises(TaskerError, match="P-256"):
        certs.identity_of(
            forge(ca, GOOD, [CLIENT], key=ec.generate_private_key(ec.SECP384R1())).certificate, ca.certificate
        )


def test_what_is_no_certificate(ca: Pair) -> None:
    for text in (b"", b"x", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(TaskerError, match="cannot be read"):
            certs.identity_of(text, ca.certificate)


def test_dates_are_looked_at_apart_from_the_cache(ca: Pair) -> None:
    who = certs.identity_of(issuing.make_client(ca, "alice", Role.USER).certificate, ca.certificate)
    who.check_dates(who.not_after - 1)
    with pytest.raises(TaskerError, match="expired on"):
        who.check_dates(who.not_after)
    with pytest.raises(TaskerError, match="not valid before"):
        who.check_dates(who.not_before - 1)


def test_the_ca_can_sign_certificates_and_nothing_else(ca: Pair) -> None:
    extensions = x509.load_pem_x509_certificate(ca.certificate).extensions
    basic = extensions.get_extension_for_class(x509.BasicConstraints)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
    assert (usage.critical, usage.value.key_cert_sign) == (True, True)
    assert not any((usage.value.crl_sign, usage.value.digital_signature, usage.value.key_agreement))


def test_a_server_always_answers_to_loopback(ca: Pair) -> None:
    server = certs.describe(issuing.make_server(ca, ["machine.example", "192.0.2.7", "localhost"]).certificate)
    assert server.kind == "server"
    assert server.hosts == ("machine.example", "localhost", "192.0.2.7", "127.0.0.1", "::1")
    assert (server.not_after - server.not_before) / 86400 == pytest.approx(825, abs=0.1)
    with pytest.raises(TaskerError, match="cannot make a certificate for the host"):
        issuing.make_server(ca, ["a b"])


def test_lifetimes_end_with_the_ca() -> None:
    old = issuing.make_ca(now=datetime.now(UTC) - timedelta(days=3640))
    client = certs.describe(issuing.make_client(old, "alice", Role.USER).certificate)
    assert client.not_after == certs.describe(old.certificate).not_after
    with pytest.raises(TaskerError, match="the CA has expired"):
        issuing.make_client(issuing.make_ca(now=datetime.now(UTC) - timedelta(days=3651)), "alice", Role.USER)


@pytest.mark.parametrize("name", ["", "Alice", "-a", "a b", "a\n", "a" * 33, "\u00e4"])
def test_names_that_are_none(ca: Pair, name: str) -> None:
    with pytest.raises(TaskerError, match="cannot make a certificate for"):
        issuing.make_client(ca, name, Role.USER)


@pytest.mark.parametrize(("name", "instead"), [("john.doe", "john-doe"), ("Bob", "bob"), ("A.B", "a-b")])
def test_the_refusal_of_an_accounts_name_says_what_to_do(ca: Pair, name: str, instead: str) -> None:
    advice = f'name the user {instead} and put {instead} = "{name}" under [accounts] in tasker.toml'
    with pytest.raises(TaskerError) as caught:
        issuing.make_client(ca, name, Role.USER)
    assert caught.value.message.endswith(advice)
    forged = forge(ca, [(CN, name), (O, "Tasker"), (OU, "user")], [CLIENT])
    with pytest.raises(TaskerError) as caught:
        certs.identity_of(forged.certificate, ca.certificate)
    assert caught.value.message.endswith(advice)
    with pytest.raises(TaskerError) as caught:
        config.parse(f'[accounts]\n"{name}" = "builder"\n')
    assert caught.value.message.endswith(advice)
    assert config.parse(f'[accounts]\n{instead} = "{name}"\n').accounts == {instead: name}


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize("serial", ["0", "-5", f"0x{1 << 160:x}"])
def test_a_serial_number_that_is_none(ca: Pair, tmp_path: Path, serial: str) -> None:
    """0 could not be revoked, and the others are no text of a serial number. Only another tool makes them."""
    (tmp_path / "ca.crt").write_bytes(ca.certificate)
    (tmp_path / "ca.key").write_bytes(ca.key)
    command = "openssl req -x509 -CA ca.crt -CAkey ca.key -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc"
    command += " -keyout key -subj /CN=alice/O=Tasker/OU=user"
    command += " -addext extendedKeyUsage=clientAuth -addext basicConstraints=CA:FALSE"
    made = subprocess.run(
        [*command.split(), "-set_serial", serial], cwd=tmp_path, capture_output=True, check=True
    ).stdout
    with pytest.raises(TaskerError, match=r"serial") as caught:
        certs.identity_of(made, ca.certificate)
    assert caught.value.reason is Reason.DENIED


def test_material_that_does_not_fit_together(ca: Pair) -> None:
    server = issuing.make_server(ca, [])
    certs.rewritten(ca.certificate, server)
    with pytest.raises(TaskerError, match="does not belong to the certificate"):
        certs.rewritten(ca.certificate, Pair(server.certificate, ca.key))
    with pytest.raises(TaskerError, match="not a CA certificate"):
        certs.rewritten(server.certificate, server)
    with pytest.raises(TaskerError, match="cannot read"):
        certs.rewritten(b"", server)
    with pytest.raises(TaskerError, match=r"ca.key is not the key of ca.crt"):
        issuing.make_client(Pair(ca.certificate, server.key), "alice", Role.USER)


# ── the directory ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def strict_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_the_files_and_their_modes(tmp_path: Path, strict_umask: None) -> None:
    directory = tmp_path / "etc" / "tasker"
    directory.parent.mkdir()
    written = certfiles.init(directory, ["machine"])
    written += certfiles.new_client(directory, "alice", Role.USER)
    names = {str(path.relative_to(directory)): stat.S_IMODE(path.stat().st_mode) for path in written}
    assert names == {
        "ca.crt": 0o644,
        "ca.key": 0o600,
        "server.crt": 0o644,
        "server.key": 0o600,
        "clients/alice.crt": 0o644,
        "clients/alice.key": 0o600,
    }
    assert stat.S_IMODE(directory.stat().st_mode) == stat.S_IMODE((directory / "clients").stat().st_mode) == 0o755
    assert sorted(path.name for path in directory.rglob(".*")) == []


def test_nothing_is_replaced_without_force(tmp_path: Path) -> None:
    certfiles.init(tmp_path, [])
    before = (tmp_path / "ca.key").read_bytes()
    with pytest.raises(TaskerError, match="--force replaces it"):
        certfiles.init(tmp_path, [])
    with pytest.raises(TaskerError, match="--force replaces it"):
        certfiles.new_server(tmp_path, [])
    assert (tmp_path / "ca.key").read_bytes() == before
    certfiles.init(tmp_path, [], force=True)
    assert (tmp_path / "ca.key").read_bytes() != before
    assert stat.S_IMODE((tmp_path / "ca.key").stat().st_mode) == 0o600


def test_a_half_that_is_there_counts_as_there(tmp_path: Path) -> None:
    (tmp_path / "server.key").write_text("mine")
    with pytest.raises(TaskerError, match=r"server\.key: it exists already"):
        certfiles.init(tmp_path, [])
    assert not (tmp_path / "ca.crt").exists()


def test_the_list(tmp_path: Path) -> None:
    certfiles.init(tmp_path, ["machine"])
    certfiles.new_client(tmp_path, "zoe", Role.USER)
    certfiles.new_client(tmp_path, "bob", Role.ADMIN)
    listed = certfiles.listing(tmp_path)
    assert [(item.path.name, item.description.kind, item.description.role, item.problem) for item in listed] == [
        ("ca.crt", "ca", "", ""),
        ("server.crt", "server", "", ""),
        ("bob.crt", "client", "admin", ""),
        ("zoe.crt", "client", "user", ""),
    ]
    assert certfiles.show(tmp_path, "bob") == listed[2] == certfiles.show(tmp_path, str(listed[2].path))
    assert certfiles.listing(tmp_path, now=listed[2].description.not_after)[2].problem == "expired"
    certfiles.init(tmp_path, [], force=True)
    assert certfiles.show(tmp_path, "zoe").problem == "signed by another CA"
    (tmp_path / "ca.crt").unlink()
    shown = certfiles.show(tmp_path / "elsewhere", str(tmp_path / "clients" / "zoe.crt"))
    assert shown.description == listed[3].description
    assert shown.problem.startswith(f"cannot verify its signature: there is no {tmp_path}/elsewhere/ca.crt")


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaskerError, match=r"cannot read .*ca\.crt: there is no such file; `tasker certs init`"):
        certfiles.new_client(tmp_path, "alice", Role.USER)
    for name, path in (("ca", "ca.crt"), ("alice", "clients/alice.crt"), (f"{tmp_path}/x.pem", "x.pem")):
        missing = rf"cannot read {tmp_path}/{path}: there is no such file; give its path"
        with pytest.raises(TaskerError, match=missing) as caught:
            certfiles.show(tmp_path, name)
        assert "certs init" not in caught.value.message
    (tmp_path / "file").touch()
    with pytest.raises(TaskerError, match=r"cannot write .*/file: File exists"):
        certfiles.init(tmp_path / "file", [])
