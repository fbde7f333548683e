"""`tasker completion`: the script that completes Tasker's command line in a shell. Needs no service."""

from __future__ import annotations

import argparse
import os

from tasker.cli import exits
from tasker.cli.show.stdout import print_json

PREPARED = os.path.join(os.path.dirname(os.path.dirname(__file__)), "prepared")
USAGE = "SHELL"
EPILOG = """\
examples:
  source <(tasker completion bash)
  tasker completion zsh > ~/.zfunc/_tasker            with ~/.zfunc in fpath
  tasker completion fish > ~/.config/fish/completions/tasker.fish

The Debian package brings all three. Job ids and contexts are asked for as you press Tab, from the service that the line
names; where it does not answer at once there are none. --json prints {"script": …}."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", metavar="SHELL", choices=("bash", "zsh", "fish"), help="bash, zsh or fish")


def run(asked: argparse.Namespace) -> int:
    """Prints the script that packaging/prepare has made."""
    with open(f"{PREPARED}/completion.{asked.shell}", encoding="utf-8") as file:
        text = file.read()
    if asked.json:
        print_json({"script": text})
    else:
        print(text, end="")
    return exits.DONE
