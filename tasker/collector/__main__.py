"""`python -m tasker.collector`: builds the objects, in order, and runs them until SIGTERM."""

from __future__ import annotations

import argparse
import resource
from pathlib import Path

from tasker.collector.connection import listen
from tasker.collector.control import Control
from tasker.collector.loop import Loop
from tasker.notify import notify


def main() -> None:
    parser = argparse.ArgumentParser(prog="tasker-collector", description=__doc__)
    parser.add_argument("--socket", type=Path, default=Path("/run/tasker-collector/control.sock"))
    arguments = parser.parse_args()
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))  # four for each job; child.py sets a job's limit
    loop = Loop()
    control = Control(loop, listen(arguments.socket))
    notify("READY=1", "STATUS=Holding the jobs of this run.")
    loop.run()
    notify("STOPPING=1")
    control.end_run()
    arguments.socket.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
