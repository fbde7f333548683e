"""`tasker list`: a table of jobs."""

from __future__ import annotations

import argparse
import time

from tasker.cli import document, everywhere, exits, render
from tasker.cli.connection import connect, own_name
from tasker.cli.everywhere import ask_all, named
from tasker.cli.stdout import print_json, print_rows

USAGE = ""
EPILOG = """\
examples:
  tasker list
  tasker ps --mine --running
  tasker ls --wide
  tasker list --all-contexts --running
  tasker list --json | jq -r '.jobs[] | select(.state == "running") | .id'

Oldest first. On no terminal: the same columns, nothing cut. --json prints {"jobs": […]}.

--all-contexts asks the machines of all contexts at the same time and names them (MACHINE, "machine" in JSON). One that
does not answer is told of on stderr, and the exit code is 125; it does not hold up the others."""


def arguments(parser: argparse.ArgumentParser) -> None:
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument("--mine", action="store_true", help="only your own")
    whose.add_argument("--owner", metavar="NAME", default="", help="only this owner's")
    parser.add_argument("-r", "--running", action="store_true", help="only those that have not ended")
    parser.add_argument("-w", "--wide", action="store_true", help="more columns, nothing cut")
    everywhere.option(parser)


def run(asked: argparse.Namespace) -> int:
    """A table for people, the same columns uncut for a pipe."""
    if asked.all_contexts:
        return _everywhere(asked)
    owner = own_name(asked) if asked.mine else asked.owner
    with connect(asked) as client:
        jobs = list(client.list(owner=owner, running=asked.running))
    if asked.json:
        print_json(document.jobs(jobs))
    else:
        print_rows(render.table(jobs, time.time(), asked.wide), cut=not asked.wide)
    return exits.DONE


def _everywhere(asked: argparse.Namespace) -> int:
    answers, code = ask_all(
        asked, lambda client, own: list(client.list(owner=own if asked.mine else asked.owner, running=asked.running))
    )
    if asked.json:
        named_jobs = [{"machine": name, **document.job(job)} for name, jobs in answers.items() for job in jobs]
        print_json({"jobs": named_jobs})
    elif answers:
        tables = {name: render.table(jobs, time.time(), asked.wide) for name, jobs in answers.items()}
        print_rows(named(tables), cut=not asked.wide)
    return code
