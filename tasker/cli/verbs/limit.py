"""`tasker limit`: change the limits of a running job."""

from __future__ import annotations

import argparse

from tasker.cli import exits
from tasker.cli.grammar import options, spec
from tasker.cli.grammar.parser import UsageError
from tasker.cli.service.connection import connect
from tasker.cli.show import json
from tasker.cli.show.details import in_force
from tasker.cli.show.stdout import print_json, print_rows
from tasker.errors import TaskerError
from tasker.limits import IO_ROWS, ROWS, Limits, check_change

USAGE = "JOB LIMIT…"
EPILOG = """\
examples:
  tasker limit k3v9 --memory 1G --cpu 2
  tasker limit k3v9 --cpu none
  tasker limit k3v9 --io-write /var=10M

What is named is changed, the rest stays; "none" takes a limit away (for disks: all of them, e.g. --io-write none).
A change that fails changes nothing. Disks: a path lies on the disk that the mount table says (symbolic links are not
followed), and of several limits on one disk the strictest holds.
Prints what is asked for and what is in force then. --time cannot be changed: it is fixed when a job starts.
--json prints {"job": {…}} with "limits", "in_force" and "differing"."""

FIELDS = tuple(row.field for row in ROWS)
DISKS = tuple(row.field for row in IO_ROWS)


def arguments(parser: argparse.ArgumentParser) -> None:
    options.job(parser)
    options.limit_options(parser, none=True)


def run(asked: argparse.Namespace) -> int:
    """Change them, then show them."""
    limits, lift = changes(asked)
    with connect(asked) as client:
        job = client.limit(asked.job, limits, lift)
    if asked.json:
        print_json({"job": json.job(job)})
    else:
        print_rows(in_force(job), cut=False)
    return exits.DONE


def changes(asked: argparse.Namespace) -> tuple[Limits, tuple[str, ...]]:
    """What is to be set, and the fields of Limits to take away. Raises UsageError."""
    words = vars(asked).copy()
    lift = [name for name in FIELDS if words[name] == options.NONE]
    words |= dict.fromkeys(lift)
    one = next((word for name in DISKS for word in words[name] if word.endswith(f"={options.NONE}")), "")
    if one:
        raise UsageError(f"cannot read {one[:80]!r}: of disks, all limits are taken away at once, e.g. --io-write none")
    if any(options.NONE in words[name] for name in DISKS):
        if any(word != options.NONE for name in DISKS for word in words[name]):
            raise UsageError("cannot both set and take away limits of disks; do it in two steps")
        words |= {name: [] for name in DISKS}
        lift.append("io")
    limits = spec.limits(argparse.Namespace(**words))
    try:
        check_change(limits, lift)
    except TaskerError as error:
        raise UsageError(error.message) from error
    return limits, tuple(lift)
