"""The table of verbs, with their summaries for --help. The module of a verb is imported only when it is needed."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the import
if TYPE_CHECKING:
    import argparse
    from typing import Protocol

    class Verb(Protocol):
        """What such a module is."""

        USAGE: str
        EPILOG: str

        def arguments(self, parser: argparse.ArgumentParser) -> None: ...
        def run(self, namespace: argparse.Namespace) -> int: ...

VERBS = {
    "start": "start a job and print its id",
    "run": "start a job, show its output, exit with its exit code",
    "stop": "end jobs: SIGTERM, a grace period, SIGKILL",
    "pause": "freeze jobs where they stand",
    "resume": "let paused jobs go on",
    "signal": "send a signal to jobs",
    "limit": "change the limits of a running job",
    "wait": "wait until jobs have ended",
    "attach": "show a job's output, from its start and on",
    "logs": "show a job's output, as far as it is there",
    "detach": "close your own attaches to a job, wherever they are",
    "get": "show everything about a job",
    "list": "list jobs",
    "top": "what running jobs use, live",
    "watch": "what happens to jobs, as it happens",
    "archive": "move the output of ended jobs from memory to disk",
    "info": "show the service, who you are there, and your quotas",
    "doctor": "look for what is wrong on this machine, and say what to do about it",
    "context": "keep the addresses and certificates of several machines",
    "completion": "print the script that completes tasker's command line in a shell",
    "certs": "make and look at certificates",
}
ALIASES = {"list": ("ls", "ps")}
HIDDEN = ("candidates",)
"""Verbs that nobody types: neither help nor completion shows them."""
NAMES = {word: name for name in (*VERBS, *HIDDEN) for word in (name, *ALIASES.get(name, ()))}
"""What may be typed, and the verb that it stands for."""
WITH_COMMAND = ("start", "run")
"""Verbs that end in a command of the job's own, which is left as it is."""


def load(name: str) -> Verb:
    """One of VERBS or HIDDEN."""
    if name not in (*VERBS, *HIDDEN):
        raise KeyError(name)
    module: Verb = import_module(f"tasker.cli.verbs.{name}")
    return module
