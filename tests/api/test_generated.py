"""The committed modules are what proto/generate writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.stub.control import REPOSITORY
from tests.support.waiting import DEADLINE

MODULES = {"tasker_pb2.py", "tasker_pb2.pyi", "tasker_pb2_grpc.py"}


def test_the_generated_api_is_current(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "proto/generate", tmp_path], cwd=REPOSITORY, check=True, timeout=DEADLINE)
    made = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert {path.name for path in made} == MODULES
    for path in made:
        name = path.relative_to(tmp_path)
        assert (REPOSITORY / name).read_text() == path.read_text(), (
            f"{name} is not what tasker.proto says: run .venv/bin/python proto/generate and commit what it wrote"
        )
