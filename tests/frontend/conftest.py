from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker import issuing
from tasker.certs import Pair
from tests.frontend.peer import PeerJob
from tests.frontend.running import Frontend, running


@pytest.fixture(scope="session")
def ca() -> Pair:
    return issuing.make_ca()


@pytest.fixture
def frontend(tmp_path: Path, ca: Pair) -> Iterator[Frontend]:
    with running(tmp_path, ca) as frontend:
        yield frontend


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, ca: Pair) -> Iterator[Frontend]:
    """One for tests that leave it as it was."""
    with running(tmp_path_factory.mktemp("frontend"), ca) as frontend:
        yield frontend


@pytest.fixture
def job(frontend: Frontend) -> PeerJob:
    return frontend.peer.add(PeerJob("abc"))
