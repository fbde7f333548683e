"""The committed code is what the compiler makes of proto/."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.waiting import DEADLINE

ROOT = Path(__file__).parents[2]


def test_the_generated_api_is_current(tmp_path: Path) -> None:
    subprocess.run(
        [
            sys.executable,
            *("-m", "grpc_tools.protoc", "-Iproto"),
            *(f"--{kind}_out={tmp_path}" for kind in ("python", "pyi", "grpc_python")),
            "proto/tasker/api/v1/tasker.proto",
        ],
        cwd=ROOT,
        check=True,
        timeout=DEADLINE,
    )
    made = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert len(made) == 3
    for path in made:
        committed = ROOT / path.relative_to(tmp_path)
        assert committed.read_text() == path.read_text(), f"{committed.name} is not what proto/ says; generate it again"
