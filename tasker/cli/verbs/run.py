"""`tasker run`: start a job, show its output, exit with its exit code."""

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

Ctrl-C on a terminal asks: s stops the job (SIGTERM, its grace period, SIGKILL), d detaches from it, g continues. The
second Ctrl-C stops the job, the third kills it at once, the fourth exits and leaves it running. If there is no
terminal, the first Ctrl-C stops the job, the second kills it, the third exits. SIGTERM and SIGHUP always stop the job,
and so does a closed stdout. If stdout is not a terminal, it receives the job's output byte for byte; everything else
goes to stderr. After a broken connection, run reconnects for --reconnect TIME and repeats a stop that was requested
meanwhile; if the stop could not be delivered, it says so.

It returns when the last process of the job has ended; --linger limits processes that the command leaves behind, as in
tasker start. --json prints lines like `tasker attach --json`.

exit codes: the job's own; 128 + n after signal n; 124 maximum run time reached; 137 out of memory, or killed by a stop;
143 ended by a stop's SIGTERM; 130 the job was left running; 125 Tasker failed, wrong command line, detached, or unknown
outcome; 126 the command cannot be executed; 127 the command was not found."""


def arguments(parser: argparse.ArgumentParser) -> None:
    options.spec_options(parser)
    options.showing(parser)


def run(given: argparse.Namespace) -> int:
    """Starts a job, shows its output, returns its exit code."""
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
                resume = again(job, follow.offset)
                if interrupts.unanswered:
                    say(f"left {job}, which may still run: its stop was not answered; to stop it: tasker stop {job}")
                    return exits.INTERRUPTED
                say(f"{'detached from' if left else 'left'} {job}, which keeps running; to resume: {resume}")
                return exits.FAILED if left else exits.INTERRUPTED
            except TaskerError as error:
                if interrupts.unanswered and error.reason is Reason.UNAVAILABLE:
                    raise TaskerError(error.reason, unstopped(job, error)) from error
                raise _left_behind(error, job, again(job, follow.offset)) from error
            except OSError:  # stdout is closed: end like any program in the foreground
                try:
                    stop(job)
                except TaskerError as error:
                    raise TaskerError(error.reason, unstopped(job, error)) from error
                raise
    return exits.of_outcome(last.job.outcome) if isinstance(last, Ended) else exits.FAILED


def _left_behind(error: TaskerError, job: str, resume: str) -> TaskerError:
    """Adds the job and the commands to continue to an error after the start, unless the job no longer exists."""
    if error.reason is Reason.NOT_FOUND:
        return error
    text = f"{error.message}; job {job} may still run; resume with: {resume}, or stop it with: tasker stop {job}"
    return TaskerError(error.reason, text)
