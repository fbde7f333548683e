"""A frontend that still waits for its engine has nothing to take leave of, and goes at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.support.waiting import DEADLINE, until


def test_sigterm_while_it_waits_for_the_engine(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-m", "tasker.frontend", "--engine", str(tmp_path / "none")]) as frontend:
        maps = Path(f"/proc/{frontend.pid}/maps")
        until(maps.read_text, lambda text: "cygrpc" in text, "grpc is imported")  # past its imports, or nearly so
        frontend.send_signal(signal.SIGTERM)
        assert frontend.wait(DEADLINE) == -signal.SIGTERM
