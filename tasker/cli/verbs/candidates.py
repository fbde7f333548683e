"""`tasker candidates`: the words that completion scripts offer after Tab. Hidden; prints nothing else.

Each line has the word, a tab, and a description. No lines if the service does not answer in time.
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
"""Seconds to wait for the service after Tab."""
MOST = 1000
WIDTH = 60


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", metavar="KIND", choices=("job", "running", "context"), help="kind of the words")


def run(asked: argparse.Namespace) -> int:
    """Prints the words; prints no errors."""
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
    """Returns lines for the jobs that the caller may manage."""
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
    """Returns a line for each job. Skips ids with special characters, because bash expands the words it is given."""
    return [f"{job.id}\t{_what(job)}" for job in jobs if job.id.isascii() and job.id.isalnum()]


def _what(job: Job) -> str:
    from tasker.cli.show.hidden import visible
    from tasker.cli.show.jobs import command

    text = f"{job.state}, {job.owner}: {job.spec.name or command(job)}"
    return visible(text)[:WIDTH]
