"""`tasker top`: show what running jobs use, live."""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Collection, Iterator

from tasker.cli import exits
from tasker.cli.grammar import options
from tasker.cli.grammar.parser import UsageError
from tasker.cli.live.loop import Live, Wake
from tasker.cli.live.signals import leaving
from tasker.cli.service import fanout, settings
from tasker.cli.service.connection import connect, wanted_owner
from tasker.cli.service.fanout import Alone, Merged, Update
from tasker.cli.show import top
from tasker.cli.show.changes import Board
from tasker.cli.show.console import knows_sequences
from tasker.cli.show.stderr import complain, say
from tasker.cli.show.stdout import print_json, print_rows
from tasker.client import Client
from tasker.client.watching import Away, Used, Watching
from tasker.lifecycle import State

USAGE = ""
EPILOG = """\
examples:
  tasker top
  tasker top --mine --sort memory
  tasker top --once
  tasker top --all-contexts
  tasker top --json --once | jq '.total.memory'

Keys: c m i t e n o sort by CPU, memory, IO, tasks, elapsed, name, owner; q (or Ctrl-C) quits. 100 % CPU is one core,
200 % are two cores. WAITS FOR is the share of the last 10 seconds in which a task of the job waited for the resource.

--json prints {"time", "machine", "jobs": […], "total": {"jobs", "cpu_rate", "memory", "io_read_rate", "io_write_rate",
"tasks"}}: one line with --once, otherwise one line for each sample, about once a second."""

TIMEOUT = 5.0
"""Seconds for the first samples."""


def arguments(parser: argparse.ArgumentParser) -> None:
    options.whose(parser)
    parser.add_argument("--sort", metavar="BY", choices=tuple(top.SORTS), default="cpu",
                        help=f"{', '.join(top.SORTS)}; cpu by default")  # fmt: skip
    parser.add_argument("--once", action="store_true", help="print one table and exit")
    options.all_contexts(parser)


def run(asked: argparse.Namespace) -> int:
    """Shows a live table on a terminal; prints rows or JSON with --once or --json."""
    lasting = not asked.once and not asked.json
    if lasting and (not sys.stdout.isatty() or not knows_sequences()):
        raise UsageError("cannot show a live table: stdout is no terminal with escape sequences; use --once or --json")
    if asked.all_contexts:
        contexts = settings.every(os.environ, settings.local_user())
        with leaving():
            return _show(Merged(contexts, lambda client, own: _watch(client, own if asked.mine else asked.owner)),
                         "all contexts", asked, contexts, lasting)  # fmt: skip
    owner = wanted_owner(asked)
    with connect(asked) as client, leaving():
        return _show(Alone(_watch(client, owner)), client.info().hostname, asked, ("",), lasting)


def _watch(client: Client, owner: str) -> Watching:
    return client.watch(owner=owner, usage=True, reconnect_timeout=math.inf)


def _show(
    watching: Alone | Merged, machine: str, asked: argparse.Namespace, names: Collection[str], lasting: bool
) -> int:
    boards: dict[str, Board] = {}
    try:
        if lasting:
            from tasker.cli.live.topscreen import TopScreen

            screen = TopScreen(watching, machine, asked.sort)
            screen.run()
            if not screen.boards:
                for trouble in screen.troubles.values():
                    complain(trouble)
            return exits.DONE if screen.boards else exits.FAILED
        for boards in samples(watching, names, asked):
            _print(boards, machine, asked)
    except KeyboardInterrupt:
        return exits.DONE
    return exits.DONE if all(name in boards for name in names) else exits.FAILED


def samples(watching: Alone | Merged, names: Collection[str], asked: argparse.Namespace) -> Iterator[dict[str, Board]]:
    """Yields the boards of the machines that answer after every sample; with --once, when all have all rates."""
    once = asked.once
    boards: dict[str, Board] = {}
    waiting = set(names)
    # News of other machines do not extend the deadline. A single machine gets longer, since it delays no others.
    end = time.monotonic() + (TIMEOUT if asked.all_contexts else 3 * TIMEOUT)
    live: Live[Update] = Live(watching, lambda: max(0.0, end - time.monotonic()) if once else None)
    try:
        for thing in live:
            match thing:
                case Wake():
                    for name in sorted(waiting - boards.keys() - {""}):
                        fanout.report(name, fanout.silent(TIMEOUT), asked)
                    break
                case "", Away(error=error):
                    say(f"{error.message}; reconnecting")
                case name, Away(error=error):
                    fanout.report(name, error, asked)
                    waiting.discard(name)
                case name, news if not isinstance(news, Away):
                    board = boards.setdefault(name, Board())
                    board.take(news)
                    if once and _is_measured(board):
                        waiting -= {name}
                    elif not once and board.complete and isinstance(news, Used):
                        yield boards
            if once and not waiting:
                break
        if once and boards:
            yield boards
    finally:
        watching.cancel()
        live.close()


def _is_measured(board: Board) -> bool:
    jobs = [job for job in board.jobs.values() if job.ended is None and job.state is not State.STARTING]
    return board.complete and all(
        (usage := board.usages.get(job.id)) is not None and usage.cpu_rate is not None for job in jobs
    )


def _print(boards: dict[str, Board], machine: str, asked: argparse.Namespace) -> None:
    rows = top.ordered(top.running(boards), asked.sort)
    if asked.json:
        print_json(top.as_json(rows, machine, time.time()))
    else:
        print_rows(top.table(rows, time.monotonic()), expendable=top.EXPENDABLE)
