"""What was asked on the command line ─▶ JobSpec: what a word means, and the ranges that hold on every machine."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping

from tasker.cli.grammar.options import path as typed_path
from tasker.cli.grammar.parser import UsageError
from tasker.errors import TaskerError
from tasker.job import JobSpec, check_spec
from tasker.limits import IoLimit, Limits
from tasker.quantity import parse_size


def build(options: argparse.Namespace, environment: Mapping[str, str]) -> JobSpec:
    """The spec for start and run. `environment` is the caller's own, for `--env K`. Raises UsageError."""
    spec = JobSpec(
        argv=tuple(options.command),
        working_directory=_absolute(options.cwd) if options.cwd else "",
        environment=dict(_variable(word, environment) for word in options.env),
        name=options.name,
        user=options.user,
        limits=limits(options),
        grace=options.grace,
        linger=options.linger,
    )
    try:
        check_spec(spec)
    except TaskerError as error:
        raise UsageError(error.message) from error
    return spec


def limits(options: argparse.Namespace) -> Limits:
    """The limits that were named. Raises UsageError."""
    return Limits(
        cpu=options.cpu,
        cpu_weight=options.cpu_weight,
        memory=options.memory,
        memory_high=options.memory_high,
        memory_swap=options.memory_swap,
        tasks=options.tasks,
        io=_io(options),
        io_weight=options.io_weight,
        run_time=options.time,
    )


def _variable(word: str, environment: Mapping[str, str]) -> tuple[str, str]:
    name, given, value = word.partition("=")
    if given:
        return name, value
    if name not in environment:
        raise UsageError(f"cannot pass on {name[:40]!r}: it is not set here; write {name[:40]}=VALUE (--env)")
    return name, environment[name]


def _io(options: argparse.Namespace) -> tuple[IoLimit, ...]:
    """All four options, merged: one IoLimit for each path, in the order in which paths were first named."""
    paths: dict[str, dict[str, int]] = {}
    for option, key, read in (
        ("--io-read", "read_bandwidth", parse_size),
        ("--io-write", "write_bandwidth", parse_size),
        ("--io-read-iops", "read_iops", _operations),
        ("--io-write-iops", "write_iops", _operations),
    ):
        words: list[str] = vars(options)[option.lstrip("-").replace("-", "_")]
        for word in words:
            path, value = _ceiling(option, word, read)
            paths.setdefault(path, {})[key] = value
    return tuple(IoLimit(path, **ceilings) for path, ceilings in paths.items())


def _ceiling(option: str, word: str, read: Callable[[str], int]) -> tuple[str, int]:
    path, given, value = word.rpartition("=")  # a path may have a "=" in it, a rate has none
    if not given or not path:
        raise UsageError(f"cannot read {word[:80]!r}; write it like /var=10M ({option})")
    try:
        return _absolute(path), read(value.removesuffix("/s"))
    except TaskerError as error:
        raise UsageError(f"{error.message} ({option})") from error


def _absolute(path: str) -> str:
    """A relative path starts at the caller's current directory. Raises TaskerError where that is gone."""
    return path if path.startswith("/") else os.path.abspath(typed_path(path))


def _operations(text: str) -> int:
    if not text.isdecimal():
        raise UsageError(f"cannot read {text[:40]!r} as a number of operations a second; write it like 100")
    return int(text)
