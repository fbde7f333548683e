"""`tasker resume`: let paused jobs continue."""

from __future__ import annotations

import argparse

from tasker.cli.grammar import options
from tasker.cli.service.batch import each, report
from tasker.cli.service.connection import connect
from tasker.cli.show.jobs import state

USAGE = "JOB…"
EPILOG = """\
examples:
  tasker resume k3v9
  tasker resume $(tasker list --mine --json |
      jq -r '.jobs[] | select(.state == "paused") | .id')

A job that is not paused keeps running. --json prints {"jobs": […]}."""

arguments = options.jobs


def run(asked: argparse.Namespace) -> int:
    """Resumes all of the jobs at the same time."""
    with connect(asked) as client:
        answers = each(asked.jobs, client.resume, f"resuming {' '.join(asked.jobs)}")
    return report(answers, asked, state)
