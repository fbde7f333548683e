"""A real engine and collector over the stub systemd."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stack import AS_OTHERS, Stack, stack

as_others = pytest.mark.parametrize("tasker", [pytest.param(AS_OTHERS, id="as_others")], indirect=True)
"""For tests that start jobs as root or as another account that is not the caller's own."""


@pytest.fixture
def tasker(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The shipped configuration, or the one that `as_others` or another indirect parameter names."""
    with stack(getattr(request, "param", "[server]\n")) as tasker:
        yield tasker
        assert "defect" not in tasker.engine.log, tasker.engine.log
        assert "Traceback" not in tasker.engine.log + tasker.collector.log, tasker.engine.log + tasker.collector.log


@pytest.fixture
def swapping() -> Iterator[Stack]:
    """One in which jobs may have swap: where memory is limited for all jobs together, they may not."""
    with stack('[server]\n[total]\nmemory = "none"\n') as tasker:
        yield tasker
        assert "Traceback" not in tasker.engine.log + tasker.collector.log, tasker.engine.log + tasker.collector.log


@pytest.fixture(scope="module")
def shared() -> Iterator[Stack]:
    """One stack for all tests of a file: tests that leave nothing in it."""
    with stack() as tasker:
        yield tasker
        assert "Traceback" not in tasker.engine.log + tasker.collector.log, tasker.engine.log + tasker.collector.log


@pytest.fixture
def place(shared: Stack) -> Iterator[Path]:
    """A directory for the files of one test, which every user may search. No process of the test is left."""
    path = shared.directory / "place"
    path.mkdir()
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)
    assert not any(unit["pids"] for unit in shared.systemd.units.values())
