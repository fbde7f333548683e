"""python3 -m tests.machine: the disposable machine from the command line, for people and for scripts."""

from __future__ import annotations

import argparse
import os
import shlex
import sys

from . import machine
from .image import MachineError


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m tests.machine", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    helps = {
        "up": "boot it, if it is not running",
        "down": "end it; all that happened in it is forgotten",
        "status": "whether it runs, and how to reach it",
        "console": "the last lines of its console",
        "ssh": "run a shell command line in it as root, or a shell",
        "copy": "copy files and directories of the host into a directory of it",
    }
    for verb, text in helps.items():
        sub = verbs.add_parser(verb, help=text, description=text)
        sub.add_argument("--name", default="dev", help="which machine (default: dev)")
        if verb == "up":
            sub.add_argument("--fresh", action="store_true", help="boot it anew even if it runs")
        elif verb == "status":
            sub.add_argument("--port", action="store_true", help="only the host's port for Tasker's 8275")
        elif verb == "copy":
            sub.add_argument("source", nargs="+")
            sub.add_argument("target")
        elif verb == "ssh":
            sub.add_argument("command", nargs=argparse.REMAINDER)
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    match asked.verb:
        case "up":
            machine.up(asked.name, fresh=asked.fresh)
        case "down":
            was = machine.down(asked.name)
            print(f"machine: {asked.name!r} {'is down' if was else 'was not running'}")
        case "copy":
            machine.copy(machine.must_find(asked.name), asked.source, asked.target)
        case "console":
            print(machine.must_find(asked.name).console(50))
        case "ssh":
            command = machine.must_find(asked.name).ssh(*asked.command)
            os.execvp(command[0], command)  # noqa: S606
        case "status":
            found = machine.must_find(asked.name)
            print(found.tasker_port if asked.port else describe(found))
    return 0


def describe(found: machine.Machine) -> str:
    return (
        f"{found.name}: running, pid {found.pid}\n"
        f"Tasker's port {machine.TASKER_PORT} is 127.0.0.1:{found.tasker_port} of this host\n"
        f"shell: {shlex.join(found.ssh())}"
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except MachineError as error:
        print(f"machine: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
