"""`tasker list`: show a table of jobs."""

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

The oldest job comes first; only --archived shows archived jobs. If stdout is not a terminal, no column is cut off.
--json prints {"jobs": […]}.

--all-contexts queries the machines of all contexts at the same time; the column MACHINE ("machine" in JSON) names each.
A machine that does not answer does not delay the others; an error on stderr names it, and the exit code is 125."""


def arguments(parser: argparse.ArgumentParser) -> None:
    options.whose(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("-r", "--running", action="store_true", help="only jobs that have not ended")
    which.add_argument("--archived", action="store_true", help="only jobs whose output is on disk (see tasker archive)")
    parser.add_argument("-w", "--wide", action="store_true", help="more columns, none cut off")
    options.all_contexts(parser)


def run(asked: argparse.Namespace) -> int:
    """Prints a table; columns are only cut off on a terminal."""
    if asked.all_contexts:
        return _everywhere(asked)
    owner = wanted_owner(asked)
    with connect(asked) as client, waiting("reading the list of jobs"):
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
