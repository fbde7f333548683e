"""How long the command line takes to answer, beside Python's own start, measured in turns.

    .venv/bin/python -m tests.bench.start [PYTHON [COMMAND]]    as installed: /usr/bin/python3 /usr/bin/tasker

Python's own start is `PYTHON -IS -c pass`, with the flags of the installed script (packaging/debian/tasker). A figure
alone says more of the machine than of Tasker; the ratios are what to look at. Nothing is asserted.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
ROUNDS = 40
FLAGS = "-IS"
LINES = {
    "--version": 1.3,
    "--help": 1.3,
    "list --help": 1.3,
    "context list": 3.0,
    "completion bash": 3.0,
    "candidates context": 3.0,
    "lits": 3.0,
}
"""Command lines, and the times of Python's own start that each may take."""
LIBRARIES = "argparse and tomllib"
WITH_FILE = "context list, with a file"
CONFIG = 'context = "one"\n[contexts.one]\naddress = "localhost:1"\n'


def main(python: str = sys.executable, command: str = "") -> None:
    with tempfile.TemporaryDirectory() as directory:
        tasker = command or str(_script(Path(directory) / "tasker", python))
        with_contexts = Path(directory) / "home"
        (with_contexts / ".config" / "tasker").mkdir(parents=True)
        (with_contexts / ".config" / "tasker" / "config.toml").write_text(CONFIG)
        bare = [python, FLAGS, "-c", "pass"]
        libraries = [python, FLAGS, "-c", "import argparse, tomllib"]
        times: dict[str, list[float]] = {"": [], LIBRARIES: []}
        for _ in range(ROUNDS):
            times[""].append(_seconds(bare, directory))
            times[LIBRARIES].append(_seconds(libraries, directory))
            for line in LINES:
                times.setdefault(line, []).append(_seconds([tasker, *line.split()], directory))
            times.setdefault(WITH_FILE, []).append(_seconds([tasker, "context", "list"], str(with_contexts)))
    medians = {line: statistics.median(seconds) for line, seconds in times.items()}
    own, libraries_own = medians.pop(""), medians.pop(LIBRARIES)
    print(f"  {python} {FLAGS} -c pass: {own * 1000:.1f} ms (medians of {ROUNDS})")
    for line, seconds in medians.items():
        most = f"of {LINES[line]}" if line in LINES else f"({LIBRARIES} alone: {libraries_own / own:.2f})"
        print(f"  tasker {line:<26} {seconds * 1000:6.1f} ms   {seconds / own:.2f} {most}")


def _script(path: Path, python: str) -> Path:
    """As the package has it, for this tree."""
    places = [str(REPOSITORY), sysconfig.get_path("purelib")]
    lines = ["import sys", f"sys.path[:0] = {places!r}", "from tasker.cli.__main__ import main", "sys.exit(main())"]
    path.write_text("\n".join([f"#!{python} {FLAGS}", *lines]) + "\n")
    path.chmod(0o755)
    return path


def _seconds(command: list[str], home: str) -> float:
    """CPU time of one run: nearly the time on the clock, but for what else the machine does meanwhile."""
    environment = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": ""}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main(*sys.argv[1:])
