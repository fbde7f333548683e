from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker.certs import Pair
from tests.client.forwarder import Forwarder, forwarding
from tests.frontend.conftest import ca, frontend, shared
from tests.frontend.running import Frontend, running
from tests.support.port import Port

__all__ = ["ca", "frontend", "shared"]


@pytest.fixture
def network(frontend: Frontend) -> Iterator[Forwarder]:
    with forwarding(frontend.host, frontend.port) as forwarder:
        yield forwarder


@pytest.fixture
def restartable(tmp_path: Path, ca: Pair) -> Iterator[Frontend]:
    """A frontend that is found at the same port again."""
    with Port() as port, running(tmp_path, ca, listen=f"127.0.0.1:{port.number}") as frontend:
        yield frontend
