"""What was checked is what is used: a PEM file in a form that cryptography reads and grpc does not works all the same.

At the start, after a reload, at the server's and at the client's end.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tasker import certs, issuing
from tasker.certs import Pair
from tasker.cli.doctor import certificates, service
from tasker.cli.doctor.finding import Status
from tasker.cli.service.settings import Settings
from tasker.client import Client
from tasker.errors import Reason, TaskerError
from tasker.identity import Role
from tests.frontend.running import Frontend, running

Form = Callable[[bytes], bytes]


def each_line(change: Callable[[bytes], bytes]) -> Form:
    return lambda pem: b"".join(change(line) for line in pem.splitlines())


FORMS: dict[str, Form] = {
    "as it is made": lambda pem: pem,
    "byte order mark": lambda pem: b"\xef\xbb\xbf" + pem,
    "indented": each_line(lambda line: b"  " + line + b"\n"),
    "CRLF": each_line(lambda line: line + b"\r\n"),
    "CR": each_line(lambda line: line + b"\r"),
    "spaces at the ends": each_line(lambda line: line + b"  \n"),
    "text before": lambda pem: "Bag Attributes\n  friendlyName: Größe\n".encode("latin-1") + pem,
    "text after": lambda pem: pem + b"---\n# end\n",
    "no newline at the end": lambda pem: pem.rstrip(),
    "NUL bytes after": lambda pem: pem + b"\0" * 100,
}


def text(pem: bytes) -> str:
    """As the engine hands a file over."""
    return pem.decode("utf-8", "surrogateescape")


def presented(frontend: Frontend) -> bytes:
    """The certificate that the server shows in a handshake, PEM."""
    return ssl.get_server_certificate((frontend.host, frontend.port)).encode()


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_at_the_servers_end(tmp_path: Path, ca: Pair, form: Form) -> None:
    first, second = issuing.make_server(ca, []), issuing.make_server(ca, [])
    mangled = {"ca": text(form(ca.certificate))}
    own = [{"certificate": text(form(pair.certificate)), "key": text(form(pair.key))} for pair in (first, second)]
    with running(tmp_path, ca, **mangled, **own[0]) as frontend:
        assert certs.describe(presented(frontend)) == certs.describe(first.certificate)
        assert list(frontend.client().list()) == []
        frontend.reload(**own[1])
        assert list(frontend.client("bob").list()) == []  # what the engine answers comes after what it reloads
        assert certs.describe(presented(frontend)) == certs.describe(second.certificate)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_at_the_clients_end(shared: Frontend, tmp_path: Path, form: Form) -> None:
    pair = issuing.make_client(shared.ca, "alice", Role.USER)
    paths = {name: tmp_path / name for name in ("ca", "certificate", "key")}
    for path, pem in zip(paths.values(), (shared.ca.certificate, pair.certificate, pair.key), strict=True):
        path.write_bytes(form(pem))
    paths["key"].chmod(0o600)
    with Client.from_files(shared.address, **paths) as client:
        assert list(client.list()) == []
    found = Settings(shared.address, paths["ca"], paths["certificate"], paths["key"])
    findings = [*service.port(found), certificates.own(found, time.time())]
    assert [one.status for one in findings] == [Status.OK] * 2


def test_a_key_as_openssl_makes_it() -> None:
    """With the parameters of the curve before it."""
    made = ec.generate_private_key(ec.SECP256R1())
    old = made.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    key = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + old
    assert certs.pem_of(certs.load_key(key)).startswith(b"-----BEGIN PRIVATE KEY")


def test_all_certificates_of_a_file_are_kept_in_their_order(ca: Pair) -> None:
    other, server = issuing.make_ca(), issuing.make_server(ca, [])
    authorities, pair = certs.rewritten(
        b"one\n" + other.certificate + b"two\n" + ca.certificate, Pair(server.certificate + ca.certificate, server.key)
    )
    assert authorities == other.certificate + ca.certificate
    assert pair == Pair(server.certificate + ca.certificate, server.key)


UNREADABLE: dict[str, Form] = {
    "UTF-16": lambda pem: pem.decode().encode("utf-16"),
    "empty lines": each_line(lambda line: line + b"\n\n"),
    "cut": lambda pem: pem[: len(pem) // 2],
    "empty": lambda pem: b"",
}


@pytest.mark.parametrize("form", UNREADABLE.values(), ids=UNREADABLE)
def test_what_nobody_reads_is_refused_with_a_sentence(tmp_path: Path, ca: Pair, form: Form) -> None:
    server = issuing.make_server(ca, [])
    files = {"ca": ca.certificate, "certificate": server.certificate, "key": server.key}
    for name in files:
        mangled = files | {name: form(files[name])}
        with pytest.raises(TaskerError, match=r"^cannot read the ") as caught:
            certs.rewritten(mangled["ca"], Pair(mangled["certificate"], mangled["key"]))
        assert caught.value.reason is Reason.INVALID
        paths = {one: tmp_path / one for one in files}
        for one, pem in mangled.items():
            paths[one].write_bytes(pem)
        (found,) = certificates.material(paths["certificate"], paths["ca"], paths["key"])
        assert (found.status, found.text.startswith("cannot read the ")) == (Status.WRONG, True)
