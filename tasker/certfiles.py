"""The directory of certificates, as `tasker certs` writes and lists it.

    /etc/tasker/  ca.crt ca.key  server.crt server.key  clients/NAME.crt clients/NAME.key

Keys have mode 0600, certificates 0644, directories 0755. A file is written completely or not at all, and replaced only
with `force`. Anyone who can read ca.key can make certificates; there is no other access control here.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tasker import certs, issuing
from tasker.certs import Description, Pair
from tasker.errors import Reason, TaskerError, invalid
from tasker.identity import NAME, Role


@dataclass(frozen=True)
class Listed:
    """A certificate file. `problem` says why the certificate is invalid, e.g. "expired", or why it cannot be checked;
    "" for none."""

    path: Path
    description: Description
    problem: str


def init(directory: Path, hosts: Sequence[str], *, force: bool = False) -> list[Path]:
    """Makes a new CA and the server's certificate; returns the files written. After a second CA every client needs a
    new certificate.

    Raises TaskerError if a file exists and not `force`, without permission, or for an invalid host.
    """
    ca = issuing.make_ca()
    server = issuing.make_server(ca, hosts)
    if not force:
        _refuse_existing(*_files(directory / "ca"), *_files(directory / "server"))
    return [*_write(directory / "ca", ca, force=force), *_write(directory / "server", server, force=force)]


def new_server(directory: Path, hosts: Sequence[str], *, force: bool = False) -> list[Path]:
    """Makes a new server certificate, signed by the CA in `directory`; returns the files written. Raises
    TaskerError."""
    return _write(directory / "server", issuing.make_server(_read_ca(directory), hosts), force=force)


def new_client(directory: Path, name: str, role: Role, *, force: bool = False) -> list[Path]:
    """Makes a user's certificate, signed by the CA in `directory`; returns the files written. Raises TaskerError."""
    pair = issuing.make_client(_read_ca(directory), name, role)
    return _write(directory / "clients" / name, pair, force=force)


def listing(directory: Path, *, now: float | None = None) -> list[Listed]:
    """All certificates in `directory`: the CA, the server's, then the clients' by name. Raises TaskerError."""
    now = time.time() if now is None else now
    ca = _read(directory / "ca.crt")
    paths = [directory / "ca.crt", directory / "server.crt", *sorted((directory / "clients").glob("*.crt"))]
    return [_listed(path, ca, now) for path in paths if path.exists()]


def show(directory: Path, name: str, *, now: float | None = None) -> Listed:
    """One certificate, by path or as "ca", "server" or a client's name. Raises TaskerError.

    If there is no CA in `directory`, as on a client's machine, the certificate is returned with that as its problem.
    """
    path, ca = Path(name), directory / "ca.crt"
    if name in ("ca", "server"):
        path = directory / f"{name}.crt"
    elif NAME.fullmatch(name):
        path = directory / "clients" / f"{name}.crt"
    pem = _read(path, "give its path, or a name that `tasker certs list` shows")
    now = time.time() if now is None else now
    if not ca.exists():
        problem = f"cannot verify its signature: there is no {ca}; give the directory of the CA with --dir"
        return Listed(path, certs.describe(pem), problem)
    return _listed(path, _read(ca), now)


def own_hosts() -> list[str]:
    """The names of this machine for its server certificate: the host name in full, and without the domain."""
    name = socket.gethostname()
    return [host for host in dict.fromkeys((name, name.partition(".")[0])) if issuing.is_host(host)]


def _listed(path: Path, ca: bytes, now: float) -> Listed:
    pem = _read(path)
    description = certs.describe(pem)
    problem = ""
    if not certs.is_signed_by(pem, ca):
        problem = "signed by another CA"
    elif now >= description.not_after:
        problem = "expired"
    elif now < description.not_before:
        problem = "not yet valid"
    elif description.kind == "client":
        try:
            certs.identity_of(pem, ca)
        except TaskerError:
            problem = "no identity"
    return Listed(path, description, problem)


def _read_ca(directory: Path) -> Pair:
    return Pair(_read(directory / "ca.crt"), _read(directory / "ca.key"))


def _read(path: Path, hint: str = "`tasker certs init` makes a CA") -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise invalid(f"cannot read {path}: there is no such file; {hint}") from None
    except OSError as error:
        raise _refused("read", path, error) from error


def _write(stem: Path, pair: Pair, *, force: bool) -> list[Path]:
    """Writes STEM.key, then STEM.crt: if the second write fails, there is no certificate without a key."""
    certificate, key = _files(stem)
    if not force:
        _refuse_existing(certificate, key)
    try:
        for directory in (stem.parent.parent, stem.parent):
            if not directory.is_dir():
                directory.mkdir()
                directory.chmod(0o755)  # regardless of the umask
        _place(key, pair.key, 0o600, force=force)
        _place(certificate, pair.certificate, 0o644, force=force)
    except OSError as error:
        raise _refused("write", stem.parent, error) from error
    return [certificate, key]


def _place(path: Path, text: bytes, mode: int, *, force: bool) -> None:
    """Creates `path` with its whole content and its mode at once, synced to disk."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            os.fchmod(descriptor, mode)
            file.flush()
            os.fsync(descriptor)
        if force:
            draft.replace(path)
        else:
            os.link(draft, path)  # unlike a rename, this fails if the name is taken
    except FileExistsError:
        raise _exists(path) from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()


def _files(stem: Path) -> tuple[Path, Path]:
    return stem.with_name(f"{stem.name}.crt"), stem.with_name(f"{stem.name}.key")


def _refuse_existing(*paths: Path) -> None:
    for path in paths:
        if path.exists():
            raise _exists(path)


def _exists(path: Path) -> TaskerError:
    return invalid(f"cannot write {path}: it exists already; --force replaces it")


def _refused(verb: str, path: Path, error: OSError) -> TaskerError:
    hint = "; run it as root" if isinstance(error, PermissionError) and os.geteuid() != 0 else ""
    return TaskerError(Reason.REFUSED, f"cannot {verb} {path}: {error.strerror}{hint}")
