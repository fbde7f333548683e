"""`tasker completion`: print the completion script for a shell. Needs no service."""

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

The Debian package installs all three scripts. After Tab, the script reads contexts from your configuration and job ids
from the service that the command line selects; if the service does not answer in time, no ids are offered. --json
prints {"script": …}."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", metavar="SHELL", choices=("bash", "zsh", "fish"), help="bash, zsh or fish")


def run(asked: argparse.Namespace) -> int:
    """Prints the script that packaging/prepare generated."""
    with open(f"{PREPARED}/completion.{asked.shell}", encoding="utf-8") as file:
        text = file.read()
    if asked.json:
        print_json({"script": text})
    else:
        print(text, end="")
    return exits.DONE
