"""`tasker detach`: close the caller's attach streams on a job, in every terminal."""

from __future__ import annotations

import argparse

from tasker.cli import exits
from tasker.cli.grammar import options
from tasker.cli.service.connection import connect
from tasker.cli.show.stdout import print_json

USAGE = "JOB"
EPILOG = """\
examples:
  tasker detach k3v9

The job keeps running. Only streams that are open now are closed: an attach whose connection is broken at this moment
reconnects later. --json prints {"streams": N}, the number of closed streams."""


arguments = options.job


def run(asked: argparse.Namespace) -> int:
    """Closes the caller's attach streams, in every terminal."""
    with connect(asked) as client:
        streams = client.detach(asked.job)
    if asked.json:
        print_json({"streams": streams})
    else:
        print(f"closed {streams} attach stream{'' if streams == 1 else 's'}")
    return exits.DONE
