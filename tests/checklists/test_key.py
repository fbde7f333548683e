"""A key of tasker.toml: every place that must know of it. The manual page: tests/cli/test_prepared.py."""

from __future__ import annotations

import contextlib
import re
from dataclasses import MISSING, fields
from typing import NamedTuple

import pytest

from tasker.config import Config, parse
from tasker.errors import TaskerError
from tests.checklists.sources import TREE, attributes
from tests.stub.control import REPOSITORY

EXAMPLE = (REPOSITORY / "systemd/tasker.toml").read_text()
BY_OWNER = ("owners", "accounts")
"""Sections whose keys are names of owners."""


class Key(NamedTuple):
    section: str
    name: str


def sections() -> dict[str, type]:
    """By name: the dataclass of each section with keys of its own."""
    return {f.name: type(f.default) for f in fields(Config) if f.default is not MISSING}


KEYS = [Key(section, f.name) for section, kind in sections().items() for f in fields(kind)]
READ = attributes(*(path for path in TREE.rglob("*.py") if path.name != "config.py"))


def documented() -> set[Key]:
    """Keys of systemd/tasker.toml, in comments."""
    found: set[Key] = set()
    section = ""
    for line in EXAMPLE.splitlines():
        if heading := re.fullmatch(r"#?\[([\w.]+)\]", line):
            section = heading[1]
        elif key := re.match(r"#([\w-]+) = ", line):
            found.add(Key(section, key[1]))
    return found


def test_every_section_is_one_of_these() -> None:
    assert {f.name for f in fields(Config)} == sections().keys() | set(BY_OWNER)


@pytest.mark.parametrize("section", sections())
def test_a_section_is_read(section: str) -> None:
    with contextlib.suppress(TaskerError):
        parse(f"[{section}]\nno_such_key = 1\n")
        pytest.fail(f"parse() in tasker/config.py does not read [{section}]")


@pytest.mark.parametrize("key", KEYS, ids=".".join)
def test_the_shipped_file_explains_it(key: Key) -> None:
    assert key in documented(), f"[{key.section}] of systemd/tasker.toml has no line #{key.name} = …"


@pytest.mark.parametrize("key", KEYS, ids=".".join)
def test_it_is_used(key: Key) -> None:
    assert key.name in READ, f"nothing in tasker/ reads the key {key.name} of [{key.section}]"
