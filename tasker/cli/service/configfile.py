"""The caller's own ~/.config/tasker/config.toml: what it may hold, and reading it. (Written by contexts.py.)

    context = "prod"                       # the one that is used where none is named
    address, ca, cert, key = …             # for whatever no context and nobody else says

    [contexts.prod]                        # one for each machine
    address = "prod.example.org:8275"
    ca, cert, key = …

Paths are relative to the file and may begin with ~.

Completion waits for this module, so it imports neither pathlib nor dataclasses, and tomllib only where there is a file.
Why no library for configuration (dynaconf, pydantic-settings): four keys need none, and each has a message of its own.
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
    """What the file says: values for any machine, the name of the context in use, and the contexts. A file that does
    not exist says nothing.
    """

    def __init__(self, path: str, values: Values, context: str, contexts: dict[str, Values]) -> None:
        self.path = path
        self.values = values
        self.context = context
        self.contexts = contexts

    def named(self, name: str) -> Values:
        """A context. Raises TaskerError(INVALID)."""
        if name in self.contexts:
            return self.contexts[name]
        from tasker.cli.grammar.suggest import did_you_mean

        what = did_you_mean(name, self.contexts) or "tasker context list has those there are, and add makes one"
        raise invalid(f"cannot find the context {name[:40]!r} in {self.path}; {what}")


def config_path(environment: Mapping[str, str]) -> str:
    """Where the file is."""
    base = environment.get("XDG_CONFIG_HOME", "")
    if not base.startswith("/"):
        base = os.path.join(environment.get("HOME") or "/", ".config")
    return os.path.join(base, "tasker", "config.toml")


def load(environment: Mapping[str, str]) -> Own:
    """Read it. Raises TaskerError(INVALID) for one that cannot be used."""
    path = config_path(environment)
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        import tomllib  # here, since it takes a while, and most people have no such file

        table = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return Own(path, {}, "", {})
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise invalid(f"cannot read {path}: {why}; mend that, or move it away") from error
    except (ValueError, RecursionError) as error:
        raise invalid(f"cannot use {path}: it is not TOML: {error}") from error
    try:
        return _own(path, table)
    except TaskerError as error:
        raise invalid(f"cannot use {path}: {error.message}") from error


def _own(path: str, table: dict[str, Any]) -> Own:
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
    if not re.fullmatch(NAME, name):
        raise invalid(f"cannot call a context {name[:40]!r}; its name is of letters, digits, '.', '_' and '-'")


def _values(path: str, table: dict[str, Any], where: str, others: str = "") -> Values:
    for key, value in table.items():
        if key not in KEYS:
            known = ", ".join([*KEYS, *([others] if others else [])])
            raise invalid(f"there is no key {key[:40]!r}{where}; the keys are {known}")
        if not isinstance(value, str) or not value or not value.isprintable():
            raise invalid(f'{key}{where} is a text like {key} = "…"')
    return {key: value if key == "address" else _path(path, value, where) for key, value in table.items()}


def _path(file: str, value: str, where: str) -> str:
    whole = os.path.expanduser(value)
    if whole.startswith("~"):
        raise invalid(f"there is no such home directory{where}: name the whole path")
    return os.path.join(os.path.dirname(file), whole)
