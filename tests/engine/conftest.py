"""A real engine and collector over the stub systemd."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stack import Stack, stack


@pytest.fixture
def tasker() -> Iterator[Stack]:
    with stack() as tasker:
        yield tasker
        assert "defect" not in tasker.engine.log, tasker.engine.log
        assert "Traceback" not in tasker.engine.log + tasker.collector.log, tasker.engine.log + tasker.collector.log
