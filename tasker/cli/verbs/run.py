"""`tasker run`: start a job, show its output, exit as it did."""

from __future__ import annotations

import argparse
import os
from functools import partial

from tasker.cli import exits
from tasker.cli.grammar import options
from tasker.cli.show.stderr import say
from tasker.errors import Reason, TaskerError

USAGE = "[--] COMMAND [ARGUMENT…]"
EPILOG = """\
examples:
  tasker run -- make -j8
  tasker run --memory 512M --time 10m -- python3 -c 'print("hello")'
  tasker run --json -- date | jq -r '.chunk.data // empty | @base64d'

Ctrl-C on a terminal asks: s stops the job (SIGTERM, its grace period, SIGKILL), d detaches from it, g goes on. A second
one stops it, a third kills it at once, a fourth leaves it. Elsewhere Ctrl-C stops it, as SIGTERM and SIGHUP do
everywhere, and the next ones kill and leave. A closed stdout stops it as well. On no terminal, stdout is the job's
output byte for byte and all else is on stderr. A connection that breaks is taken up again for --reconnect TIME; a stop
that was asked for meanwhile is asked for again, and if it never got through, it says so.

It ends when the job's last process has ended; what the command leaves behind has --linger for that, as in tasker start.
--json prints lines as `attach --json` does.

exit codes: the job's own; 128 + n when signal n ended it; 124 its run time was over; 137 out of memory, or killed by a
stop; 143 stopped by a stop's SIGTERM; 130 left to itself; 125 Tasker failed, could not understand, was detached, or
nobody saw how the job ended; 126 the command cannot be executed; 127 it does not exist."""


def arguments(parser: argparse.ArgumentParser) -> None:
    options.spec_options(parser)
    options.showing(parser)


def run(given: argparse.Namespace) -> int:
    """Start a job, show its output, exit as it did."""
    from tasker.cli.grammar import spec
    from tasker.cli.live.choose import choose
    from tasker.cli.live.follow import Follow
    from tasker.cli.live.postponed import telling
    from tasker.cli.live.signals import Interrupts, Left, unstopped
    from tasker.cli.service.connection import connect
    from tasker.cli.verbs.attach import again
    from tasker.client import Ended

    asked = spec.build(given, os.environ)
    with connect(given) as client:
        output = choose(given)
        stop = partial(client.stop, reconnect_timeout=given.reconnect)
        interrupts = Interrupts(stop, output)
        with interrupts.installed():
            job = client.start(asked, postponed=telling(given)).id
            attachment = client.attach(job, offset=0, timestamps=given.timestamps, reconnect_timeout=given.reconnect)
            follow = Follow(attachment, output, lambda job: client.watch(job=job, usage=True, reconnect_timeout=0))
            interrupts.started(job, follow)
            try:
                last = follow.run()
            except (KeyboardInterrupt, Left) as why:
                left = isinstance(why, Left)
                goes_on = again(job, follow.offset)
                if interrupts.unanswered:
                    say(f"left {job}; it may still run, as its stop was not answered yet: tasker stop {job}")
                    return exits.INTERRUPTED
                say(f"{'detached from' if left else 'left'} {job}; the job goes on: {goes_on}")
                return exits.FAILED if left else exits.INTERRUPTED
            except TaskerError as error:
                if interrupts.unanswered and error.reason is Reason.UNAVAILABLE:
                    raise TaskerError(error.reason, unstopped(job, error)) from error
                raise _left_behind(error, job, again(job, follow.offset)) from error
            except OSError:  # nobody reads any more, as for any program in the foreground
                try:
                    stop(job)
                except TaskerError as error:
                    raise TaskerError(error.reason, unstopped(job, error)) from error
                raise
    return exits.of_outcome(last.job.outcome) if isinstance(last, Ended) else exits.FAILED


def _left_behind(error: TaskerError, job: str, goes_on: str) -> TaskerError:
    """An error after the start says which job there is now, and what to type; but where it is there no more."""
    if error.reason is Reason.NOT_FOUND:
        return error
    text = f"{error.message}; job {job} may still run; go on with: {goes_on}, or end it with: tasker stop {job}"
    return TaskerError(error.reason, text)
