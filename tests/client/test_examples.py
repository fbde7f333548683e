"""The examples in the library's docstrings, run as they stand against a whole Tasker."""

from __future__ import annotations

import asyncio
import doctest
from collections.abc import Iterator

import pytest

import tasker.client
from tasker.client import aio, sync
from tests.support.stack import Stack, stack

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
EXAMPLES = [
    example
    for module in (tasker.client, sync, aio)
    for example in doctest.DocTestFinder(exclude_empty=True).find(module)
    if example.examples
]


@pytest.fixture(scope="module")
def machine() -> Iterator[Stack]:
    with stack(frontend=True) as machine:
        yield machine


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_example(machine: Stack, example: doctest.DocTest) -> None:
    """As a reader has it: everything of tasker.client imported, an address and three files, and `client`."""
    certificate, key = machine.certificate("alice")
    names = {name: getattr(tasker.client, name) for name in tasker.client.__all__}
    told: list[str] = []
    with machine.client("alice") as client:
        example.globs = {
            **names,
            "asyncio": asyncio,
            "address": machine.address,
            "ca": machine.directory / "ca.crt",
            "certificate": certificate,
            "key": key,
            "client": client,
        }
        doctest.DocTestRunner(verbose=False, optionflags=FLAGS).run(example, out=told.append)
    assert not told, "".join(told)


def test_every_method_has_one() -> None:
    """But for the counterparts of those that have."""
    names = {example.name.rpartition(".")[2] for example in EXAMPLES}
    methods = {name for name in vars(sync.Client) if not name.startswith("_")}
    without = methods - names - {"resume"}
    assert not without, f"no example in the docstrings of tasker/client/sync.py: {', '.join(sorted(without))}"
