"""`tasker top`: what running jobs use, live."""

from __future__ import annotations

import argparse
import difflib
import math
import sys
import time
from collections.abc import Iterator

from tasker.cli import exits, options, top
from tasker.cli.arguments import UsageError
from tasker.cli.board import Board
from tasker.cli.connection import connect, wanted_owner
from tasker.cli.leaving import leaving
from tasker.cli.live import Live, Wake
from tasker.cli.stderr import say
from tasker.cli.stdout import print_json, print_rows
from tasker.client.watching import Away, News, Used, Watching
from tasker.lifecycle import State

USAGE = ""
EPILOG = """\
examples:
  tasker top
  tasker top --mine --sort memory
  tasker top --once
  tasker top --json --once | jq '.total.memory'

Keys: c m i t e n o sort by CPU, memory, IO, tasks, elapsed, name, owner; q (or Ctrl-C) quits. CPU is of one core: 200%
is two of them. WAITS FOR is the share of the last 10 seconds in which something in the job waited for that.

--json prints {"time", "machine", "jobs": […], "total": {"jobs", "cpu_rate", "memory", "io_read_rate", "io_write_rate",
"tasks"}}: with --once that, without it a line for each sample, about once a second."""

PATIENCE = 5.0
"""Seconds for the first samples."""


def arguments(parser: argparse.ArgumentParser) -> None:
    options.whose(parser)
    parser.add_argument("--sort", metavar="BY", type=_by, default="cpu",
                        help=f"one of {', '.join(top.SORTS)}; cpu by default")  # fmt: skip
    parser.add_argument("--once", action="store_true", help="print a table and end")


def _by(text: str) -> str:
    if text in top.SORTS:
        return text
    near = difflib.get_close_matches(text.lower(), top.SORTS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(top.SORTS)}"
    raise argparse.ArgumentTypeError(f"cannot sort by {text[:40]!r}; {hint}")


def run(asked: argparse.Namespace) -> int:
    """A live table on a terminal; else, or with --once or --json, what programs can read."""
    lasting = not asked.once and not asked.json
    if lasting and (not sys.stdout.isatty() or _dumb()):
        raise UsageError("cannot show a live table here: stdout is no terminal that can; use --once or --json")
    owner = wanted_owner(asked)
    with connect(asked) as client, leaving():
        machine = client.info().hostname
        watching = client.watch(owner=owner, usage=True, patience=math.inf)
        try:
            if lasting:
                from tasker.cli.topscreen import TopScreen

                TopScreen(watching, machine, asked.sort).run()
            else:
                for board in samples(watching, asked.once):
                    _print(board, machine, asked)
        except KeyboardInterrupt:
            pass
    return exits.DONE


def samples(watching: Watching, once: bool) -> Iterator[Board]:
    """The board as it is after every sample; with `once`, after the first that has rates of all that were there."""
    board = Board()
    live: Live[News] = Live(watching, lambda: PATIENCE if once else None)
    try:
        for thing in live:
            match thing:
                case Wake():
                    yield board
                    return
                case Away(error=error):
                    say(f"{error.message}; waiting for it")
                case str():
                    pass
                case _:
                    board.take(thing)
                    if once and _is_measured(board):
                        yield board
                        return
                    if not once and board.complete and isinstance(thing, Used):
                        yield board
    finally:
        watching.cancel()
        live.close()


def _is_measured(board: Board) -> bool:
    jobs = [job for job in board.jobs.values() if job.ended is None and job.state is not State.STARTING]
    return board.complete and all(
        (usage := board.usages.get(job.id)) is not None and usage.cpu_rate is not None for job in jobs
    )


def _print(board: Board, machine: str, asked: argparse.Namespace) -> None:
    rows, now = top.ordered(top.running(board), asked.sort), time.time()
    if asked.json:
        print_json(top.as_json(rows, machine, now))
    else:
        print_rows(top.table(rows, now))


def _dumb() -> bool:
    from rich.console import Console

    return Console().is_dumb_terminal
