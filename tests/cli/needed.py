"""Programs that a test needs and that not every machine has. tests/run installs them."""

from __future__ import annotations

import os
import shutil

import pytest


def needed(program: str) -> None:
    """Skip the test where there is none; with CI=true it has failed."""
    if shutil.which(program) is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(f"there is no {program}: apt-get install {program}")
