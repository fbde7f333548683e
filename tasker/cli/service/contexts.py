"""Changes the contexts in the caller's configuration file; keeps everything else in it.

The file is replaced atomically, with mode 0600; a symbolic link to it is kept. A lock file beside it is held from
reading to writing, so that no concurrent change is lost.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import tomlkit
from tomlkit.items import Table

from tasker.cli.service import configfile
from tasker.cli.service.configfile import KEYS, Own, Values
from tasker.errors import Reason, TaskerError, invalid


def add(environment: Mapping[str, str], name: str, values: Values, *, force: bool = False) -> bool:
    """Adds a context, or replaces it with `force`. Returns whether it is now the current one, as the first one is.

    Raises TaskerError if the name is malformed or taken, or the file cannot be written.
    """
    configfile.check_name(name)
    with _locked(environment) as own:
        if name in own.contexts and not force:
            raise invalid(f"cannot add the context {name}: it exists; add --force to replace it")
        document = _document(Path(own.path))
        contexts = document.setdefault("contexts", tomlkit.table(is_super_table=True))
        section = contexts[name] if isinstance(contexts.get(name), Table) else tomlkit.table()
        for key in KEYS:
            section.pop(key, None)
        section.update({key: values[key] for key in KEYS if key in values})
        contexts[name] = section
        first = not own.contexts and not own.values and not own.context
        _write(Path(own.path), _chosen(document, name) if first else tomlkit.dumps(document))
        return configfile.load(environment).context == name


def use(environment: Mapping[str, str], name: str) -> None:
    """Makes a context the current one. Raises TaskerError."""
    with _locked(environment) as own:
        own.named(name)
        _write(Path(own.path), _chosen(_document(Path(own.path)), name))


def remove(environment: Mapping[str, str], name: str) -> Own:
    """Removes a context but not its certificate files. Returns the new contents of the file. Raises TaskerError."""
    with _locked(environment) as own:
        own.named(name)
        document = _document(Path(own.path))
        contexts = document["contexts"]
        assert isinstance(contexts, dict)
        del contexts[name]
        if not contexts:
            del document["contexts"]
        if own.context == name:
            del document["context"]
        _write(Path(own.path), tomlkit.dumps(document))
        return configfile.load(environment)


@contextmanager
def _locked(environment: Mapping[str, str]) -> Iterator[Own]:
    """Yields the contents of the file and locks it in the block. The lock file stays: removing it would be a race."""
    path = Path(configfile.config_path(environment))
    try:
        target = path.resolve()
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW  # writable: NFS needs that for an exclusive lock
        descriptor = os.open(target.with_name(f".{target.name}.lock"), flags, 0o600)
    except OSError as error:
        raise _refused(path, error) from error
    with os.fdopen(descriptor):  # closing it releases the lock
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            raise _refused(path, error) from error
        yield configfile.load(environment)


def _document(path: Path) -> tomlkit.TOMLDocument:
    """Parses the file with its comments. configfile has checked it: it is TOML, or it does not exist."""
    return tomlkit.parse(path.read_text()) if path.exists() else tomlkit.document()


def _chosen(document: tomlkit.TOMLDocument, name: str) -> str:
    """Returns the new text. A new key goes first: below the header of a section, it would belong to that section."""
    if "context" in document:
        document["context"] = name
        return tomlkit.dumps(document)
    return f'context = "{name}"\n{tomlkit.dumps(document)}'


def _write(path: Path, text: str) -> None:
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        draft.replace(target)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> TaskerError:
    why = (error.strerror or str(error)).lower()
    return TaskerError(Reason.REFUSED, f"cannot write {path}: {why}; nothing was changed")
