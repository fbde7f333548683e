"""`tasker stop`: stop jobs."""

from __future__ import annotations

import argparse

from tasker.cli.grammar import options
from tasker.cli.service.batch import each, report
from tasker.cli.service.connection import connect
from tasker.cli.show.jobs import ended

USAGE = "JOB…"
EPILOG = """\
examples:
  tasker stop k3v9
  tasker stop --grace 1m k3v9 7h2m
  tasker stop --grace 0 k3v9

Returns when the jobs have ended. If a job has not ended 10 s after its grace period, for example because a disk hangs,
stop fails although the job is still being stopped; use tasker wait to wait for its end. A job that has already ended is
not changed.
--json prints {"jobs": […]}."""


def arguments(parser: argparse.ArgumentParser) -> None:
    options.jobs(parser)
    parser.add_argument("--grace", metavar="TIME", type=options.of_type(options.grace),
                        help="time between SIGTERM and SIGKILL; the job's own by default, 0 kills at once")  # fmt: skip


def run(asked: argparse.Namespace) -> int:
    """Stops all of the jobs at the same time."""
    with connect(asked) as client:
        doing = f"waiting for {' '.join(asked.jobs)} to end"
        answers = each(asked.jobs, lambda job: client.stop(job, asked.grace), doing)
    return report(answers, asked, ended)
