"""`tasker candidates`: what completion scripts ask for as somebody presses Tab. Hidden; no word but the answer.

One line for each: the word, a tab, what it is. Nothing where the service does not answer at once.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable

from tasker.cli import exits
from tasker.cli.service import configfile
from tasker.errors import TaskerError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the import
if TYPE_CHECKING:
    from tasker.client import Client
    from tasker.identity import Identity
    from tasker.job import Job

USAGE = "KIND"
EPILOG = """\
examples:
  tasker candidates job"""
TIMEOUT = 1.5
"""Seconds that somebody who pressed Tab is left without an answer."""
MOST = 1000
WIDTH = 60


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", metavar="KIND", choices=("job", "running", "context"), help="of what")


def run(asked: argparse.Namespace) -> int:
    """Silent, whatever is wrong."""
    try:
        found = _contexts() if asked.kind == "context" else _jobs(asked)
    except TaskerError:
        found = []
    if found:
        print("\n".join(found))
    return exits.DONE


def _contexts() -> list[str]:
    contexts = configfile.load(os.environ).contexts
    return [f"{name}\t{values.get('address', '')}" for name, values in contexts.items()]


def _jobs(asked: argparse.Namespace) -> list[str]:
    """Those that the caller may do something with."""
    from itertools import islice

    from tasker.cli.service import settings
    from tasker.cli.service.fanout import answers
    from tasker.identity import Role

    def question(client: Client, own: Identity) -> list[Job]:
        owner = "" if own.role is Role.ADMIN else own.name
        return list(islice(client.list(owner=owner, running=asked.kind == "running"), MOST))

    found = settings.find(vars(asked), os.environ, settings.local_user())
    answer = answers({"": found}, question, TIMEOUT)[""]
    return [] if isinstance(answer, TaskerError) else lines(reversed(answer))


def lines(jobs: Iterable[Job]) -> list[str]:
    """bash expands what it is given as words, so an id that could mean something to it is left out."""
    return [f"{job.id}\t{_what(job)}" for job in jobs if job.id.isascii() and job.id.isalnum()]


def _what(job: Job) -> str:
    from tasker.cli.show.hidden import visible
    from tasker.cli.show.jobs import command

    text = f"{job.state}, {job.owner}: {job.spec.name or command(job)}"
    return visible(text)[:WIDTH]
