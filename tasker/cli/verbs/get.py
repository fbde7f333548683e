"""`tasker get`: show everything about a job."""

from __future__ import annotations

import argparse
import time

from tasker.cli import exits
from tasker.cli.grammar import options
from tasker.cli.service.connection import connect
from tasker.cli.show import json
from tasker.cli.show.details import facts
from tasker.cli.show.stderr import waiting
from tasker.cli.show.stdout import print_json, print_rows

USAGE = "JOB"
EPILOG = """\
examples:
  tasker get k3v9
  tasker get --json k3v9 | jq .job.outcome

--json prints {"job": {…}}."""


arguments = options.job


def run(asked: argparse.Namespace) -> int:
    """Prints everything about a job."""
    with connect(asked) as client, waiting(f"reading job {asked.job}"):
        job = client.get(asked.job)
    if asked.json:
        print_json({"job": json.job(job)})
    else:
        print_rows(facts(job, time.monotonic()), cut=False)
    return exits.DONE
