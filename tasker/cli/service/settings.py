"""Address and certificates, each from the first place that sets it.

    --address …  ─▶  --context  ─▶  TASKER_ADDRESS, _CA, _CERT, _KEY  ─▶  TASKER_CONTEXT, or the current context
                 ─▶  the rest of ~/.config/tasker/config.toml         ─▶  /etc/tasker and the local socket (root),
                                                                          or localhost:8275

Each value is looked up separately, but a certificate and its key always come from the same place. The default key of a
certificate is the file beside it that ends in .key instead of .crt.
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
    """The settings of a Client, with paths."""

    address: str
    ca: Path
    cert: Path
    key: Path
    hint: str = ""
    """What to do if the certificate does not exist."""


@dataclass(frozen=True)
class Material:
    """The contents of the files, in PEM."""

    ca: bytes
    certificate: bytes
    key: bytes


def local_user() -> str:
    """Returns the account name of this process, or its uid if it has no account."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def default_address() -> str:
    """Returns the address if none is configured: the local socket if the caller can access it (only root can)."""
    try:
        LOCAL.stat()
    except OSError:
        return DEFAULT_ADDRESS
    return LOCAL_ADDRESS


def find(flags: Mapping[str, str | None], environment: Mapping[str, str], user: str, system: Path = SYSTEM) -> Settings:
    """Returns the settings in force. Raises TaskerError(INVALID) if the configuration file cannot be used."""
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
            raise invalid(f"cannot use the key {layer['key']} without its certificate; set that in the same place")
    else:
        named = f"set yours with --cert, TASKER_CERT or in {own.path}"
        hint = f"ask an admin for one (tasker certs client {user}), or {named}"
    ca = Path(given.get("ca", system / "ca.crt"))
    return Settings(given.get("address") or default_address(), ca, cert, key, hint)


def every(environment: Mapping[str, str], user: str, system: Path = SYSTEM) -> dict[str, Settings]:
    """Returns the settings of each context. Ignores TASKER_ADDRESS and the like: they are for one service.

    Raises TaskerError(INVALID) if there is no context.
    """
    own = configfile.load(environment)
    if not own.contexts:
        raise invalid(f"cannot query all contexts: {own.path} has none; add one with tasker context add")
    kept = {key: value for key, value in environment.items() if key in ("HOME", "XDG_CONFIG_HOME")}
    return {name: find({"context": name}, kept, user, system) for name in own.contexts}


def read(settings: Settings) -> Material:
    """Reads the files. Raises TaskerError(INVALID), which names the file and says what to do."""
    return Material(
        ca=_read(settings.ca, "the CA's certificate", "set it with --ca or TASKER_CA"),
        certificate=_read(settings.cert, "your certificate", settings.hint or "set it with --cert or TASKER_CERT"),
        key=_read(settings.key, "the key of your certificate", settings.hint or "set it with --key or TASKER_KEY"),
    )


def _read(path: Path, what: str, hint: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise invalid(f"cannot find {what}: {path} does not exist; {hint}") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise invalid(f"cannot read {what}, {path}: {reason}; {hint}") from error
