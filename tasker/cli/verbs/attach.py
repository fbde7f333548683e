"""`tasker attach`: show a job's output, from what was already printed and on."""

from __future__ import annotations

import argparse
import signal
from types import FrameType
from typing import NoReturn

from tasker.cli import exits, options
from tasker.cli.connection import connect
from tasker.cli.follow import Follow, handling
from tasker.cli.output import choose
from tasker.cli.stderr import say
from tasker.client import Attachment, Detached, DetachReason, Ended
from tasker.errors import Reason, TaskerError

USAGE = "JOB"
EPILOG = """\
examples:
  tasker attach k3v9
  tasker attach --tail 20 k3v9
  tasker attach --no-follow k3v9 > output.bin
  tasker attach --offset 1048576 k3v9

Ctrl-C detaches; the job goes on. On a terminal the output is cleaned of everything but text and colours, above a
footer; elsewhere stdout is the job's output byte for byte. Notices (lost output, how it ended) go to stderr.

--json prints one line for each event, with one key: {"attached": {"job", "offset"}}, {"chunk": {"offset", "data"}} with
data in base64, {"lost": {"begin", "end"}}, and last {"ended": {"job", "offset"}} or {"detached": {"reason", "offset"}}.

exit codes: 0 when it saw the job's end, the end of what was there (--no-follow), or was asked to leave (Ctrl-C, tasker
detach); 125 when the connection or the certificate ended before."""


SEEN = (DetachReason.REQUESTED, DetachReason.END_OF_RECALL)
"""The ends before the job's end that were asked for."""


def arguments(parser: argparse.ArgumentParser) -> None:
    options.job(parser)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--from-start", action="store_true", help="everything that is still kept (the default)")
    where.add_argument(
        "--offset", metavar="N", type=options.number(int), help="from this byte of the output, counted from 0"
    )
    where.add_argument(
        "--tail", metavar="N|all", type=options.of_type(_lines), help="the last N lines; 0: only what is new"
    )
    where.add_argument("--bytes", metavar="N", type=options.number(int), help="the last N bytes")
    follow = parser.add_mutually_exclusive_group()
    follow.add_argument("-f", "--follow", action="store_true", default=True, help="go on with what comes (the default)")
    follow.add_argument("--no-follow", action="store_false", dest="follow", help="end at what is there now")
    options.showing(parser)


def _lines(text: str) -> int | None:
    return None if text == "all" else options.number(int)(text)


def run(asked: argparse.Namespace) -> int:
    """Show a job's output. Exit codes: help.py."""
    with connect(asked) as client, handling(dict.fromkeys((signal.SIGTERM, signal.SIGHUP), _leave)):
        output = choose(asked)
        output.hint("Ctrl-C detaches")
        attachment = client.attach(
            asked.job,
            offset=asked.offset,
            last_bytes=asked.bytes,
            last_lines=asked.tail,
            follow=asked.follow,
        )
        follow = Follow(attachment, output)
        try:
            last = follow.run()
        except KeyboardInterrupt:
            if not follow.job:
                raise
            say(f"detached from {follow.job}; the job goes on: tasker attach {follow.job}")
            return exits.DONE
        except TaskerError as error:
            raise resumable(error, follow.job, attachment) from error
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


def resumable(error: TaskerError, job: str, attachment: Attachment) -> TaskerError:
    """An error in the middle of the output says where to go on."""
    if not job or error.reason is not Reason.UNAVAILABLE:
        return error
    return TaskerError(error.reason, f"{error.message}; go on with: tasker attach --offset {attachment.offset} {job}")
