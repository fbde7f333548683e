"""`tasker get`: everything about a job."""

from __future__ import annotations

import argparse
import time

from tasker.cli import document, exits, options
from tasker.cli.connection import connect
from tasker.cli.facts import facts
from tasker.cli.stderr import waiting
from tasker.cli.stdout import print_json, print_rows

USAGE = "JOB"
EPILOG = """\
examples:
  tasker get k3v9
  tasker get --json k3v9 | jq .job.outcome

--json prints {"job": {…}}."""


arguments = options.job


def run(asked: argparse.Namespace) -> int:
    """Everything about a job."""
    with connect(asked) as client, waiting(f"asking for {asked.job}"):
        job = client.get(asked.job)
    if asked.json:
        print_json({"job": document.job(job)})
    else:
        print_rows(facts(job, time.monotonic()), cut=False)
    return exits.DONE
