"""`tasker info`: show the service, the caller's identity there, and its quotas."""

from __future__ import annotations

import argparse
import os
import time

from tasker.cli import exits
from tasker.cli.service import settings
from tasker.cli.service.connection import connect
from tasker.cli.show.info import as_json, facts
from tasker.cli.show.stderr import waiting
from tasker.cli.show.stdout import print_json, print_rows

USAGE = ""
EPILOG = """\
examples:
  tasker info
  tasker info --json | jq -r .info.not_after
  tasker --context prod info

Shows the version and the clock of the service, your identity there and when it expires, and the quotas on your jobs,
on one job and on all jobs. --json prints {"info": {…}}; clock_difference is in seconds, positive if the service's clock
is ahead."""


def arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(asked: argparse.Namespace) -> int:
    """Asks the service and compares the clocks. The service's time is taken to be that of the middle of the call."""
    address = settings.find(vars(asked), os.environ, settings.local_user()).address
    with connect(asked) as client, waiting(f"calling {address}"):
        client.info()  # connects
        before = time.time()
        info = client.info()
        now = time.time()
    difference = info.time - (before + now) / 2
    if asked.json:
        print_json({"info": as_json(info, address, difference)})
    else:
        print_rows(facts(info, address, difference, now), cut=False)
    return exits.DONE
