"""Where the service is and who the caller is: address and certificates, from the first place that names them.

    --address …  ─▶  --context  ─▶  TASKER_ADDRESS, _CA, _CERT, _KEY  ─▶  TASKER_CONTEXT, or the context in use
                 ─▶  the rest of ~/.config/tasker/config.toml         ─▶  /etc/tasker and the local socket (root),
                                                                          or localhost:8275

Each is looked for by itself, except that a certificate and its key always come from the same place: a certificate that
is named without a key has its key beside it, `.key` for `.crt`.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tasker.address import LOCAL, UNIX
from tasker.cli.service import configfile
from tasker.cli.service.configfile import KEYS
from tasker.errors import invalid

DEFAULT_ADDRESS = "localhost:8275"
LOCAL_ADDRESS = f"{UNIX}{LOCAL}"
SYSTEM = Path("/etc/tasker")


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


def default_address() -> str:
    """The address where none is given: the local socket if there is one and the caller may look at it, as root may."""
    try:
        LOCAL.stat()
    except OSError:
        return DEFAULT_ADDRESS
    return LOCAL_ADDRESS


def find(flags: Mapping[str, str | None], environment: Mapping[str, str], user: str, system: Path = SYSTEM) -> Settings:
    """The settings in force. Raises TaskerError(INVALID) for a configuration file that cannot be used."""
    own = configfile.load(environment)
    asked, usual = flags.get("context") or "", environment.get("TASKER_CONTEXT") or own.context
    layers = [
        {key: value for key in KEYS if (value := flags.get(key))},
        own.named(asked) if asked else {},
        {key: value for key in KEYS if (value := environment.get(f"TASKER_{key.upper()}"))},
        own.named(usual) if usual and not asked else {},
        own.values,
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
        named = f"name yours with --cert, TASKER_CERT or in {own.path}"
        hint = f"ask an admin for one (tasker certs client {user}), or {named}"
    ca = Path(given.get("ca", system / "ca.crt"))
    return Settings(given.get("address") or default_address(), ca, cert, key, hint)


def every(environment: Mapping[str, str], user: str, system: Path = SYSTEM) -> dict[str, Settings]:
    """By context, what each says; the environment's address and certificates are for one service and do not count.

    Raises TaskerError(INVALID) where there is none.
    """
    own = configfile.load(environment)
    if not own.contexts:
        raise invalid(f"cannot ask all contexts: there is none in {own.path}; tasker context add makes one")
    kept = {key: value for key, value in environment.items() if key in ("HOME", "XDG_CONFIG_HOME")}
    return {name: find({"context": name}, kept, user, system) for name in own.contexts}


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
