"""The table of verbs, with their summaries for --help. The module of a verb is imported only when it is needed."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the import
if TYPE_CHECKING:
    import argparse
    from typing import Protocol

    class Verb(Protocol):
        """The interface of a verb's module."""

        USAGE: str
        EPILOG: str

        def arguments(self, parser: argparse.ArgumentParser) -> None: ...
        def run(self, namespace: argparse.Namespace) -> int: ...


VERBS = {
    "start": "start a job and print its id",
    "run": "start a job, show its output, exit with its exit code",
    "stop": "stop jobs: SIGTERM, a grace period, SIGKILL",
    "pause": "freeze all processes of jobs",
    "resume": "let paused jobs continue",
    "signal": "send a signal to jobs",
    "limit": "change the limits of a running job",
    "wait": "wait until jobs have ended",
    "attach": "show a job's output from its start and follow it",
    "logs": "show a job's output so far",
    "detach": "close your own attach streams on a job, in every terminal",
    "get": "show everything about a job",
    "list": "list jobs",
    "top": "show what running jobs use, live",
    "watch": "show changes of jobs as they happen",
    "archive": "move the output of ended jobs from memory to disk",
    "info": "show the service, your identity there, and your quotas",
    "doctor": "find problems on this machine and say how to fix them",
    "context": "manage addresses and certificates of several machines",
    "completion": "print the completion script for a shell",
    "certs": "make and show certificates",
}
ALIASES = {"list": ("ls", "ps")}
HIDDEN = ("candidates",)
"""Verbs for completion scripts only; neither help nor completion shows them."""
NAMES = {word: name for name in (*VERBS, *HIDDEN) for word in (name, *ALIASES.get(name, ()))}
"""The verb for each word that may be typed."""
WITH_COMMAND = ("start", "run")
"""Verbs that take a job's command, which is not parsed."""


def load(name: str) -> Verb:
    """Imports the module of a verb of VERBS or HIDDEN. Raises KeyError for any other name."""
    if name not in (*VERBS, *HIDDEN):
        raise KeyError(name)
    module: Verb = import_module(f"tasker.cli.verbs.{name}")
    return module
