"""A limit around every test, its setup and its teardown: a wait without a limit of its own fails here."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.support.waiting import TEST_DEADLINE, limit


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    with limit(f"the setup of {item.nodeid}", TEST_DEADLINE):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    with limit(f"the end of {item.nodeid}", TEST_DEADLINE):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    with limit(f"the teardown of {item.nodeid}", TEST_DEADLINE):
        return (yield)
