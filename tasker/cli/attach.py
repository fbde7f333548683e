"""The verbs attach and run: open a stream, watch it, turn its end into an exit code."""

from __future__ import annotations

import argparse
import os

from tasker.cli import exits, spec
from tasker.cli.connection import connect
from tasker.cli.interrupts import Interrupts
from tasker.cli.output import choose
from tasker.cli.stderr import say
from tasker.cli.watch import Watch
from tasker.client import Detached, DetachReason, Ended

SEEN = (DetachReason.REQUESTED, DetachReason.END_OF_RECALL)
"""The ends before the job's end that were asked for."""


def attach(options: argparse.Namespace) -> int:
    """Show a job's output. Exit codes: help.py."""
    with connect(options) as client:
        output = choose(options)
        output.hint("Ctrl-C detaches")
        attachment = client.attach(
            options.job,
            offset=options.offset,
            last_bytes=options.bytes,
            last_lines=options.tail,
            follow=options.follow,
        )
        watch = Watch(attachment, output)
        try:
            last = watch.run()
        except KeyboardInterrupt:
            job = watch.job or options.job
            say(f"detached from {job}; the job goes on: tasker attach {job}")
            return exits.DONE
    match last:
        case Ended():
            return exits.DONE
        case Detached(reason=reason) if reason in SEEN:
            return exits.DONE
        case _:
            return exits.FAILED


def run(options: argparse.Namespace) -> int:
    """Start a job, show its output, exit as it did."""
    asked = spec.build(options, os.environ)
    with connect(options) as client:
        output = choose(options)
        interrupts = Interrupts(client.stop, output)
        with interrupts.installed():
            job = client.start(asked).id
            watch = Watch(client.attach(job, offset=0), output)
            interrupts.started(job, watch.tell)
            try:
                last = watch.run()
            except KeyboardInterrupt:
                say(f"left {job} to itself: tasker attach {job}")
                return exits.INTERRUPTED
            except OSError:  # nobody reads any more, as for any program in the foreground
                client.stop(job)
                raise
    return exits.of_outcome(last.job.outcome) if isinstance(last, Ended) else exits.FAILED
