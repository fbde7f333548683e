"""`tasker watch`: show changes of jobs as they happen."""

from __future__ import annotations

import argparse
import math
import time

from tasker.cli import exits
from tasker.cli.grammar import options
from tasker.cli.grammar.parser import UsageError
from tasker.cli.live.signals import leaving
from tasker.cli.service.connection import connect, wanted_owner
from tasker.cli.show.changes import Board, as_json, line, lines, present
from tasker.cli.show.stderr import on_terminal, say
from tasker.cli.show.stdout import print_json, print_text
from tasker.client.watching import Away, Forgotten, News, Snapshot

USAGE = "[JOB]"
EPILOG = """\
examples:
  tasker watch
  tasker watch --mine
  tasker watch --json |
      jq -r '.changed | select(.state == "ended").outcome.verdict'

First prints a line for each job that has not ended, then a line for each change: time, job, owner, change. Ctrl-C ends
it. After a broken connection, only the differences are printed.

--json prints each message of the API on a line: {"snapshot": {"jobs", "first", "last"}} in one or more parts, then
{"changed": {…}} with a whole job, {"forgotten": "ID"} and, with --usage, {"usage": {"usages": [{"job", "usage"}]}}.
When the connection breaks, it prints {"away": {"error"}} and later a new snapshot. Values of environments are empty;
use get to see them."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", nargs="?", default="", help="only this job; its id, or a prefix of it")
    options.whose(parser)
    parser.add_argument("--usage", action="store_true", help="with --json, also what running jobs use, once a second")


def run(asked: argparse.Namespace) -> int:
    """Prints changes until Ctrl-C, or until the only watched job is forgotten."""
    if asked.usage and not asked.json:
        raise UsageError("cannot show usage without --json; add it, or use tasker top")
    owner = wanted_owner(asked)
    with connect(asked) as client, leaving():
        job = client.get(asked.job).id if asked.job else ""
        watching = client.watch(job=job, owner=owner, usage=asked.usage, reconnect_timeout=math.inf)
        reporter = Reporter()
        try:
            for news in watching:
                if asked.json:
                    print_json(as_json(news))
                elif isinstance(news, Away):
                    say(f"{news.error.message}; reconnecting, Ctrl-C ends it")
                else:
                    reporter.report(news)
                if isinstance(news, Forgotten) and news.job == job:
                    break
        except KeyboardInterrupt:
            pass
        finally:
            watching.cancel()
    return exits.DONE


class Reporter:
    """Prints news as lines."""

    def __init__(self) -> None:
        self._board = Board()

    def report(self, news: News) -> None:
        began = self._board.complete
        differences = self._board.take(news)
        now = time.time()
        if isinstance(news, Snapshot) and news.last and not began:
            if on_terminal():
                say("watching; Ctrl-C ends it")
            for job in self._board.jobs.values():
                if job.ended is None:
                    print_text(line(job, present(job), now))
            return
        if isinstance(news, Snapshot) and news.last:
            say("reconnected; changes in the meantime:")
        for difference in differences:
            for text in lines(difference, now):
                print_text(text)
