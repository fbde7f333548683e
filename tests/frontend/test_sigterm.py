"""A frontend that still waits for its engine has nothing to take leave of, and goes at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path


def test_sigterm_while_it_waits_for_the_engine(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-m", "tasker.frontend", "--engine", str(tmp_path / "none")]) as frontend:
        maps = Path(f"/proc/{frontend.pid}/maps")
        while "cygrpc" not in maps.read_text():  # it is past its imports, or nearly so
            assert frontend.poll() is None
        frontend.send_signal(signal.SIGTERM)
        assert frontend.wait(15) == -signal.SIGTERM
