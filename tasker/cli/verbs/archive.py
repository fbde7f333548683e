"""`tasker archive`: move the output of ended jobs from memory to disk."""

from __future__ import annotations

import argparse
import time

from tasker.cli.grammar import options
from tasker.cli.grammar.parser import UsageError
from tasker.cli.service.batch import each, report
from tasker.cli.service.connection import connect, own_identity
from tasker.cli.show.hidden import visible
from tasker.client import Client
from tasker.errors import Reason, TaskerError
from tasker.job import Job
from tasker.quantity import format_size, parse_duration

USAGE = "JOB… | --ended"
EPILOG = """\
examples:
  tasker archive k3v9 7h2m
  tasker archive --ended
  tasker archive --older-than 1h
  tasker archive --ended --all

Compresses the output to disk and frees its memory. get, attach and list --archived still show the job; list without
--archived does not. Archives are deleted when the service is stopped. --json prints {"jobs": […]}."""


def arguments(parser: argparse.ArgumentParser) -> None:
    options.jobs(parser, nargs="*")
    which = parser.add_argument_group("instead of ids")
    which.add_argument("--ended", action="store_true", help="all ended jobs, by default only your own")
    which.add_argument("--older-than", metavar="TIME", type=options.of_type(parse_duration),
                       help="only jobs that ended at least TIME ago; implies --ended")  # fmt: skip
    whose = which.add_mutually_exclusive_group()
    whose.add_argument("--owner", metavar="NAME", default="", help="jobs of this owner (for admins)")
    whose.add_argument("--all", action="store_true", help="jobs of all owners (for admins)")


def run(asked: argparse.Namespace) -> int:
    """Archives the named or selected jobs, several at the same time."""
    meant = asked.ended or asked.older_than is not None
    _check(asked, meant)
    owner = _owner(asked) if meant else ""
    with connect(asked) as client:
        jobs = _ended(client, owner, asked.older_than or 0.0) if meant else asked.jobs
        answers = each(jobs, client.archive, "archiving" if meant else f"archiving {' '.join(jobs)}")
    code = report(answers, asked, None if meant and not asked.json else _result)
    if meant and not asked.json:
        done = [answer for answer in answers if isinstance(answer, Job)]
        size = format_size(sum(job.printed or 0 for job in done))
        print(f"archived {len(done)} job{'' if len(done) == 1 else 's'}{f', {size} of output' if done else ''}")
    return code


def _check(asked: argparse.Namespace, meant: bool) -> None:
    if asked.jobs and meant:
        raise UsageError("cannot take both ids and --ended; use one of them")
    if not asked.jobs and not meant:
        raise UsageError("cannot archive without a job; name one, or use --ended")
    if (asked.owner or asked.all) and not meant:
        raise UsageError("cannot use --owner or --all with ids; use them with --ended")


def _owner(asked: argparse.Namespace) -> str:
    """Returns the owner of the selected jobs; "" for all owners. Refuses here, not once for each job."""
    me = own_identity(asked)
    if (asked.all or asked.owner not in ("", me.name)) and not me.is_admin:
        raise TaskerError(Reason.DENIED, "cannot archive jobs of others: only admins can; leave out --owner and --all")
    return "" if asked.all else asked.owner or me.name


def _ended(client: Client, owner: str, age: float) -> list[str]:
    """Returns the ids of jobs that ended at least `age` seconds ago, oldest first."""
    before = time.monotonic() - age
    return [job.id for job in client.list(owner=owner) if job.clock.ended is not None and job.clock.ended <= before]


def _result(job: Job) -> str:
    return f"{visible(job.id)} is archived"
