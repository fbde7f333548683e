"""`tasker pause`: freeze all processes of jobs."""

from __future__ import annotations

import argparse

from tasker.cli.grammar import options
from tasker.cli.service.batch import each, report
from tasker.cli.service.connection import connect
from tasker.cli.show.jobs import state

USAGE = "JOB…"
EPILOG = """\
examples:
  tasker pause k3v9
  tasker pause k3v9 7h2m && make -j8; tasker resume k3v9 7h2m

The processes of a paused job do not run and keep their memory; its maximum run time keeps counting. A stop resumes the
job first. A job that is already paused stays paused. --json prints {"jobs": […]}."""

arguments = options.jobs


def run(asked: argparse.Namespace) -> int:
    """Pauses all of the jobs at the same time."""
    with connect(asked) as client:
        answers = each(asked.jobs, client.pause, f"pausing {' '.join(asked.jobs)}")
    return report(answers, asked, state)
