"""Reads ~/.config/tasker/config.toml. Written by contexts.py.

    context = "prod"                       # the current context
    address, ca, cert, key = …             # for values that are not set elsewhere

    [contexts.prod]                        # one for each machine
    address = "prod.example.org:8275"
    ca, cert, key = …

Paths are relative to the file and may begin with ~.

Completion needs this module quickly, so it does not import pathlib and dataclasses, and tomllib only if there is a
file. Why no library for configuration (dynaconf, pydantic-settings): four keys need none, and each has its own message.
"""

from __future__ import annotations

import os.path
import re

from tasker.errors import TaskerError, invalid

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the import
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

KEYS = ("address", "ca", "cert", "key")
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"

Values = dict[str, str]
"""Some of KEYS; paths are absolute."""


class Own:
    """The contents of the file: values for any machine, the name of the current context, and the contexts.

    All are empty if the file does not exist.
    """

    def __init__(self, path: str, values: Values, context: str, contexts: dict[str, Values]) -> None:
        self.path = path
        self.values = values
        self.context = context
        self.contexts = contexts

    def named(self, name: str) -> Values:
        """Returns a context by name. Raises TaskerError(INVALID) if there is none of this name."""
        if name in self.contexts:
            return self.contexts[name]
        from tasker.cli.grammar.suggest import did_you_mean

        what = did_you_mean(name, self.contexts) or "tasker context list shows all contexts"
        raise invalid(f"cannot find the context {name[:40]!r} in {self.path}; {what}")


def config_path(environment: Mapping[str, str]) -> str:
    """Returns the path of the file."""
    base = environment.get("XDG_CONFIG_HOME", "")
    if not base.startswith("/"):
        base = os.path.join(environment.get("HOME") or "/", ".config")
    return os.path.join(base, "tasker", "config.toml")


def load(environment: Mapping[str, str]) -> Own:
    """Reads the file. Raises TaskerError(INVALID) if it cannot be used."""
    path = config_path(environment)
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        import tomllib  # here: slow to import, and most users have no such file

        table = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return Own(path, {}, "", {})
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise invalid(f"cannot read {path}: {why}; fix that, or move the file away") from error
    except (ValueError, RecursionError) as error:
        raise invalid(f"cannot use {path}: it is not TOML: {error}") from error
    try:
        return _own(path, table)
    except TaskerError as error:
        raise invalid(f"cannot use {path}: {error.message}") from error


def _own(path: str, table: dict[str, Any]) -> Own:
    context, contexts = table.pop("context", ""), table.pop("contexts", {})
    if not isinstance(context, str):
        raise invalid('context must be a string: context = "…"')
    if not isinstance(contexts, dict) or not all(isinstance(one, dict) for one in contexts.values()):
        raise invalid("contexts must be sections like [contexts.prod]")
    for name in contexts:
        check_name(name)
    values = {name: _values(path, one, f" in [contexts.{name}]") for name, one in contexts.items()}
    return Own(path, _values(path, table, "", "context, contexts"), context, values)


def check_name(name: str) -> None:
    """Raises TaskerError(INVALID)."""
    if not re.fullmatch(NAME, name):
        raise invalid(f"cannot name a context {name[:40]!r}; use letters, digits, '.', '_' and '-'")


def _values(path: str, table: dict[str, Any], where: str, others: str = "") -> Values:
    for key, value in table.items():
        if key not in KEYS:
            known = ", ".join([*KEYS, *([others] if others else [])])
            raise invalid(f"there is no key {key[:40]!r}{where}; the keys are {known}")
        if not isinstance(value, str) or not value or not value.isprintable():
            raise invalid(f'{key}{where} must be a string: {key} = "…"')
    return {key: value if key == "address" else _path(path, value, where) for key, value in table.items()}


def _path(file: str, value: str, where: str) -> str:
    whole = os.path.expanduser(value)
    if whole.startswith("~"):
        raise invalid(f"cannot find the home directory{where}; write the whole path")
    return os.path.join(os.path.dirname(file), whole)
