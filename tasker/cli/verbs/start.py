"""`tasker start`: start a job and print its id."""

from __future__ import annotations

import argparse
import os
import sys

from tasker.cli import document, exits, options, spec
from tasker.cli.connection import connect
from tasker.cli.stderr import on_terminal, say
from tasker.cli.stdout import print_json

USAGE = "[--] COMMAND [ARGUMENT…]"
EPILOG = """\
examples:
  tasker start sleep 60
  tasker start --name nightly --memory 2G --time 1h -C /srv -- ./backup.sh --all
  tasker start -e LANG -e DEBUG=1 --io-write /var=10M -- dd if=/dev/zero of=/var/tmp/x
  id=$(tasker start -- make) && tasker attach "$id"

The command gets its arguments exactly as given; no shell sees them (use sh -c '…' for one). Its stdin is /dev/null.
--json prints {"job": {…}}."""


arguments = options.spec_options


def run(given: argparse.Namespace) -> int:
    """Only the id goes to stdout, for scripts."""
    asked = spec.build(given, os.environ)
    with connect(given) as client:
        job = client.start(asked)
    if given.json:
        print_json({"job": document.job(job)})
        return exits.DONE
    print(job.id)
    if on_terminal() and sys.stdout.isatty():
        say(f"started; watch it with: tasker attach {job.id}")
    return exits.DONE
