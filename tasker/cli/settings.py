"""Where the service is and who the caller is: address and certificates, from the first place that names them.

    flags  ─▶  TASKER_ADDRESS, _CA, _CERT, _KEY  ─▶  ~/.config/tasker/config.toml  ─▶  /etc/tasker and localhost:8275

Each is looked for by itself, except that a certificate and its key always come from the same place: a certificate that
is named without a key has its key beside it, `.key` for `.crt`.
"""

from __future__ import annotations

import os
import pwd
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tasker.errors import invalid

DEFAULT_ADDRESS = "localhost:8275"
SYSTEM = Path("/etc/tasker")
KEYS = ("address", "ca", "cert", "key")


@dataclass(frozen=True)
class Settings:
    """What a Client needs, still as paths."""

    address: str
    ca: Path
    cert: Path
    key: Path
    hint: str = ""
    """What to do when the certificate is not there."""


@dataclass(frozen=True)
class Material:
    """What was read: PEM."""

    ca: bytes
    certificate: bytes
    key: bytes


def local_user() -> str:
    """The name of the account that runs this, its uid where it has none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def config_path(environment: Mapping[str, str]) -> Path:
    """The caller's own configuration file."""
    base = environment.get("XDG_CONFIG_HOME", "")
    home = Path(environment.get("HOME") or "/")
    return (Path(base) if base.startswith("/") else home / ".config") / "tasker" / "config.toml"


def find(flags: Mapping[str, str | None], environment: Mapping[str, str], user: str, system: Path = SYSTEM) -> Settings:
    """The settings in force. Raises TaskerError(INVALID) for a configuration file that cannot be used."""
    layers = [
        {key: value for key in KEYS if (value := flags.get(key))},
        {key: value for key in KEYS if (value := environment.get(f"TASKER_{key.upper()}"))},
        _file(config_path(environment)),
    ]
    given = {key: value for layer in reversed(layers) for key, value in layer.items() if key in ("address", "ca")}
    cert, key, hint = system / "clients" / f"{user}.crt", system / "clients" / f"{user}.key", ""
    for layer in layers:
        if "cert" in layer:
            cert = Path(layer["cert"])
            key = Path(layer["key"]) if "key" in layer else cert.with_suffix(".key")
            break
        if "key" in layer:
            raise invalid(f"cannot use the key {layer['key']} without its certificate; name that in the same place")
    else:
        named = f"name yours with --cert, TASKER_CERT or in {config_path(environment)}"
        hint = f"ask an admin for one (tasker certs client {user}), or {named}"
    return Settings(given.get("address", DEFAULT_ADDRESS), Path(given.get("ca", system / "ca.crt")), cert, key, hint)


def read(settings: Settings) -> Material:
    """The files' content. Raises TaskerError(INVALID), saying which of them and what to do."""
    return Material(
        ca=_read(settings.ca, "the CA's certificate", "name it with --ca or TASKER_CA"),
        certificate=_read(
            settings.cert, "a certificate of yours", settings.hint or "name it with --cert or TASKER_CERT"
        ),
        key=_read(settings.key, "your certificate's key", settings.hint or "name it with --key or TASKER_KEY"),
    )


def _read(path: Path, what: str, hint: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise invalid(f"cannot find {what}: there is no {path}; {hint}") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise invalid(f"cannot read {what}, {path}: {reason}; {hint}") from error


def _file(path: Path) -> dict[str, str]:
    """config.toml; paths in it are relative to it, and may begin with ~."""
    try:
        table = tomllib.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise invalid(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise invalid(f"cannot use {path}: it is not TOML: {error}") from error
    for key, value in table.items():
        if key not in KEYS:
            raise invalid(f"cannot use {path}: there is no key {key[:40]!r}; the keys are {', '.join(KEYS)}")
        if not isinstance(value, str) or not value:
            raise invalid(f'cannot use {path}: {key} is a text like {key} = "…"')
    return {
        key: value if key == "address" else str(path.parent / Path(value).expanduser()) for key, value in table.items()
    }
