"""`tasker wait`: wait until jobs have ended."""

from __future__ import annotations

import argparse
import dataclasses
import threading
import time
from collections.abc import Iterable, Iterator

from tasker.cli import exits
from tasker.cli.grammar import options
from tasker.cli.live.loop import Live, Wake
from tasker.cli.service.batch import each, report
from tasker.cli.service.connection import connect
from tasker.cli.show import json
from tasker.cli.show.jobs import ended, left_behind
from tasker.cli.show.stderr import UNTIL_SHOWN, say
from tasker.cli.show.stdout import print_json
from tasker.client import Client
from tasker.client.watching import Away, Changed, Forgotten, Snapshot
from tasker.errors import Reason, TaskerError
from tasker.job import Job
from tasker.lifecycle import State
from tasker.quantity import format_duration, parse_duration

USAGE = "JOB…"
EPILOG = """\
examples:
  tasker wait k3v9 && echo done
  tasker wait --any k3v9 7h2m
  tasker wait --timeout 10m $(tasker ls -r --mine --json | jq -r '.jobs[].id')

Prints how each job ended as soon as it ends. --json prints a line {"job": {…}} for each.

exit codes: that of the last job on the command line, or with --any of the first job to end, as for `tasker run`; 124 if
--timeout expired before; 125 if waiting for one of the jobs failed."""

TIMEOUT = 600.0
"""Seconds to keep reconnecting."""


def arguments(parser: argparse.ArgumentParser) -> None:
    options.jobs(parser)
    parser.add_argument("--any", action="store_true", help="return when the first of them has ended")
    parser.add_argument("--timeout", metavar="TIME", type=options.of_type(parse_duration),
                        help="give up after TIME; the jobs keep running")  # fmt: skip


def run(asked: argparse.Namespace) -> int:
    """Prints each job as it ends. Returns the exit code that EPILOG describes."""
    forever = asked.timeout is None or asked.timeout > threading.TIMEOUT_MAX / 2  # 146 years
    until = None if forever else time.monotonic() + asked.timeout
    codes: dict[str, int] = {}
    with connect(asked) as client:
        answers = each(asked.jobs, client.get, f"reading {' '.join(asked.jobs)}")
        failed = report([answer for answer in answers if isinstance(answer, TaskerError)], asked)
        jobs = {answer.id: answer for answer in answers if isinstance(answer, Job)}
        try:
            for job in ends(client, jobs.values(), until):
                codes[job.id] = exits.of_outcome(job.outcome)
                _report(job, asked)
                if asked.any:
                    return failed or codes[job.id]
        except TimeoutError:
            left = " ".join(id for id in jobs if id not in codes)
            text = f"cannot wait longer than {format_duration(asked.timeout)} for {left}; try again, or tasker stop"
            report([TaskerError(Reason.REFUSED, text)], asked)
            return exits.TIMED_OUT
    return failed or codes[[answer.id for answer in answers if isinstance(answer, Job)][-1]]


def ends(client: Client, jobs: Iterable[Job], until: float | None) -> Iterator[Job]:
    """Yields each job as it ends. Raises TimeoutError at `until` (monotonic), TaskerError for a deleted job."""
    left = {job.id: job for job in jobs}
    if all(job.ended for job in left.values()):
        yield from left.values()
        return
    watching = client.watch(job=next(iter(left)) if len(left) == 1 else "", reconnect_timeout=TIMEOUT)
    lingering = _Lingering()
    live = Live(watching, lambda: _seconds_to(until, lingering.due))
    missing: set[str] = set()
    try:
        for thing in live:
            seen: list[Job] = []
            match thing:
                case Wake() if until is not None and time.monotonic() >= until:
                    raise TimeoutError
                case Wake():
                    lingering.report()
                case Away(error=error):
                    say(f"{error.message}; reconnecting")
                case Changed(job=job):
                    seen = [job]
                case Forgotten(job=id) if id in left:
                    seen = [client.get(id)]
                case Snapshot(jobs=known, first=first, last=last):
                    missing = (set(left) if first else missing) - {job.id for job in known}
                    seen = [*known, *(client.get(id) for id in missing if last)]  # archived jobs are in no snapshot
            for job in seen:
                if job.id in left:
                    lingering.take(job)
                if job.ended and (before := left.pop(job.id, None)):
                    yield dataclasses.replace(job, spec=before.spec)  # news lack the values of the environment
            if not left:
                return
    finally:
        watching.cancel()
        live.close()


class _Lingering:
    """Reports on stderr what a job waits for, if its command exited a while ago."""

    def __init__(self) -> None:
        self._pending: dict[str, tuple[float, Job]] = {}
        """By id: when to report, and the job."""
        self._reported: set[str] = set()

    def take(self, job: Job) -> None:
        """Takes the current state of a job."""
        if job.state is not State.ENDING:
            self._pending.pop(job.id, None)
        elif job.left_behind and job.id not in self._reported:
            when, _ = self._pending.get(job.id, (time.monotonic() + UNTIL_SHOWN, job))
            self._pending[job.id] = when, job

    @property
    def due(self) -> float | None:
        """The time of the next report (CLOCK_MONOTONIC); None if there is nothing to report."""
        return min((when for when, _ in self._pending.values()), default=None)

    def report(self) -> None:
        now = time.monotonic()
        for id, (when, job) in list(self._pending.items()):
            if when <= now:
                del self._pending[id]
                self._reported.add(id)
                say(f"the command of {id} has exited; {left_behind(job, now)}")


def _seconds_to(*moments: float | None) -> float | None:
    """Returns the seconds to the earliest of `moments` (CLOCK_MONOTONIC), at least 0; None if all are None."""
    known = [moment for moment in moments if moment is not None]
    return max(0.0, min(known) - time.monotonic()) if known else None


def _report(job: Job, asked: argparse.Namespace) -> None:
    if asked.json:
        print_json({"job": json.job(job)})
    else:
        print(ended(job), flush=True)
