"""`tasker logs`: attach that does not follow by default."""

from __future__ import annotations

import argparse

from tasker.cli.verbs import attach

USAGE = "JOB"
EPILOG = f"""\
examples:
  tasker logs k3v9
  tasker logs --tail 20 -f k3v9
  tasker logs --since 1h --timestamps k3v9 | grep -i error
  tasker logs --output build.log k3v9

The same as `tasker attach --no-follow`: it exits after the output so far.
{attach.OUTPUT}"""

run = attach.run


def arguments(parser: argparse.ArgumentParser) -> None:
    attach.arguments(parser, follow=False)
