"""How long the command line takes to answer, beside Python's own start, measured in turns.

    .venv/bin/python -m tests.bench.start [PYTHON [COMMAND]]    as installed: /usr/bin/python3 /usr/bin/tasker

A figure alone says more of the machine than of Tasker; the ratios are what to look at. Nothing is asserted.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
ROUNDS = 40
LINES = (("--version",), ("--help",), ("list", "--help"))


def main(python: str = sys.executable, command: str = "") -> None:
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "tasker"  # as pip makes one
        path = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})"
        script.write_text(f"#!{python}\n{path}\nfrom tasker.cli.__main__ import main\nsys.exit(main())\n")
        script.chmod(0o755)
        tasker = command or str(script)
        bare = [python, "-I", "-c", "pass"]
        times: dict[str, list[float]] = {"python3 -I -c pass": []}
        for _ in range(ROUNDS):
            times["python3 -I -c pass"].append(_seconds(bare))
            for line in LINES:
                times.setdefault(" ".join(("tasker", *line)), []).append(_seconds([tasker, *line]))
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    own = next(iter(medians.values()))
    for name, seconds in medians.items():
        print(f"  {name:<20} {seconds * 1000:6.1f} ms (median of {ROUNDS})   {seconds / own:.2f} of Python's own start")


def _seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main(*sys.argv[1:])
