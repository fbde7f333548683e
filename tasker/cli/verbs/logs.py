"""`tasker logs`: attach, that does not follow unless it is asked to."""

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

It is `attach --no-follow`: it ends with what is there now.
{attach.OUTPUT}"""

run = attach.run


def arguments(parser: argparse.ArgumentParser) -> None:
    attach.arguments(parser, follow=False)
