"""`tasker stop`: end jobs."""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor

from tasker.cli import document, exits, options, render
from tasker.cli.connection import connect
from tasker.cli.stderr import complain, waiting
from tasker.cli.stdout import print_json
from tasker.errors import TaskerError
from tasker.job import Job

AT_ONCE = 16
"""Stops asked for at the same time: each takes as long as its job's grace period."""

USAGE = "JOB…"
EPILOG = """\
examples:
  tasker stop k3v9
  tasker stop --grace 1m k3v9 7h2m
  tasker stop --grace 0 k3v9

Returns when the jobs have ended. A job that has ended already stays as it is. --json prints {"jobs": […]}."""


def arguments(parser: argparse.ArgumentParser) -> None:
    options.jobs(parser)
    parser.add_argument("--grace", metavar="TIME", type=options.of_type(options.grace),
                        help="time from SIGTERM to SIGKILL; the job's own by default, 0 kills at once")  # fmt: skip


def run(asked: argparse.Namespace) -> int:
    """All of them at the same time. One that fails does not keep the others; the exit code is the first failure's."""
    jobs: list[Job] = []
    code = exits.DONE
    with connect(asked) as client, waiting(f"waiting for {' '.join(asked.jobs)} to end"):

        def end(job: str) -> Job | TaskerError:
            try:
                return client.stop(job, asked.grace)
            except TaskerError as error:
                return error

        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(end, asked.jobs))
    for answer in answers:
        if isinstance(answer, Job):
            jobs.append(answer)
            if not asked.json:
                print(render.ended(answer))
        else:
            code = code or exits.of_error(answer.reason)
            complain(answer.message)
    if asked.json:
        print_json(document.jobs(jobs))
    return code
