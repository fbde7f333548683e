"""`tasker list`: a table of jobs."""

from __future__ import annotations

import argparse
import time

from tasker.cli import exits
from tasker.cli.grammar import options
from tasker.cli.service.connection import connect, wanted_owner
from tasker.cli.service.fanout import ask_all
from tasker.cli.show import json
from tasker.cli.show.jobs import EXPENDABLE, table
from tasker.cli.show.stderr import waiting
from tasker.cli.show.stdout import print_json, print_rows
from tasker.cli.show.table import by_machine
from tasker.client import Client
from tasker.job import Job

USAGE = ""
EPILOG = """\
examples:
  tasker list
  tasker ps --mine --running
  tasker ls --wide
  tasker list --archived
  tasker list --all-contexts --running
  tasker list --json | jq -r '.jobs[] | select(.state == "running") | .id'

Oldest first; archived jobs apart. On no terminal: the same columns, nothing cut. --json prints {"jobs": […]}.

--all-contexts asks the machines of all contexts at the same time and names them (MACHINE, "machine" in JSON). One that
does not answer is told of on stderr, and the exit code is 125; it does not hold up the others."""


def arguments(parser: argparse.ArgumentParser) -> None:
    options.whose(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("-r", "--running", action="store_true", help="only those that have not ended")
    which.add_argument("--archived", action="store_true", help="only those whose output is on disk (tasker archive)")
    parser.add_argument("-w", "--wide", action="store_true", help="more columns, nothing cut")
    options.all_contexts(parser)


def run(asked: argparse.Namespace) -> int:
    """A table for people, the same columns uncut for a pipe."""
    if asked.all_contexts:
        return _everywhere(asked)
    owner = wanted_owner(asked)
    with connect(asked) as client, waiting("asking for the jobs"):
        jobs = _jobs(client, owner, asked)
    if asked.json:
        print_json(json.jobs(jobs))
    else:
        print_rows(table(jobs, time.monotonic(), asked.wide), not asked.wide, EXPENDABLE)
    return exits.DONE


def _jobs(client: Client, owner: str, asked: argparse.Namespace) -> list[Job]:
    return list(client.list(owner=owner, running=asked.running, archived=asked.archived))


def _everywhere(asked: argparse.Namespace) -> int:
    answers, code = ask_all(asked, lambda client, own: _jobs(client, own if asked.mine else asked.owner, asked))
    if asked.json:
        named_jobs = [{"machine": name, **json.job(job)} for name, jobs in answers.items() for job in jobs]
        print_json({"jobs": named_jobs})
    elif answers:
        tables = {name: table(jobs, time.monotonic(), asked.wide) for name, jobs in answers.items()}
        print_rows(by_machine(tables), not asked.wide, EXPENDABLE)
    return code
