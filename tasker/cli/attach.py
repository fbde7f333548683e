"""The verbs attach and run: open a stream, watch it, turn its end into an exit code."""

from __future__ import annotations

import argparse
import os
import signal
from types import FrameType
from typing import NoReturn

from tasker.cli import exits, spec
from tasker.cli.connection import connect
from tasker.cli.interrupts import Interrupts
from tasker.cli.output import choose
from tasker.cli.stderr import say
from tasker.cli.watch import Watch, handling
from tasker.client import Attachment, Detached, DetachReason, Ended
from tasker.errors import Reason, TaskerError

SEEN = (DetachReason.REQUESTED, DetachReason.END_OF_RECALL)
"""The ends before the job's end that were asked for."""


def attach(options: argparse.Namespace) -> int:
    """Show a job's output. Exit codes: help.py."""
    with connect(options) as client, handling(dict.fromkeys((signal.SIGTERM, signal.SIGHUP), _leave)):
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
            if not watch.job:
                raise
            say(f"detached from {watch.job}; the job goes on: tasker attach {watch.job}")
            return exits.DONE
        except TaskerError as error:
            raise _resumable(error, watch.job, attachment) from error
    match last:
        case Ended():
            return exits.DONE
        case Detached(reason=reason) if reason in SEEN:
            return exits.DONE
        case _:
            return exits.FAILED


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    """As the signal alone would, but with the terminal given back on the way out."""
    raise SystemExit(exits.SIGNALLED + number)


def _resumable(error: TaskerError, job: str, attachment: Attachment) -> TaskerError:
    """An error in the middle of the output says where to go on."""
    if not job or error.reason is not Reason.UNAVAILABLE:
        return error
    return TaskerError(error.reason, f"{error.message}; go on with: tasker attach --offset {attachment.offset} {job}")


def run(options: argparse.Namespace) -> int:
    """Start a job, show its output, exit as it did."""
    asked = spec.build(options, os.environ)
    with connect(options) as client:
        output = choose(options)
        interrupts = Interrupts(client.stop, output)
        with interrupts.installed():
            job = client.start(asked).id
            attachment = client.attach(job, offset=0)
            watch = Watch(attachment, output)
            interrupts.started(job, watch.tell)
            try:
                last = watch.run()
            except KeyboardInterrupt:
                say(f"left {job} to itself: tasker attach {job}")
                return exits.INTERRUPTED
            except TaskerError as error:
                raise _resumable(error, job, attachment) from error
            except OSError:  # nobody reads any more, as for any program in the foreground
                client.stop(job)
                raise
    return exits.of_outcome(last.job.outcome) if isinstance(last, Ended) else exits.FAILED
