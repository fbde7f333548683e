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

Changes the given limits and keeps the others; "none" removes a limit (for disks: all disk limits, e.g. --io-write
none). If the change fails, nothing changes. Disks: the mount table determines the disk of a path (symbolic links are
not followed), and the strictest of several limits on one disk holds. Prints the requested limits and those in force.
--time cannot be changed: it is fixed when a job starts. --json prints {"job": {…}} with "limits", "in_force" and
"differing"."""

FIELDS = tuple(row.field for row in ROWS)
DISKS = tuple(row.field for row in IO_ROWS)


def arguments(parser: argparse.ArgumentParser) -> None:
    options.job(parser)
    options.limit_options(parser, none=True)


def run(asked: argparse.Namespace) -> int:
    """Changes limits, then shows them."""
    limits, lift = changes(asked)
    with connect(asked) as client:
        job = client.limit(asked.job, limits, lift)
    if asked.json:
        print_json({"job": json.job(job)})
    else:
        print_rows(in_force(job), cut=False)
    return exits.DONE


def changes(asked: argparse.Namespace) -> tuple[Limits, tuple[str, ...]]:
    """Returns the limits to set, and the fields of Limits to remove. Raises UsageError."""
    words = vars(asked).copy()
    lift = [name for name in FIELDS if words[name] == options.NONE]
    words |= dict.fromkeys(lift)
    one = next((word for name in DISKS for word in words[name] if word.endswith(f"={options.NONE}")), "")
    if one:
        raise UsageError(f"cannot read {one[:80]!r}: disk limits can only be removed all at once, e.g. --io-write none")
    if any(options.NONE in words[name] for name in DISKS):
        if any(word != options.NONE for name in DISKS for word in words[name]):
            raise UsageError("cannot both set and remove disk limits; do it in two steps")
        words |= {name: [] for name in DISKS}
        lift.append("io")
    limits = spec.limits(argparse.Namespace(**words))
    try:
        check_change(limits, lift)
    except TaskerError as error:
        raise UsageError(error.message) from error
    return limits, tuple(lift)
