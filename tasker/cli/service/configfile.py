"""The caller's own ~/.config/tasker/config.toml: what it may hold, and reading it. (Written by contexts.py.)

    context = "prod"                       # the one that is used where none is named
    address, ca, cert, key = …             # for whatever no context and nobody else says

    [contexts.prod]                        # one for each machine
    address = "prod.example.org:8275"
    ca, cert, key = …

Paths are relative to the file and may begin with ~.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasker.errors import TaskerError, invalid

KEYS = ("address", "ca", "cert", "key")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Values = dict[str, str]
"""Some of KEYS; paths are absolute."""


@dataclass(frozen=True)
class Own:
    """What the file says. One that is not there says nothing."""

    path: Path
    values: Values = field(default_factory=dict)
    context: str = ""
    contexts: dict[str, Values] = field(default_factory=dict)

    def named(self, name: str) -> Values:
        """A context. Raises TaskerError(INVALID)."""
        if name in self.contexts:
            return self.contexts[name]
        from tasker.cli.grammar.suggest import did_you_mean

        what = did_you_mean(name, self.contexts) or "tasker context list has those there are, and add makes one"
        raise invalid(f"cannot find the context {name[:40]!r} in {self.path}; {what}")


def config_path(environment: Mapping[str, str]) -> Path:
    """Where the file is."""
    base = environment.get("XDG_CONFIG_HOME", "")
    home = Path(environment.get("HOME") or "/")
    return (Path(base) if base.startswith("/") else home / ".config") / "tasker" / "config.toml"


def load(environment: Mapping[str, str]) -> Own:
    """Read it. Raises TaskerError(INVALID) for one that cannot be used."""
    path = config_path(environment)
    try:
        table = tomllib.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return Own(path)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise invalid(f"cannot read {path}: {why}; mend that, or move it away") from error
    except (ValueError, RecursionError) as error:
        raise invalid(f"cannot use {path}: it is not TOML: {error}") from error
    try:
        return _own(path, table)
    except TaskerError as error:
        raise invalid(f"cannot use {path}: {error.message}") from error


def _own(path: Path, table: dict[str, Any]) -> Own:
    context, contexts = table.pop("context", ""), table.pop("contexts", {})
    if not isinstance(context, str):
        raise invalid('context is a text like context = "…"')
    if not isinstance(contexts, dict) or not all(isinstance(one, dict) for one in contexts.values()):
        raise invalid("contexts are sections like [contexts.prod]")
    for name in contexts:
        check_name(name)
    values = {name: _values(path, one, f" in [contexts.{name}]") for name, one in contexts.items()}
    return Own(path, _values(path, table, "", "context, contexts"), context, values)


def check_name(name: str) -> None:
    """Raises TaskerError(INVALID)."""
    if not NAME.fullmatch(name):
        raise invalid(f"cannot call a context {name[:40]!r}; its name is of letters, digits, '.', '_' and '-'")


def _values(path: Path, table: dict[str, Any], where: str, others: str = "") -> Values:
    for key, value in table.items():
        if key not in KEYS:
            known = ", ".join([*KEYS, *([others] if others else [])])
            raise invalid(f"there is no key {key[:40]!r}{where}; the keys are {known}")
        if not isinstance(value, str) or not value or not value.isprintable():
            raise invalid(f'{key}{where} is a text like {key} = "…"')
    try:
        return {
            key: value if key == "address" else str(path.parent / Path(value).expanduser())
            for key, value in table.items()
        }
    except RuntimeError as error:
        raise invalid(f"there is no such home directory{where}: name the whole path") from error
