"""`tasker detach`: close one's own attaches to a job, in every terminal."""

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

The job goes on. Closed are those that are open now: one whose connection is broken just then comes back by itself.
--json prints {"streams": N}, how many were closed."""


arguments = options.job


def run(asked: argparse.Namespace) -> int:
    """The caller's own attaches, in every terminal."""
    with connect(asked) as client:
        streams = client.detach(asked.job)
    if asked.json:
        print_json({"streams": streams})
    else:
        print(f"closed {streams} attach{'' if streams == 1 else 'es'}")
    return exits.DONE
