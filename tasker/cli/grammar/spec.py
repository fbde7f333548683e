"""Parsed options ─▶ JobSpec. Checks the ranges that hold on every machine."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

from tasker.cli.grammar.options import path as typed_path
from tasker.cli.grammar.parser import UsageError
from tasker.errors import TaskerError
from tasker.job import JobSpec, check_spec
from tasker.limits import IO_ROWS, ROWS, IoLimit, LimitRow, Limits


def build(options: argparse.Namespace, environment: Mapping[str, str]) -> JobSpec:
    """Returns the spec for start and run. `environment` is the caller's own, for `--env K`. Raises UsageError."""
    spec = JobSpec(
        argv=tuple(options.command),
        working_directory=_absolute(options.cwd) if options.cwd else "",
        environment=dict(_variable(word, environment) for word in options.env),
        name=options.name,
        user=options.user,
        limits=limits(options),
        grace=options.grace,
        linger=options.linger,
        nice=options.nice,
    )
    try:
        check_spec(spec)
    except TaskerError as error:
        raise UsageError(error.message) from error
    return spec


def limits(options: argparse.Namespace) -> Limits:
    """Returns the limits that the options set. Raises UsageError."""
    return Limits(**{row.field: vars(options)[row.field] for row in ROWS}, io=_io(options))


def _variable(word: str, environment: Mapping[str, str]) -> tuple[str, str]:
    name, given, value = word.partition("=")
    if given:
        return name, value
    if name not in environment:
        raise UsageError(f"cannot pass on {name[:40]!r}: it is not set here; write {name[:40]}=VALUE (--env)")
    return name, environment[name]


def _io(options: argparse.Namespace) -> tuple[IoLimit, ...]:
    """Merges the four options into one IoLimit for each path, in the order in which the paths were first given."""
    paths: dict[str, dict[str, int]] = {}
    for row in IO_ROWS:
        words: list[str] = vars(options)[row.field]
        for word in words:
            path, value = _at_path(row, word)
            paths.setdefault(path, {})[row.field] = value
    return tuple(IoLimit(path, **values) for path, values in paths.items())


def _at_path(row: LimitRow, word: str) -> tuple[str, int]:
    path, given, value = word.rpartition("=")  # a path may contain "=", a rate cannot
    if not given or not path:
        raise UsageError(f"cannot read {word[:80]!r}; write it like /var=10M ({row.option})")
    try:
        return _absolute(path), row.measure.read(value)
    except TaskerError as error:
        raise UsageError(f"{error.message} ({row.option})") from error


def _absolute(path: str) -> str:
    """Resolves a path relative to the current directory. Raises TaskerError if that directory no longer exists."""
    return path if path.startswith("/") else os.path.abspath(typed_path(path))
