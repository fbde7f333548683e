"""`tasker pause`: freeze jobs where they stand."""

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

Every process of a job stands still and keeps its memory; its run time limit goes on counting. A stop resumes it first.
A job that is paused already stays so. --json prints {"jobs": […]}."""

arguments = options.jobs


def run(asked: argparse.Namespace) -> int:
    """All of them at the same time."""
    with connect(asked) as client:
        answers = each(asked.jobs, client.pause, f"pausing {' '.join(asked.jobs)}")
    return report(answers, asked, state)
